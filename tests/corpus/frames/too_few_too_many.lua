-- Missing arguments are nil, surplus ones vanish, evaluated all the same.
local log = {}
local function note(x) log[#log + 1] = tostring(x) return x end
local function flush() print(table.concat(log, " ")) log = {} end
local function none() return "none" end
local function one(a) return a end
local function two(a, b) return a, b end
local function more(a, b, ...) return a, b, select("#", ...), ... end
print(none(note(1), note(2))) flush()
print(one(note(1), note(2), note(3))) flush()
print(one()) print(two()) print(two(1)) print(two(1, 2)) print(two(1, 2, 3))
print(more()) print(more(1)) print(more(1, 2)) print(more(1, 2, 3)) print(more(1, 2, nil)) print(more(1, 2, nil, nil))
local function params(a, b, c, d, e) a = a or "A" b = b or "B" c = c or "C" d = d or "D" e = e or "E" return a, b, c, d, e end
print(params()) print(params(1)) print(params(1, nil, 3)) print(params(1, 2, 3, 4, 5, 6))
print(params(two(1, 2))) print(params(two(1, 2), two(3, 4))) print(params(two(1, 2), (two(3, 4)))) print(params(none()))
-- What stood in the slots before does not come back.
local function fill(...) local a, b, c, d, e, f = 1, 2, 3, 4, 5, 6 return a + b + c + d + e + f end
local function look(a, b, c, d, e, f) return a, b, c, d, e, f end
fill(1, 2, 3, 4, 5, 6, 7, 8) print(look()) fill() print(look(1))
local function locals() local a, b, c return a, b, c end
fill(9, 9, 9) print(locals())
for i = 1, 3 do local x print(i, x) x = i end
