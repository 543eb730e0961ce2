-- Past 256 constants, the reference looks methods up as fields; so it does those with long names.
local parts = {}
for i = 1, 300 do parts[i] = "aaa = x" .. i end
local many = table.concat(parts, "; ")
print(select(2, pcall(load(many .. "; local t = {}; t:bbb()", "=c"))))
print(select(2, pcall(load("local t = {}; t:bbb()", "=c"))))
print(select(2, pcall(load("local t = {}; t:" .. string.rep("b", 40) .. "()", "=c"))))
print(select(2, pcall(load("local t = {}; t:" .. string.rep("b", 41) .. "()", "=c"))))
print(select(2, pcall(load(many .. "; local t = {}; t.x:bbb()", "=c"))))
