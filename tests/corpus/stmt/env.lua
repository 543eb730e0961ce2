-- _ENV: replaced, local, as an upvalue, as a parameter, and of loaded chunks.
x = "global" print(_ENV.x, _G.x, _ENV == _G)
do local _ENV = { print = print } x = "inner" print(x, _ENV.x) end print(x)
local function f(_ENV) return x end print(f({ x = "param" }), f({ x = 1 }))
local env = setmetatable({}, { __index = _G }) local chunk = load("y = 5 return y, x", "c", "t", env) print(chunk()) print(y, env.y)
print(load("return _ENV", "c", "t", 42)()) print(pcall(load("return x", "=c", "t", 42))) print(pcall(load("x = 1", "=c", "t", nil)))
do local print = print local _ENV <const> = { a = 1 } print(a, b) b = 2 print(b) end
local function counter() local _ENV = { n = 0 } return function() n = n + 1 return n end end local c1, c2 = counter(), counter() print(c1(), c1(), c2())
local log = {} local genv = setmetatable({ rawset = rawset }, { __index = function(_, k) log[#log + 1] = "get " .. k return 1 end, __newindex = function(t, k, v) log[#log + 1] = "set " .. k rawset(t, k, v) end })
load("a = b + c a = a + 1", "c", "t", genv)() print(table.concat(log, ", "), genv.a)
_ENV = setmetatable({}, { __index = _ENV }) x = "new env" print(x, _G.x)
