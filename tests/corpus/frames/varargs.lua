-- Varargs through recursion, calls, tables and select.
local function reverse(first, ...)
  if select("#", ...) == 0 then return first end
  local t = { reverse(...) }
  t[#t + 1] = first
  return table.unpack(t)
end
print(reverse(1, 2, 3, 4, 5, 6, 7))
local function sum(x, ...) if x == nil then return 0 end return x + sum(...) end
print(sum(1, 2, 3, 4, 5), sum())
local function map(f, x, ...) if x == nil then return end return f(x), map(f, ...) end
print(map(function(x) return x * x end, 1, 2, 3, 4))
local function tail(_, ...) return ... end
print(tail(1, 2, 3), tail(1), tail())
print((tail(1, 2, 3)), (tail(1)))
local function adjust(...) local a, b = ... local c = ... local d, e, f, g = "d", ... return a, b, c, d, e, f, g end
print(adjust()) print(adjust(1)) print(adjust(1, 2)) print(adjust(1, 2, 3, 4))
local function count(...) return select("#", ...) end
print(count(), count(nil), count(nil, nil), count((tail())), count(tail()))
local function holes(...) return select("#", ...), ... end
print(holes(nil, 1, nil)) print(holes(nil, nil))
local function inner(...) local f = function(...) return count(...), ... end return f(...), f(0, ...) end
print(inner(1, 2))
local function mix(a, ...) local b, c = ... a = a + 1 return a, b, c, ... end
print(mix(1, 2, 3))
print(select(-1, 1, 2, 3), select(-2, 1, 2, 3)) print(select(2, "a", "b", "c"), select(4, 1, 2, 3))
local function pack(...) return { n = select("#", ...), ... } end
local p = pack(1, nil, 3, nil) print(p.n, p[1], p[2], p[3], p[4])
local function deep(n, ...) if n == 0 then return ... end return deep(n - 1, n, ...) end
print(deep(12))
local function deep2(n, ...) if n == 0 then return ... end local r = table.pack(deep2(n - 1, n, ...)) return r.n, table.unpack(r, 1, r.n) end
print(deep2(6))
local function loop(...) local s = 0 for i = 1, select("#", ...) do s = s + (select(i, ...)) end return s end
print(loop(1, 2, 3, 4))
local function capture(...) local a = ... local t = { ... } return function() a = a + 1 return a, #t, t[#t] end end
local c1, c2 = capture(1, 2, 3), capture(10)
print(c1()) print(c2()) print(c1())
print(string.format("%s-%s-%s", tail(0, "a", "b", "c")))
