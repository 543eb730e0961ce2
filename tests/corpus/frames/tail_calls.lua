--! args = 10000000
--! small = 2000
-- Tail calls need no stack.
local n = tonumber(arg[1])
local function loop(k) if k == 0 then return "done" end return loop(k - 1) end
print(loop(n))
local function acc(k, sum) if k == 0 then return sum end return acc(k - 1, sum + k) end
print(acc(n // 10, 0) == (n // 10) * (n // 10 + 1) // 2)
local a, b
function a(k, x, y) if k == 0 then return x, y end return b(k - 1, y, x, k) end
function b(k, x, y, z) if k == 0 then return x, y, "b" end return a(k - 1, y) end
print(a(n // 10, "p", "q"))
print(a(7, "p", "q"))
-- With more and fewer arguments than the caller, and with varargs.
local function grow(k, ...)
  if k == 0 then return select("#", ...) end
  if k % 50 == 0 then return grow(k - 1) end
  return grow(k - 1, k, ...)
end
print(grow(n // 100), grow(130))
-- Through methods, upvalues and __call.
local obj = { left = n // 20 }
function obj:step() if self.left == 0 then return "stopped" end self.left = self.left - 1 return self:step() end
print(obj:step())
local callable = setmetatable({}, { __call = function(self, k) if k == 0 then return "called" end return self(k - 1) end })
print(callable(n // 20))
-- Of native functions.
local function native(...) return select(2, ...) end
print(native("a", "b", "c"))
local function protected(f, ...) return pcall(f, ...) end
print(protected(error, "e", 0))
print((function(...) return ... end)(1, nil, 3, nil))
print(select("#", (function(...) return (...) end)(1, nil, 3, nil)))
local function finish() return (loop(3)) end
print(finish())
