-- %p: the same for the same object, another for another, (null) for what has none.
local t, u = {}, {}
local f = string.format
print(f("%p", t) == f("%p", t), f("%p", t) == f("%p", u), f("%p", print) == f("%p", print), f("%p", nil), f("%p", 1), f("%p", 1.5), f("%p", true), f("%p", "x") == f("%p", "x"), f("%p", "short") == f("%p", "sho" .. "rt"))
print(f("%p", 5) == f("%p", 6), #f("%20p", t), f("%20p|", nil), f("%-20p|", nil), tostring(t):find(f("%p", t), 1, true) ~= nil, pcall(f, "%.3p", t)) print(pcall(f, "%+p", t)) print(pcall(f, "%p"))
