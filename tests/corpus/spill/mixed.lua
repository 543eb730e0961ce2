-- Closures, varargs, loops and protected calls with many captured and uncaptured values together.
local function build(...)
  local c1, u1 = 1, 1 * 10
  local c2, u2 = 2, 2 * 10
  local c3, u3 = 3, 3 * 10
  local c4, u4 = 4, 4 * 10
  local c5, u5 = 5, 5 * 10
  local c6, u6 = 6, 6 * 10
  local c7, u7 = 7, 7 * 10
  local c8, u8 = 8, 8 * 10
  local c9, u9 = 9, 9 * 10
  local c10, u10 = 10, 10 * 10
  local c11, u11 = 11, 11 * 10
  local c12, u12 = 12, 12 * 10
  local c13, u13 = 13, 13 * 10
  local c14, u14 = 14, 14 * 10
  local c15, u15 = 15, 15 * 10
  local c16, u16 = 16, 16 * 10
  local c17, u17 = 17, 17 * 10
  local c18, u18 = 18, 18 * 10
  local c19, u19 = 19, 19 * 10
  local c20, u20 = 20, 20 * 10
  local extra = select('#', ...)
  local function bump() c1 = c1 + 2 c2 = c2 + 3 c3 = c3 + 1 c4 = c4 + 2 c5 = c5 + 3 c6 = c6 + 1 c7 = c7 + 2 c8 = c8 + 3 c9 = c9 + 1 c10 = c10 + 2 c11 = c11 + 3 c12 = c12 + 1 c13 = c13 + 2 c14 = c14 + 3 c15 = c15 + 1 c16 = c16 + 2 c17 = c17 + 3 c18 = c18 + 1 c19 = c19 + 2 c20 = c20 + 3 return extra end
  local function sum() return c1 + c2 + c3 + c4 + c5 + c6 + c7 + c8 + c9 + c10 + c11 + c12 + c13 + c14 + c15 + c16 + c17 + c18 + c19 + c20 end
  for i = 1, 3 do bump() u1 = u1 + c4 u2 = u2 + c7 u3 = u3 + c10 u4 = u4 + c13 u5 = u5 + c16 u6 = u6 + c19 u7 = u7 + c2 u8 = u8 + c5 u9 = u9 + c8 u10 = u10 + c11 u11 = u11 + c14 u12 = u12 + c17 u13 = u13 + c20 u14 = u14 + c3 u15 = u15 + c6 u16 = u16 + c9 u17 = u17 + c12 u18 = u18 + c15 u19 = u19 + c18 u20 = u20 + c1 end
  local ok, err = pcall(function() c1 = c1 + 1000 error(c1 + c20, 0) end)
  c1, c2, c3, c4 = c4, c3, c2, c1
  return sum, bump, ok, err, u1 * 1 + u2 * 2 + u3 * 3 + u4 * 4 + u5 * 5 + u6 * 6 + u7 * 7 + u8 * 8 + u9 * 9 + u10 * 10 + u11 * 11 + u12 * 12 + u13 * 13 + u14 * 14 + u15 * 15 + u16 * 16 + u17 * 17 + u18 * 18 + u19 * 19 + u20 * 20, ...
end
local sum, bump, ok, err, u, x, y = build('x', 'y') print(sum(), bump(), sum(), ok, err, u, x, y)
local sum2 = build() print(sum2(), sum())
local function va(...) local a, b, c, d, e, f, g, h = ... local t = { ... } local s = 0 for i, v in ipairs(t) do local w = v * i s = s + w + (a or 0) - (b or 0) + (c or 0) - (d or 0) end return s, a, b, c, d, e, f, g, h, select('#', ...), (select(-1, ...)) end
print(va(1, 2, 3, 4, 5, 6, 7, 8, 9, 10)) print(va(5, 6)) print(va(1))
local co = coroutine.wrap(function(a, b, c, d, e, f, g, h, i, j) local k, l, m, n = a + 1, b + 2, c + 3, d + 4 while true do local x, y = coroutine.yield(a + b + c + d + e + f + g + h + i + j, k .. l .. m .. n) a, b, c, d, e, f, g, h, i, j = b, c, d, e, f, g, h, i, j, a + (x or 0) k, l, m, n = n, k + (y or 0), l, m end end)
print(co(1, 2, 3, 4, 5, 6, 7, 8, 9, 10)) for r = 1, 6 do print(co(r, r * 2)) end
for a = 1, 2 do for b = a, 2 do for c = b, 2 do for d = c, 2 do local s = a * 1000 + b * 100 + c * 10 + d for i, v in ipairs({ a, b, c, d }) do local p, q, r = i * v, i + v, i - v s = s + p * q - r * (a + b) + c * d end io.write(s, ' ') end end end end print()
