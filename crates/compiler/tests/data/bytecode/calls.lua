--! dump = bytecode
local o, t = ...
o:method(1):other{}"text"
f(g(h(...)), (g()))
local a, b, c = f()
local d, e = (f()), ...
t = { 1, 2, x = 3, [o] = 4, f(), n = 1, o:method(g(...)) }
a, t[a], t.x = b, c
return t, o:last(f())
