-- Multiple assignment: values first, then stores; swaps; index expressions evaluated once.
local a, b, c = 1, 2, 3
a, b = b, a print(a, b) a, b, c = c, a, b print(a, b, c) a, a = 1, 2 print(a == 1 or a == 2)
local t = { 1, 2, 3 } local i = 1 i, t[i] = i + 1, 20 print(i, t[1], t[2])
t = { 1, 2, 3 } i = 1 t[i], t[i + 1], i = t[i + 1], t[i], 9 print(t[1], t[2], i)
local function f(x) io.write("f", x, " ") return x end
local p = { {}, {} } p[f(1)][f(2)], p[f(2)][f(1)] = f(3), f(4) print(p[1][2], p[2][1])
do local x = { y = 1 } local z = x x, x.y = 5, 6 print(x, z.y) end
do local x = { y = { 7 } } x.y[1], x = 8, x.y[1] print(x) end
g1, g2 = 1 print(g1, g2) g1, g2 = g2, g1 print(g1, g2) g1, t.x, a = (function() return 1, 2, 3 end)() print(g1, t.x, a)
local x <const>, y = 10, 20 y = x + y print(x, y) local z = z print(z)
local u, v = 1 local u, v = u, u print(u, v) local w = 1 do local w = w + 1 do local w = w + 1 print(w) end print(w) end print(w)
local m, n, o = f(1), f(2) print(m, n, o) local q = f(1), f(2) print(q)
a, b, c = 0, f(1), f(2), f(3) print(a, b, c)
local s = { n = 0 } s.n = s.n + 1 s.n, s.m = s.n + 1, s.n print(s.n, s.m) s["n"], s.n = 1, 2
local swap = function(t, i, j) t[i], t[j] = t[j], t[i] return t end print(table.concat(swap({ 1, 2, 3, 4 }, 1, 4), " "))
local k1, k2, k3, k4 = 1, 2, 3, 4 k1, k2, k3, k4 = k4, k3, k2, k1 print(k1, k2, k3, k4) k1, k2, k3, k4 = k2, k3, k4, k1 print(k1, k2, k3, k4)
local function cells() local p, q = 1, 2 local function get() return p, q end p, q = q, p print(get()) q, p = p + q, q - p return get() end print(cells())
do local fib = { 1, 1 } for i = 3, 10 do fib[i], fib.last = fib[i - 1] + fib[i - 2], i end print(fib[10], fib.last) end
local x1 x1 = function() return x1 end print(x1() == x1) local e = {} e.e = e e.e.e.v = 3 print(e.v) e, e.w = nil, 4 print(e)
