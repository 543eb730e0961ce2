-- Numeric loops over integers, at the edges of their range, and what is refused.
local function run(a, b, c) local r = {} for i = a, b, c do r[#r + 1] = tostring(i) if #r == 6 then r[7] = "..." break end end return #r == 0 and "-" or table.concat(r, " ") end
local max, min = math.maxinteger, math.mininteger
print(run(1, 5, 1)) print(run(5, 1, -1)) print(run(1, 5, 2)) print(run(1, 6, 2)) print(run(5, 1, 1)) print(run(1, 5, -1)) print(run(3, 3, 1)) print(run(3, 3, -7)) print(run(0, -1, 1))
print(run(max - 2, max, 1)) print(run(max - 1, max, 2)) print(run(max, max, 1)) print(run(max, max, max)) print(run(min, min, -1)) print(run(min + 2, min, -1)) print(run(min, max, max)) print(run(max, min, min)) print(run(min, max, 1 << 61)) print(run(max, min, -(1 << 61))) print(run(0, max, max)) print(run(1, max, max)) print(run(-1, min, min)) print(run(0, min, min))
print(run(1, 3.9, 1)) print(run(1, math.huge, 1)) print(run(1, -math.huge, 1)) print(run(-1, -math.huge, -1)) print(run(3, 0.5, -1)) print(run(1, 2 ^ 70, 1 << 62)) print(run(1, 0.0 / 0.0, 1)) print(run(-3, -1.5, 1)) print(run(max, 2 ^ 63, 1)) print(run(min, -2 ^ 63, -1))
for i = 1, 3 do for j = i, 3 do for k = j, i, -1 do io.write(i, j, k, " ") end end end print()
for i = 3, 1 do print("never") end for i = 1, 0 do print("never") end
local n = 3 for i = 1, n do n = 10 io.write(i, " ") end print(n)
local fs = {} for i = 1, 3 do local j = i fs[i] = function() j = j + i return j end end print(fs[1](), fs[2](), fs[3](), fs[1]())
for _, f in ipairs { function() for i = 1, 10, 0 do end end, function() for i = 1.0, 10, 0 do end end, function() for i = {}, 1 do end end, function() for i = 1, {} do end end, function() for i = 1, 2, {} do end end, function() for i = nil, 1 do end end } do print(pcall(f)) end
for i = 1, 2 do for i = 10, 11 do io.write(i, " ") end io.write(i, " ") end print()
local c = 0 for i = 1, 1000 do if i % 2 == 0 then goto continue end if i > 20 then break end c = c + i ::continue:: end print(c)
local function find(t, x) for i = 1, #t do if t[i] == x then return i end end end print(find({ 5, 6, 7 }, 7), find({}, 1))
local function ret() for i = 1, 10 do for j = 1, 10 do if i * j == 42 then return i, j end end end end print(ret())
for i = 10, 1, -3 do io.write(i, " ") end print() for i = -3, 3 do io.write(i * i, " ") end print()
