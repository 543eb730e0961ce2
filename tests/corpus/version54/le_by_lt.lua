--! std = 5.4
-- Without `__le`, `a <= b` is `not (b < a)` by `__lt`.
local log = {}
local mt = {
  __lt = function(a, b)
    a, b = type(a) == "table" and a.v or a, type(b) == "table" and b.v or b
    log[#log + 1] = a .. "<" .. b
    return a < b
  end,
}
local function T(v) return setmetatable({ v = v }, mt) end
local function show(...)
  print(table.concat(log, " "), ...)
  log = {}
end
local a, b = T(1), T(2)
show(a <= b, b <= a, a >= b, b >= a, a <= a)
show(not (a <= b), not (b <= a))
show(a <= 5, a >= 5, 5 <= a, 5 >= a, a <= 0.5, "1" <= "2")
if a <= b then show "then" else show "else" end
if not (b >= a) then show "then" else show "else" end
while b <= a do show "never" end
repeat local done = a <= b until done
show()

-- The second operand's metamethod is asked first, and either will do.
local left = setmetatable({}, { __lt = function(x, y) return "left", x, y end })
local right = setmetatable({}, { __lt = function() return nil end })
print(left <= right, right <= left, left < right, right < left)
print(left <= 1, 1 <= left, right <= 1, 1 <= right)

-- `__le` comes first.
local both = setmetatable({}, { __lt = function() return true end, __le = function() return true end })
print(both <= both, both <= left, left <= both)

-- Yields inside, under errors and in coroutines.
local ymt = { __lt = function(x, y) return coroutine.yield(x.v, y.v) end }
local y1, y2 = setmetatable({ v = "y1" }, ymt), setmetatable({ v = "y2" }, ymt)
local co = coroutine.wrap(function()
  local results = {}
  results[1] = y1 <= y2
  results[2] = y1 >= y2
  if y1 <= y2 then results[3] = "yes" else results[3] = "no" end
  results[4] = not (y2 <= y1)
  return results[1], results[2], results[3], results[4]
end)
print(co())
print(co(true))
print(co(false))
print(co(nil))
print(co(1))

-- Collections while the metamethod runs.
local cmt = { __lt = function() collectgarbage() return ({} and {}) ~= nil end }
print(setmetatable({}, cmt) <= setmetatable({}, cmt))

-- Callable tables and deep recursion as metamethods.
local callable = setmetatable({}, { __call = function(self, x, y) return x.n < y.n end })
local c1, c2 = setmetatable({ n = 1 }, { __lt = callable }), setmetatable({ n = 2 }, { __lt = callable })
print(c1 <= c2, c2 <= c1)
local vararg = { __lt = function(...) return select("#", ...) == 2 end }
print(setmetatable({}, vararg) <= setmetatable({}, vararg))
local depth = 0
local rmt = {}
rmt.__lt = function(x, y)
  depth = depth + 1
  if depth < 50 then return not (x <= y) end
  return true
end
print(setmetatable({}, rmt) <= setmetatable({}, rmt), depth)

-- Errors name what was compared, as it stood.
print(pcall(function() return {} <= 1 end))
print(pcall(function() return 1 <= {} end))
print(pcall(function() return setmetatable({}, { __lt = function(x, y) return x + y end }) <= 1 end))
print(pcall(function() return setmetatable({}, { __lt = 1 }) <= 1 end))
