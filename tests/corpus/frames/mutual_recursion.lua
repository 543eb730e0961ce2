-- Functions that call each other through locals, upvalues, globals and fields.
local even, odd
function even(n) if n == 0 then return true else return odd(n - 1) == true end end
function odd(n) if n == 0 then return false end local r = even(n - 1) return r end
for i = 0, 7 do print(i, even(i), odd(i)) end

function ping(n) if n <= 0 then return "ping end" end local r = pong(n - 1) return r .. "!" end
function pong(n) if n <= 0 then return "pong end" end local r = ping(n - 1) return r .. "?" end
print(ping(5), pong(6), ping(0))

local m = {}
function m.f(n) return n <= 0 and 0 or n + m.g(n - 1) end
function m.g(n) return n <= 0 and 0 or n - m.h(n - 2) end
function m.h(n) return n <= 0 and 0 or 2 * m.f(n - 3) end
for i = 1, 20, 3 do print(i, m.f(i), m.g(i), m.h(i)) end

-- Hofstadter's female and male sequences.
local F, M
function F(n) return n == 0 and 1 or n - M(F(n - 1)) end
function M(n) return n == 0 and 0 or n - F(M(n - 1)) end
local fs, ms = {}, {}
for i = 0, 14 do fs[#fs + 1] = F(i) ms[#ms + 1] = M(i) end
print(table.concat(fs, " "))
print(table.concat(ms, " "))
