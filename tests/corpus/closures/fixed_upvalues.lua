-- Upvalues that nobody assigns: read in loops, in recursion, by the function that the variable holds, and in error messages.
local limit, step, names = 5, 0.5, { "a", "b", "c" }

local function sum(n)
  local s = 0
  for i = 1, n do
    for j = 1, limit do
      if i % 2 == 0 then s = s + names[i % 3 + 1]:byte() * step else s = s - limit end
      if j > limit then s = s / step end
    end
  end
  return s
end
print(sum(6), sum(0))

-- A function that reads itself, and one that is made anew in each round.
local function depth(n)
  if n == 0 then return 0 end
  local d = 0
  while d < n do d = d + 1 end
  return depth(n - 1) + (type(depth) == "function" and d or 0)
end
print(depth(5))
local made = {}
for i = 1, 3 do
  local base = i * 10
  made[i] = function(n)
    local s = 0
    for _ = 1, n do s = s + base end
    return s
  end
end
print(made[1](2), made[2](2), made[3](2), made[1](0))

do
  local fs = {}
  local i = 0
  ::again::
  local fixed = i
  fs[#fs + 1] = function() local s = 0 repeat s = s + fixed + 1 until s > 5 return s end
  i = i + 1
  if i < 4 then goto again end
  print(fs[1](), fs[2](), fs[3](), fs[4]())
end

-- One that is assigned later is read each time.
local changing = 1
local function bump() changing = changing + 1 return changing end
local function watch()
  local out = {}
  for i = 1, 4 do
    out[#out + 1] = changing
    bump()
  end
  return table.concat(out, " ")
end
print(watch())

-- What a loop that runs not once would do, does not happen; and errors name the variable.
local missing, text = nil, "x"
local function never(n)
  for i = 1, n do missing.field = i end
  return "fine"
end
print(never(0), pcall(never, 1))
local function arithmetic(n)
  local s = 0
  for i = 1, n do
    s = s + i
    s = s + text
  end
end
print(pcall(arithmetic, 2))
local function method(n)
  while n > 0 do n = missing:method(n) end
  return n
end
print(method(0), pcall(method, 1))
local function call(n)
  for _ = 1, n do missing(1) end
end
print(pcall(call, 1))

-- Constants on the left, in loops.
local function constants(n)
  local s, t = 0, {}
  for i = 1, n do
    s = 2.5 * i - s
    t[2.5] = (t[2.5] or 1) + 1 / i
    if s <= 4.0 then s = 100 - s end
    if 0.25 < s then s = 1 // s + s end
  end
  return s, t[2.5]
end
print(constants(7))

-- Loops without an entry of their own.
local function jumps(n)
  local s = 0
  if n > 2 then goto middle end
  ::top::
  s = s + limit
  ::middle::
  s = s + 2.5 * step
  n = n - 1
  if n > 0 then goto top end
  return s
end
print(jumps(1), jumps(2), jumps(3), jumps(4))

-- A coroutine that waits in the loop.
local co = coroutine.wrap(function()
  for i = 1, 3 do coroutine.yield(names[i] .. limit) end
  return step
end)
print(co(), co(), co(), co())
