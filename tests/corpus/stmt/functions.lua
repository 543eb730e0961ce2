-- Forms of function declaration, scope of local functions, nesting, shadowing, upvalues of many levels.
local t = { a = { b = {} } } function t.f(x) return x end function t.a.b.g(x) return x * 2 end function t.a.b:h(x) return self == t.a.b, x end
print(t.f(1), t.a.b.g(2), t.a.b:h(3))
local function fact(n) return n <= 1 and 1 or n * fact(n - 1) end print(fact(10))
local notrec = function(n) return notrec end print(notrec(1)) function glob(n) return n and glob() or "glob" end print(glob(1))
local function l1() local a = 1 local function l2() local b = a + 1 local function l3() local c = a + b return function() a = a + 1 b = b + 10 c = c + 100 return a, b, c end end return l3() end return l2() end
local f = l1() print(f()) print(f())
local x = "outer" local function shadow(x) local y = x do local x = "inner" y = y .. x end return x .. y end print(shadow("param"), x)
print((function(...) return select("#", ...) end)(1, 2), (function(a, a2) return a2 end)(1, 2), (function() end)())
local function ret_nothing() return end local function ret_semi() return; end print(ret_nothing(), ret_semi(), (ret_nothing()))
do local function f() return "do" end print(f()) end do local f = f print(type(f)) end
local function default(a, b) a, b = a or 1, b == nil and true or b return a, b end print(default()) print(default(2, false))
local function outer() local function a() return "a" .. (b and "b" or "-") end local function b() return "b" end return a(), b() end print(outer())
local op = { ["+"] = function(a, b) return a + b end, ["-"] = function(a, b) return a - b end } print(op["+"](1, 2), op["-"](5, 3))
local compose = function(...) local fs = { ... } return function(x) for i = #fs, 1, -1 do x = fs[i](x) end return x end end print(compose(function(x) return x + 1 end, function(x) return x * 2 end)(5))
local s = 0 local function add(n) s = s + n return add end add(1)(2)(3) print(s) local v = (function() return 1, 2 end)() print(v)
return print("chunks may return")
