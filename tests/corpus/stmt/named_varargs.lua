-- Named varargs: a table with n, which is also what ... means.
local function f(...t) return t.n, t[1], t[2], t[t.n], ... end
print(f()) print(f(1)) print(f(1, 2)) print(f(1, nil, 3)) print(f(nil, nil))
local function g(a, b, ...rest) return a, b, rest.n, #rest, table.concat(rest, ",") end
print(g(1, 2, 3, 4, 5)) print(g(1)) print(g())
local function escape(...t) return t end local e1, e2 = escape(1, 2), escape(3) print(e1.n, e2.n, e1[1], e2[1], e1 == e2) e1[1] = 10 print(e1[1])
local function sum(...a) local s = 0 for i = 1, a.n do s = s + a[i] end return s end print(sum(1, 2, 3, 4), sum())
local function cl(...v) return function() return v.n, v[1] end end print(cl(5, 6)())
local function rec(...v) if v.n == 0 then return 0 end return v[1] + rec(select(2, ...)) end print(rec(1, 2, 3, 4, 5))
local function index(k, ...t) return t[k] end print(index(1, "a", "b"), index(2, "a", "b"), index(3, "a"), index("n", "a", "b"), index("x"), index(0, 1), index(1.0, "float"), index(-1, 1))
local function both(...t) local p = { ... } return #p, t.n, select("#", ...) end print(both(1, 2, 3))
local m = {} function m:method(...t) return self == m, t.n end print(m:method(1, 2))
print(load("return function(...x) x = 1 end")) print((load("local function f(...x) local x = 2 return x end return f(1)"))())
