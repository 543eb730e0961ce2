-- Comparisons of all pairs: numbers of both kinds at the edges, strings, other types for equality.
local nan = 0.0 / 0.0
local numbers = { 0, 1, -1, 0.0, -0.0, 0.5, 1.0, math.maxinteger, math.mininteger, 2 ^ 63, -2 ^ 63, 2 ^ 53, 2 ^ 53 + 1, (1 << 53) + 1, math.huge, -math.huge, nan, math.maxinteger + 0.0, math.maxinteger - 1 }
local function bits(a, b)
  return (a < b and "<" or ".") .. (a <= b and "l" or ".") .. (a > b and ">" or ".") .. (a >= b and "g" or ".") .. (a == b and "=" or ".") .. (a ~= b and "~" or ".")
end
for i, a in ipairs(numbers) do
  local row = {}
  for j, b in ipairs(numbers) do row[j] = bits(a, b) end
  print(table.concat(row, " "))
end
local strings = { "", "a", "b", "aa", "ab", "a\0", "a\0b", "A", "z", "10", "9", "\xff" }
for i, a in ipairs(strings) do
  local row = {}
  for j, b in ipairs(strings) do row[j] = bits(a, b) end
  print(table.concat(row, " "))
end
-- Against constants, on either side, in conditions and as values.
local function constants(x)
  local r = {}
  r[#r + 1] = x < 5 and 1 or 0 r[#r + 1] = x <= 5 and 1 or 0 r[#r + 1] = x > 5 and 1 or 0 r[#r + 1] = x >= 5 and 1 or 0 r[#r + 1] = x == 5 and 1 or 0 r[#r + 1] = x ~= 5 and 1 or 0
  r[#r + 1] = 5 < x and 1 or 0 r[#r + 1] = 5 <= x and 1 or 0 r[#r + 1] = 5 > x and 1 or 0 r[#r + 1] = 5 >= x and 1 or 0 r[#r + 1] = 5 == x and 1 or 0 r[#r + 1] = 5 ~= x and 1 or 0
  r[#r + 1] = x < 5.5 and 1 or 0 r[#r + 1] = x > -3 and 1 or 0 r[#r + 1] = x <= 100000 and 1 or 0 r[#r + 1] = x > 1e300 and 1 or 0 r[#r + 1] = 40000 < x and 1 or 0
  local a, b, c, d = x < 5, x >= 5, x == 5, not (x ~= 5)
  return table.concat(r) .. " " .. tostring(a) .. tostring(b) .. tostring(c) .. tostring(d)
end
for _, x in ipairs { 4, 5, 6, 4.5, 5.0, 5.5, nan, math.huge, -math.huge, math.maxinteger, math.mininteger, -3, 40000, 100000, 100001 } do print(x == x and x or "nan", constants(x)) end
local t, u, f = {}, {}, function() end
print(t == t, t == u, t ~= u, f == f, f == print, nil == nil, nil == false, true == true, true == false, "a" == "a", "a" == 97, 1 == "1", t == 1, nil ~= 0, false == 0)
local k = nil print(k == nil, nil == k, k ~= nil, k == false, t == nil, t ~= nil)
for _, pair in ipairs { { 1, "x" }, { {}, {} }, { nil, 1 }, { true, false }, { "a", {} }, { print, print } } do
  print(pcall(function() return pair[1] < pair[2] end)) print(pcall(function() return pair[1] >= pair[2] end))
end
print(1 < 2 and 2 < 3, 1 < 2 == true, "abc" < "abd", "Z" < "a", not (1 < 2), not (nan < nan), not (nan >= nan))
