-- Numeric loops over floats.
local function run(a, b, c) local r = {} for i = a, b, c do r[#r + 1] = i == i and tostring(i) or "nan" if #r == 12 then r[13] = "..." break end end return #r == 0 and "-" or table.concat(r, " ") end
print(run(1.0, 3, 1)) print(run(1, 3, 1.0)) print(run(1, 3.0, 1)) print(run(0, 1, 0.25)) print(run(1, 0, -0.25)) print(run(0.1, 0.5, 0.1)) print(run(1.0, 0, 1)) print(run(0.0, -0.0, 1)) print(run(3, 1.0, -0.5))
print(run(1.0, math.huge, 1)) print(run(1.0, math.huge, math.huge)) print(run(0.0 / 0.0, 1, 1)) print(run(1.0, 0.0 / 0.0, 1)) print(run(1.0, 2, 0.0 / 0.0)) print(run(-math.huge, 0, 1e300)) print(run(math.maxinteger + 0.0, math.huge, 1)) print(run(2 ^ 53, 2 ^ 53 + 4, 1.0)) print(run(1.5, 3, 1)) print(run(-1.0, -3, -1)) print(run(0, 0.3, 0.1))
local n, s = 0, 0 for x = 0, 1, 0.1 do n = n + 1 s = s + x end print(n, s)
for x = 1.0, 2 do print(x, math.type(x)) end
for x = 1, 2.5 do print(x, math.type(x)) end
print(pcall(function() for i = 1.0, 2, 0.0 do end end)) print(pcall(function() for i = 1.0, "x" do end end)) print(pcall(function() for i = 1, 2, 0 do end end)) print(pcall(function() local t = {} for i = 1.5, t do end end))
