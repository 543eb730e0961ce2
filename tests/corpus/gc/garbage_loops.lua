--! args = 20000
--! small = 150
-- Loops that make garbage of every kind; memory stays bounded.
local n = tonumber(arg[1]) local s = 0
for i = 1, n do local t = { i, i + 1 } s = s + t[1] end print(s) s = 0 for i = 1, n do local t = { x = i, y = { z = i } } s = s + t.y.z end print(s) s = 0 for i = 1, n do local str = "item" .. i s = s + #str end print(s)
s = 0 for i = 1, n do local f = function() return i end s = s + f() end print(s) s = 0 for i = 1, n // 20 do local co = coroutine.wrap(function(a) local b = coroutine.yield(a) return a + b end) s = s + co(i) + co(1) end print(s)
s = 0 for i = 1, n // 10 do local t = setmetatable({ v = i }, { __add = function(a, b) return a.v + b end }) s = s + (t + 1) end print(s) s = 0 for i = 1, n // 10 do local t = {} for j = 1, 12 do t[j] = j t["k" .. j] = j end s = s + t[12] + t.k12 end print(s)
s = 0 for i = 1, n // 10 do local function va(...) return { ... } end s = s + #va(i, i, i) + select("#", table.unpack(va(1, 2))) end print(s) local prev for i = 1, n do prev = { prev = nil, cyc = prev and prev.v } prev.self = prev prev.v = i end print(prev.v, prev.cyc)
local cyc for i = 1, n // 4 do local a, b = {}, {} a.b = b b.a = a cyc = a end print(cyc.b.a == cyc) local buf = {} for i = 1, n // 20 do buf[#buf + 1] = ("x"):rep(i % 10) end print(#table.concat(buf)) local str = "" for i = 1, 200 do str = str .. i % 10 end print(#str, str:sub(-5))
collectgarbage() local before = collectgarbage("count") for i = 1, n do local t = { {}, "s" .. i } end collectgarbage() print(collectgarbage("count") - before < 200) for i = 1, n // 10 do pcall(error, { i }) end print(select(2, pcall(error, "last" .. 1, 0)))
