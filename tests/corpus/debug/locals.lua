-- Locals through the debug library.
local function list(level, co)
  local out = {}
  for i = 1, 30 do
    local name, v
    if co then name, v = debug.getlocal(co, level, i) else name, v = debug.getlocal(level + 1, i) end
    if not name then break end
    if type(v) == "table" or type(v) == "function" or type(v) == "thread" then v = type(v) end
    out[#out + 1] = name .. "=" .. tostring(v)
  end
  print(table.concat(out, " "))
end

local function f(a, b)
  local c = a + b
  list(1)
  do
    local d = c * 2
    list(1)
  end
  local e <const> = 5
  local g <close> = nil
  list(1)
  for i = 1, 1 do
    local inner = i
    list(1)
  end
  for k, v in pairs{10} do list(1) end
  local function h() return c, h end
  list(1)
end
f(1, 2)

-- captured variables show their values, and take new ones
local function cells(x)
  local y = x
  local function get() return x, y end
  list(1)
  print(debug.setlocal(1, 1, "X"), debug.setlocal(1, 2, "Y"))
  print(x, y, get())
end
cells(1)

-- temporaries
local function temporaries(a)
  return a .. list(1) , (a + 1) * (function() list(2) return 2 end)()
end
pcall(temporaries, 1)
local function set()
  print(debug.setlocal(2, 3, 100))
  return 1
end
local function sum(a, b) return (a + 1) + set() end
print(sum(1, 2))

-- extra arguments
local function varargs(a, ...)
  print(debug.getlocal(1, -1)) print(debug.getlocal(1, -2)) print(debug.getlocal(1, -3))
  print(debug.setlocal(1, -1, "new"), debug.setlocal(1, -3, "none"))
  return ...
end
print(varargs(1, 2, 3))
print(varargs())
local function named(...t) print(debug.getlocal(1, -1)) print(debug.getlocal(1, 1)) return t.n end
named(1, 2)

-- parameters of a function
print(debug.getlocal(f, 1), debug.getlocal(f, 2), debug.getlocal(f, 3), debug.getlocal(print, 1))
print(debug.getlocal(varargs, 1), debug.getlocal(varargs, 2), debug.getlocal(varargs, -1))

-- other coroutines
local co = coroutine.create(function(x)
  local y = x * 2
  local z = coroutine.yield(y)
  return x, y, z
end)
coroutine.resume(co, 5)
list(1, co)
print(debug.getlocal(co, 0, 1))
print(debug.setlocal(co, 1, 1, "x!"), debug.setlocal(co, 1, 2, "y!"), debug.setlocal(co, 1, 9, "none"))
print(coroutine.resume(co, "z"))
print(pcall(debug.getlocal, co, 1, 1))

-- arguments
for _, args in ipairs{{}, {1}, {1, "x"}, {"x", 1}, {100, 1}, {-1, 1}, {co, 100, 1}, {f}, {f, "x"}, {{}, 1}, {1.5, 1}} do
  print(pcall(debug.getlocal, table.unpack(args)))
  print(pcall(debug.setlocal, table.unpack(args)))
end
print(pcall(debug.setlocal, 1, 1))
print(debug.getlocal(1, 0), debug.getlocal(0, 0))
print(debug.getlocal(0, 1)) print(debug.getlocal(0, 2)) print(debug.getlocal(0, 3))

-- goto, repeat, shadowing
do
  local n = 0
  ::again::
  local a = n
  n = n + 1
  if n < 2 then goto again end
  local a = "shadow"
  local seen = {}
  for i = 1, 100 do
    local name, v = debug.getlocal(1, i)
    if not name then break end
    if name == "a" or name == "n" then seen[#seen + 1] = name .. "=" .. tostring(v) end
  end
  print(table.concat(seen, " "))
end
