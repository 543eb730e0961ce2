--! dump = vcode
local t, a = ...
f(a, g(1, h(...)))
local x, y = f(a, ...)
t = { a, 2, g(a) }
for k, v in pairs(t) do
  if v then return a, g(k) end
end
do local c <close> = a; return ... end
