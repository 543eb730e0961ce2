-- table.create: an empty table with room.
local t = table.create(10) print(#t, next(t)) t = table.create(0, 5) print(#t, next(t)) t[1] = "a" t.x = 1 print(#t, t.x, t[1]) t = table.create(3) for i = 1, 10 do t[i] = i end print(#t, t[10]) print(getmetatable(t), table.create(5.0) ~= nil, table.create("5") ~= nil)
print(pcall(table.create)) print(pcall(table.create, -1)) print(pcall(table.create, "x")) print(pcall(table.create, 1, -1)) print(pcall(table.create, 1.5)) print(pcall(table.create, 1 << 62)) print(pcall(table.create, 0, 1 << 40)) print(pcall(table.create, 1, {}))
