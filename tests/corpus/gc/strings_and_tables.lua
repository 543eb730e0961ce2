-- Much garbage, little kept.
local keep = {} for i = 1, 300 do local s = ("s" .. i):rep(5) local t = { s, i, { s } } if i % 100 == 0 then keep[#keep + 1] = t end end collectgarbage() for _, t in ipairs(keep) do print(t[1], t[2], t[3][1] == t[1]) end
