-- Runaway recursion raises an error that can be caught, and the state goes on.
local function runaway(n) return 1 + runaway(n + 1) end
for i = 1, 3 do
  local ok, message = pcall(runaway, 1)
  print(ok, type(message), string.find(message, "stack overflow", 1, true) ~= nil)
end
local count = 0
local function counted() count = count + 1 counted() count = count - 1 end
print(pcall(counted) == false, count > 1000)
local function varargs(...) return 1, varargs(1, ...) end
print((pcall(varargs)))
-- Handlers run while the stack is full.
print(xpcall(runaway, function(m) return "handled: " .. tostring(string.find(m, "stack overflow", 1, true) ~= nil) end, 1))
-- Through metamethods.
local t = setmetatable({}, {})
getmetatable(t).__index = function(t, k) return t[k + 1] end
local ok, message = pcall(function() return t[1] end)
print(ok, string.find(message, "overflow", 1, true) ~= nil)
getmetatable(t).__add = function(a, b) return a + b end
print((pcall(function() return t + 1 end)))
-- In a coroutine.
local co = coroutine.create(function() return runaway(1) end)
local ok, message = coroutine.resume(co)
print(ok, string.find(message, "stack overflow", 1, true) ~= nil, coroutine.status(co))
-- Everything works as before.
local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end
print(fib(15))
local function depth(k) if k == 0 then return 0 end return 1 + depth(k - 1) end
print(depth(1000))
