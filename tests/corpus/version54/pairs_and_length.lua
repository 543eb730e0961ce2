--! std = 5.4
-- Arrays, lengths without holes, pairs in order of arrays.
local t = { 1, 2, 3, nil } print(#t, #{ n = 1 }, #{ 1, 2 }, #"x") t[4] = 4 print(#t) t[#t] = nil print(#t) for i, v in ipairs(t) do io.write(i, v, " ") end print() for k, v in pairs { 10, 20, 30 } do io.write(k, v, " ") end print() print(table.unpack({ 1, 2, 3 }, 2)) print(select("#", table.unpack({}, 1, 3))) print(next({}), rawlen { 1, 2 }) print(#table.pack(1, 2), table.pack().n)
