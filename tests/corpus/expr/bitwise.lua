-- Bitwise operators over integers and floats with integer values.
local values = { 0, 1, -1, 5, 0xff, -256, 1 << 31, 1 << 62, math.maxinteger, math.mininteger, 0x5555555555555555, 3.0, -2.0 }
for _, a in ipairs(values) do
  local row = {}
  for _, b in ipairs(values) do row[#row + 1] = (a & b) .. "," .. (a | b) .. "," .. (a ~ b) end
  print(a, ~a, table.concat(row, " "))
end
for _, n in ipairs { 0, 1, 4, 31, 32, 62, 63, 64, 65, 1000, -1, -4, -63, -64, -65, math.mininteger, math.maxinteger, 2.0 } do
  print(n, 1 << n, 1 >> n, -1 << n, -1 >> n, 0xff00 << n, 0xff00 >> n, 3 << n | 1, math.mininteger >> n)
end
local x = 0xf0 print(x << 4, x >> 4, x << 0, x >> 0, x << 64, x >> 64, x << -4, x >> -4, x & 0x30, x | 0x0f, x ~ 0xff, 0x30 & x, 0x0f | x, 0xff ~ x, 1 << x, 2 >> -3)
print(1 | 2 | 4 | 8, 0xff & 0x3f & 0x1f, 1 ~ 2 ~ 3, ~0 >> 60, ~0 << 60, 2 ^ 31 | 0, 2 ^ 53 | 1)
print(pcall(function() return 1.5 & 1 end)) print(pcall(function() return 1 << 1.5 end)) print(pcall(function() return ~1.5 end)) print(pcall(function() return math.huge | 1 end)) print(pcall(function() return nil & 1 end)) print(pcall(function() return ~{} end)) print(pcall(function() local s = "x" return s << 1 end))
local function popcount(n) local c = 0 while n ~= 0 do c = c + (n & 1) n = n >> 1 end return c end
print(popcount(0), popcount(-1), popcount(0x5555), popcount(math.mininteger))
local function hash(s) local h = 2166136261 for i = 1, #s do h = ((h ~ s:byte(i)) * 16777619) & 0xffffffff end return h end
print(hash(""), hash("a"), hash("perilune"))
local s = 88172645463325252 for i = 1, 5 do s = s ~ s << 13 s = s ~ s >> 7 s = s ~ s << 17 print(s) end
