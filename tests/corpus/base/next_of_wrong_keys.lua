-- The message has no position: it is the library's own.
local function f(k) return next({ 10 }, k) end
print(pcall(f, 'x')) print(pcall(f, 2)) print(pcall(f, 1)) print(pcall(next, {}, {}))
