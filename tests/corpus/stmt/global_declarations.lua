-- Global declarations.
global print, pcall, load, type, select, tostring, ipairs, error
global x, y = 1, 2
print(x, y)
x = x + 1 print(x)
global function gf(n) if n == 0 then return "gf" end return gf(n - 1) end
print(gf(3), type(gf))
global a <const>
print(a)
local function chunk(s) local f, e = load(s) if f then return pcall(f) end return e end
print(chunk("global x z = 1")) print(chunk("global none x = 5 return x")) print(chunk("global <const> * x = 1")) print(chunk("global * w1 = 7 return w1")) print(chunk("global c <const> = 8 return c")) print(chunk("global c2 <const> c2 = 8"))
print(chunk("do global q1 = 1 end q2 = 2 return q1, q2")) print(chunk("global p1 do global * p2 = 2 end p1 = 3 return p1")) print(chunk("global v1 local function f() return v2 end")) print(chunk("global v1 = 3 local v1 = 4 return v1"))
print(chunk("global dup = 1 global dup = 2")) print(chunk("local global = 3 return global")) print(chunk("global fun = 1 return fun")) print(chunk("global r1, r2 = 1 return r1, r2")) print(chunk("global print print = print return type(print)"))
print(chunk("global u <close> = 1")) print(chunk("global function h() return 'h' end return h()")) print(chunk("global<const> print return type(print)")) print(chunk("local t = {} function t.f() end global t2 return type(t.f)"))
do global inner = "inner" print(inner) end
global * 
undeclared = "fine now" print(undeclared)
do local _ENV <const> = { print = print } global z = 9 print(z) end
print(z)
