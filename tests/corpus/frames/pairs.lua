-- Instructions that often follow each other are run as pairs: each half may go the slow way, or fail, or be where a loop begins.
local log = {}
local function note(...) log[#log + 1] = table.concat({ ... }, " ") end
local mt = {}
for _, name in ipairs { "add", "sub", "mul", "mod", "band" } do
  mt["__" .. name] = function(a, b)
    note(name, type(a), type(b))
    return setmetatable({ v = 1 }, mt)
  end
end
mt.__index = function(t, k) note("index", tostring(k)) return 2 end
mt.__newindex = function(t, k, v) note("newindex", tostring(k), tostring(v)) end
mt.__call = function(self, ...) note("call", select("#", ...)) return ... end
mt.__le = function(a, b) note("le") return true end
local function obj() return setmetatable({ v = 1 }, mt) end

-- chains of arithmetic: integers, floats, both, and objects at each place
local function chains(a, b, c)
  local function show(v) return type(v) == "table" and "object" or math.type(v) .. ":" .. string.format("%.14g", v) end
  local function try(f, ...)
    local ok, v = pcall(f, ...)
    return ok and show(v) or (v:gsub("^.-:%d+: ", ""))
  end
  return table.concat({
    try(function(a, b, c) return a + b + c end, a, b, c), try(function(a, b, c) return c + (a + b) end, a, b, c),
    try(function(a, b, c) return a + b - c end, a, b, c), try(function(a, b, c) return c - (a + b) end, a, b, c),
    try(function(a, b, c) return (a + b) * c end, a, b, c), try(function(a, b, c) return c * (a + b) end, a, b, c),
    try(function(a, b, c) return a - b + c end, a, b, c), try(function(a, b, c) return c + (a - b) end, a, b, c),
    try(function(a, b, c) return a - b - c end, a, b, c), try(function(a, b, c) return c - (a - b) end, a, b, c),
    try(function(a, b, c) return (a - b) * c end, a, b, c), try(function(a, b, c) return c * (a - b) end, a, b, c),
    try(function(a, b, c) return a * b + c end, a, b, c), try(function(a, b, c) return c + a * b end, a, b, c),
    try(function(a, b, c) return a * b - c end, a, b, c), try(function(a, b, c) return c - a * b end, a, b, c),
    try(function(a, b, c) return a * b * c end, a, b, c), try(function(a, b, c) return c * (a * b) end, a, b, c),
    try(function(a, b) local t = a + b return t * t end, a, b), try(function(a, b) local t = a * b return t - t end, a, b),
  }, " ")
end
local values = { 3, 2.5, math.maxinteger, obj(), "7", false }
for i, a in ipairs(values) do
  for j, b in ipairs(values) do
    for k, c in ipairs(values) do
      if (i + 2 * j + 3 * k) % 5 == 0 or i == j and j == k then print(i, j, k, chains(a, b, c)) end
    end
  end
end
print(#log, table.concat(log, ";", 1, 60))
log = {}

-- element, field and upvalue first; what follows may be absent, or not what it was
local up, seed, list, bad = 5, 42, { 10, 20, 30, true, false }, obj()
local function next_seed() seed = seed * 16807 % 2147483647 return seed end
local function ups(i)
  local a, b = up + i, up * 3
  if list[i] then a = a + list[1] end
  if not list[i + 1] then b = b - up end
  up = up - 1
  return a, b, list[i], up % 3, up & i + 1
end
for i = 1, 6 do print(ups(i)) print(next_seed()) end
local function fields(t)
  local x = t.a + 1
  local y = t.b and t.c or t.d
  if t.e then x = x * t.f end
  return x, y, t.g
end
print(fields { a = 1, b = 2, c = 3, e = true, f = 4 })
print(fields { a = 1.5, d = 3 })
print(pcall(fields, {}))
print(pcall(fields, 7))
print(fields(setmetatable({ v = 0 }, { __index = { a = 9, g = "g" } })))
print(fields(setmetatable({}, mt)))
for i = 1, 3 do print(pcall(function(t, n) return t[n][n + 1] * 2 end, { { 1, 2 }, { 3, 4, 5 }, 6 }, i)) end
print(table.concat(log, ";"))
log = {}

-- stores at the end of a loop: over, behind, far behind, through metatables, and into constants
local function fill(t, n) for i = 1, n do t[i] = i end for i = 1, n, 2 do t[i] = "k" end return t end
print(#fill({}, 10), fill({ 1, 2 }, 5)[4], fill({}, 3)[3], pcall(fill, 1, 2))
fill(obj(), 2)
print(pcall(fill, setmetatable({}, { __newindex = function() error("no", 0) end }), 1))
local function shift(t) for i = 1, #t - 1 do t[i] = t[i + 1] end return t end
print(table.unpack(shift { 1, 2, nil, 4 }, 1, 3))
print(table.concat(log, ";"))
log = {}

-- calls behind moves and subtractions
local function down(n) if n < 1 then return n end return down(n - 1) end
print(down(3), down(2.5), pcall(down, "x"), pcall(down, {}))
local function fold(f, a, b) return f(a), (f(b)), f(a, b) end
print(fold(function(...) return select("#", ...) end, 1, 2))
print(fold(obj(), 1, 2))
print(pcall(fold, nil, 1, 2))
print(table.concat(log, ";"))

-- a coroutine that yields between the halves
local co = coroutine.wrap(function()
  local m = setmetatable({}, { __add = function(a, b) return coroutine.yield("add") end, __mul = function(a, b) return coroutine.yield("mul") end })
  local n, one = 2, 1
  return m * n + one, (m + n) * one, one - m * n
end)
local said, more = co(), { 5, m = 6, 7, 8 }
for i = 1, 3 do print(said) said = co(i + 0.5) end
print(said)
