-- Loop variables that shadow others, and bodies that declare their names again.
local i = "outer" for i = 1, 2 do local i = i * 10 for i = i, i + 1 do io.write(i, " ") end io.write(i, "; ") end print(i) for k, k in pairs { 5 } do print(k) end local v = 1 while v < 3 do local v2 = v v = v + 1 local v = v2 * 100 io.write(v, " ") end print(v)
