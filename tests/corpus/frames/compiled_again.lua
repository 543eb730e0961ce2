-- Functions that are called often while frames of them wait: what those do afterwards, where errors are, what is dumped.

local function line(message)
  return message:match(":(%d+):")
end

-- A frame of the first call waits below all others.
local function sum(n, fail)
  local a, b, c = n, n * 2, { n }
  if n == 0 then
    if fail then
      error("at the bottom")
    end
    return 0
  end
  local below = sum(n - 1, fail)
  return a + b + c[1] + below
end
print(sum(150))
for _ = 1, 100 do
  sum(2)
end
print(sum(150))
print(line(select(2, pcall(sum, 150, true))))

-- Operators of waiting frames that call the same function.
local meta = {}
local function join(depth, x)
  if depth == 0 then
    return "."
  end
  return "<" .. depth .. x .. depth .. ">"
end
function meta.__concat(a, b)
  local depth = type(b) == "table" and b.depth or a.depth
  local left, right = a, b
  if type(left) == "table" then left = join(depth - 1, setmetatable({ depth = depth - 1 }, meta)) end
  if type(right) == "table" then right = join(depth - 1, setmetatable({ depth = depth - 1 }, meta)) end
  return left .. right
end
print(#join(9, setmetatable({ depth = 9 }, meta)))
for _ = 1, 100 do
  join(1, setmetatable({ depth = 1 }, meta))
end
print(join(3, setmetatable({ depth = 3 }, meta)))

-- Coroutines that wait in a function.
local function wait(a)
  local b = coroutine.yield(a)
  local c = coroutine.yield(a + b)
  return a, b, c
end
local waiting = {}
for i = 1, 100 do
  waiting[i] = coroutine.wrap(wait)
  waiting[i](i)
end
local total = 0
for i = 1, 100 do
  total = total + waiting[i](i * 10)
end
for i = 100, 1, -1 do
  local a, b, c = waiting[i]("end")
  total = total + a + b + #c
end
print(total)

-- Variables to be closed in waiting frames.
local closed = {}
local function guard(n, fail)
  local x <close> = setmetatable({}, { __close = function(_, e) closed[#closed + 1] = n .. (e and "!" or "") end })
  if n == 0 then
    if fail then error("no", 0) end
    return "done"
  end
  local r = guard(n - 1, fail)
  return r
end
print(guard(70), #closed, closed[1], closed[#closed])
closed = {}
print(pcall(guard, 70, true))
print(#closed, closed[1], closed[#closed])

-- Extra arguments, and results that are passed on.
local function pass(n, ...)
  if n == 0 then
    return select("#", ...), ...
  end
  local extra = { ... }
  return pass(n - 1, n, table.unpack(extra, 1, 3))
end
for i = 1, 100 do
  pass(i % 5, i)
end
print(pass(80, "a", "b", "c"))

-- What is dumped does not depend on how often a function was called.
local function cold(a, b)
  local t = { a, b, key = a }
  return function(c)
    return t.key + c, #t
  end
end
local before = string.dump(cold)
for i = 1, 100 do
  cold(i, i)(1)
end
print(before == string.dump(cold), before == string.dump(load(before, "dumped", "b")))
print(load(before, "dumped", "b")(20, 2)(22))

-- Each closure of a function becomes the better one.
local counters = {}
for i = 1, 50 do
  local n = i
  counters[i] = function(by)
    n = n + by
    return n
  end
end
for round = 1, 10 do
  for i = 1, 50 do
    counters[i](round)
  end
end
print(counters[1](0), counters[50](0))
print(line(select(2, pcall(counters[7], {}))))
