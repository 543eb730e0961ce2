-- Division and remainder by an integer zero, with constants and variables on either side.
local zero, one, f = 0, 1, 1.0
print(pcall(function() return one // zero end)) print(pcall(function() return one % zero end))
print(pcall(function() return 1 // 0 end)) print(pcall(function() return 1 % 0 end))
print(pcall(function() return one // 0 end)) print(pcall(function() return one % 0 end))
print(pcall(function() return 1 // zero end)) print(pcall(function() return 1 % zero end))
print(f // zero, f // 0, -f // 0, f % zero ~= f % zero, 0.0 // 0 ~= 0.0 // 0, one / zero, -one / zero, one // 0.0)
print(math.mininteger // -1, math.mininteger % -1, math.mininteger // 1, math.maxinteger // -1)
local m = math.mininteger print(m // -1, m % -1, -m == m, m - 1 == math.maxinteger, math.maxinteger + 1 == m)
print(5 // 1, 5 % 1, -5 // 1, -5 % 1, 5 % 5, 5 % -5, 0 // 5, 0 % 5, 0 // -5, 0 % -5)
for _, d in ipairs { 3, -3, 4, -4, 10, -10, 1, -1 } do local row = {} for n = -12, 12, 5 do row[#row + 1] = n // d .. ":" .. n % d end print(d, table.concat(row, " ")) end
