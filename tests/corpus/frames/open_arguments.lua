--! args = 20000
--! small = 600
-- Calls whose last argument is a call, or `...`: as many values as parameters, fewer, more; in tail position and not.
local function none() end
local function one(a) return a end
local function two(a, b) return b, a end
local function three(a, b, c) return a, b, c end
local function show(...) print(select("#", ...), ...) end

show(three(none()))
show(three(one(1)))
show(three(two(1, 2)))
show(three(three(1, 2, 3)))
show(one(three(1, 2, 3)))
show(three(1, two(2, 3)))
show(three(1, 2, one(3)))
show(three(1, 2, three(3, 4, 5)))
show((three(one(1))))
show(two(two(two(1, 2))))

local function tail1(a) return one(one(a)) end
local function tail2(a, b) return two(two(a, b)) end
local function tail3(a, b, c) return three(a, two(b, c)) end
local function tail_less(a) return three(one(a)) end
local function tail_more(a, b, c) return one(three(a, b, c)) end
local function tail_varargs(...) return three(...) end
local function tail_varargs2(a, ...) return three(a, ...) end
local function varargs(...) local a, b, c = three(...) return c, b, a end
show(tail1(1))
show(tail2(1, 2))
show(tail3(1, 2, 3))
show(tail_less(1))
show(tail_more(1, 2, 3))
show(tail_varargs(1, 2, 3))
show(tail_varargs(1))
show(tail_varargs(1, 2, 3, 4))
show(tail_varargs2(1, 2, 3))
show(tail_varargs2())
show(varargs(1, 2, 3))
show(varargs(1, 2))

-- The arguments overlap the frame that they replace.
local function rotate(n, a, b, c, d)
  if n == 0 then return a, b, c, d end
  return rotate(n - 1, three(b, c, d), (two(a, d)), two(b, a))
end
local function spin(n, a, b, c)
  if n == 0 then return a, b, c end
  return spin(n - 1, c, two(a, b))
end
show(rotate(4, 1, 2, 3, 4))
show(spin(7, 1, 2, 3))
local function ack(m, n)
  if m == 0 then return n + 1 end
  if n == 0 then return ack(m - 1, 1) end
  return ack(m - 1, ack(m, n - 1))
end
print(ack(2, 9), ack(3, 4))

-- Deep, so that the stack moves between the callee of the argument and the call.
local function deep(n) if n == 0 then return 1, 2 end local a, b = deep(n - 1) return b, a end
local function wide(a, b)
  local x1, x2, x3, x4, x5, x6, x7, x8 = a, b, a, b, a, b, a, b
  return function() return x1 + x2 + x3 + x4 + x5 + x6 + x7 + x8, a, b end
end
for _, n in ipairs { 0, 1, 10, 100, tonumber(arg[1]) } do show(wide(deep(n))()) end
local function endless(n) if n == 0 then return "end", n end return endless(select(1, n - 1)) end
show(endless(100000))

-- Callees that are no plain functions.
local callable = setmetatable({}, { __call = function(self, a, b) return a, b, self ~= nil end })
show(callable(two(1, 2)))
local function tail_callable(...) return callable(two(...)) end
show(tail_callable(1, 2))
show(math.max(two(1, 2)))
local function tail_native(...) return math.max(three(...)) end
show(tail_native(4, 9, 2))
show(pcall(three, two(1, 2)))
show(coroutine.wrap(function(...) return three(coroutine.yield(two(...))) end)(1, 2))

-- Tracebacks and errors know the caller.
local function fails(a, b) error("no " .. tostring(b)) end
local function passes(x) return fails(two(x, 1)) end
print(pcall(passes, 5))
local function bad(x) local y = nil y(two(x, x)) end
print(pcall(bad, 1))
