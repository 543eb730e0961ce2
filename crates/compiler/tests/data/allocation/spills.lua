--! dump = allocation
--! registers = 4
local a, b, c, d, e, f = ...
local t = { a, b, c }
t[a], t[b] = c + d, e + f
for k, v in pairs(t) do print(k, v, a, b, c, d, e, f) end
local m <close> = t
return a .. b .. c .. d, t:call(e, f)
