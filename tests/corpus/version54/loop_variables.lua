--! std = 5.4
-- In 5.4, scripts may assign loop variables.
for i = 1, 3 do i = i * 10 io.write(i, " ") end print() for k, v in ipairs { "a", "b" } do k = k .. v v = nil io.write(k, tostring(v), " ") end print() local fs = {} for i = 1, 2 do i = i + 5 fs[i] = function() i = i + 1 return i end end print(fs[6](), fs[6](), fs[7]()) for i = 3, 1, -1 do i = "text" .. i io.write(i, " ") end print() print(load("for i = 1, 2 do i = nil end") ~= nil, load("local x <const> = 1 x = 2"))
