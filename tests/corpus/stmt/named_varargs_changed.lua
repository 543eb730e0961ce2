-- A named vararg table that was changed is what ... gives.
local function change(...t) t[1] = "changed" t.n = 2 return ... end
print(change(1, 2, 3))
local function grow(...t) t.n = 4 t[4] = "four" return select("#", ...), ... end
print(grow("one"))
local function through(...t) local set = function(i, v) t[i] = v end set(2, "two") return ... end
print(through(1, 1, 1))
print(pcall(function(...t) t.n = -1 return ... end))
