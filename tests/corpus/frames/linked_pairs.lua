-- Instructions whose result the next one takes at once: arithmetic, comparison, return; and numbers in variables that change. Each with
-- integers, floats, both, strings, objects with metamethods, and what fails.
local log = {}
local mt = {}
for _, name in ipairs { "add", "sub", "mul", "div", "mod", "shl", "bor", "band" } do
  mt["__" .. name] = function(a, b)
    log[#log + 1] = name .. " " .. type(a) .. " " .. type(b)
    return setmetatable({}, mt)
  end
end
mt.__lt = function() log[#log + 1] = "lt" return true end
mt.__le = function() log[#log + 1] = "le" return false end
local function obj() return setmetatable({}, mt) end
local function show(v)
  if type(v) == "table" then return "object" end
  return math.type(v) and math.type(v) .. ":" .. string.format("%.14g", v) or tostring(v)
end
local function try(f, ...)
  local ok, v = pcall(f, ...)
  return ok and show(v) or (v:gsub("^.-:%d+: ", ""))
end

local forms = {
  function(a, b) return (a + b) + 1 end, function(a, b) return (a + b) % 7 end, function(a, b) return (a + b) / 2 end,
  function(a, b) return (a + 1) * b end, function(a, b) return b * (a + 1) end, function(a, b) return a * b / 4 end,
  function(a, b) return a * 31 + b end, function(a, b) return a / 2 + b end, function(a, b) return a % 5 + b end,
  function(a) return a % 5 + 2 end, function(a, b) return a | (b << a) end, function(a, b) return (a | b) & 255 end,
  function(a, b) if a + b <= b then return 1 end return 2 end, function(a, b) if a + b <= 4.5 then return 1 end return 2 end,
  function(a, b) return a + b end, function(a) return a + 3 end, function(a, b) return a - b end, function(a, b) return a * b end,
  function(a, b) return a / b end, function(a) return a % 3 end, function(a) return a & 0xFFFFFFFF end, function(a) return 1 / a end,
  function(a) return 1 - a end, function(a, b) return a < b end, function(a, b) return not (a < b) end,
  function(a, b) local t = a + b return t * t + 1 end, function(a, b) local k = a + b return 1 / (k * (k + 1) / 2 + a + 1) end,
  function(a, b) return (a >> 3 | a << (32 - b)) & 0xFFFFFFFF end,
  function(a) a = a + 1 local b = a * a return b end,
  function(a, b) local x = a + b x = x + 1 x = x + 1 return x - 1 end,
}
local values = { 3, -2, 2.5, 1e308, math.maxinteger, "7", "x", obj(), false }
for number, form in ipairs(forms) do
  local out = {}
  for i, a in ipairs(values) do
    for j, b in ipairs(values) do
      if i <= 3 and j <= 3 or (i + j + number) % 4 == 0 then out[#out + 1] = try(form, a, b) end
    end
  end
  print(number, table.concat(out, " "))
end
print(#log, table.concat(log, ";", 1, 40))
log = {}

-- Elements that are compared, that decide, that are returned.
local function less(t, i, x) if t[i] < x then return "less" end return "not less" end
local function more(t, i, x) if x < t[i] then return "more" end return "not more" end
local function count(t, n)
  local yes, low, high = 0, 0, 0
  for i = 1, n do
    if t[i] then yes = yes + 1 end
    if not t[i] then yes = yes + 100 end
    if type(t[i]) == "number" then
      while t[i] < 3 and low < 5 do low = low + 1 end
      if not (t[i] < 3) then high = high + 1 end
      if t[i] > 2.5 then high = high + 10 end
      if not (t[i] > 2.5) then high = high + 1000 end
    end
  end
  return yes, low, high
end
local function at(t, i) return t[i] end
local list = { 1, 2.5, 3, "s", false, true, obj(), nil, 9 }
for _, x in ipairs { 2, 2.5, "t", obj() } do
  for i = 1, 9 do io.write(try(less, list, i, x), ",", try(more, list, i, x), " ") end
  print()
end
print(count({ 1, 2.5, 3, true, false, "s" }, 8))
for i = 0, 10 do io.write(try(at, list, i), " ") end
print(try(at, "text", 1), try(at, nil, 1), try(at, setmetatable({}, { __index = function(_, k) return k * 2 end }), 4))
print((at(list, 1)), select("#", at(list, 8)), ({ at(list, 2), at(list, 3) })[2])
local a, b, c = at(list, 3)
print(a, b, c)
at(list, 1)

-- Variables that change: in upvalues and fields.
local n, f, s, o = 0, 0.5, "4", obj()
local function counters()
  n = n + 1
  f = f + 2
  s = s + 1
  o = o + 3
  n = n + -5
  return n, f, s, show(o)
end
for _ = 1, 3 do print(counters()) end
local function word() return n end
print(word(), word() + 1, (word()))
local undefined
local function fails() undefined = undefined + 1 end
print(pcall(fails))

local function bump(t, by)
  t.n = t.n + 1
  t.n = t.n + by
  t.m = t.n + 1
  t.n = t.m + by
  return t.n
end
local function new(n) return { n = n, m = 0 } end
local plain, float, text, other = new(1), new(1.5), new("8"), { m = 1, n = 2 }
for _ = 1, 3 do print(try(bump, plain, 2), try(bump, float, 2), try(bump, text, 2), try(bump, other, 0.25), try(bump, new(1), "3")) end
print(try(bump, new(), 1), try(bump, new(1)), try(bump, new(obj()), 1), try(bump, nil, 1), try(bump, {}, 1))
local watched = setmetatable({}, {
  __index = function(_, k) log[#log + 1] = "read " .. k return 10 end,
  __newindex = function(_, k, v) log[#log + 1] = "write " .. k .. " " .. v end,
})
print(bump(watched, 1), table.concat(log, ";"))
local class = {}
class.__index = class
function class:get() return self.n end
function class:step() self.n = self.n + 1 return self end
local object = setmetatable({ n = 1 }, class)
print(object:step():step():get(), class.get(class), class.get { n = false }, pcall(class.get))

-- Sums of products.
local function dot(a, b, n, s)
  for i = 1, n do s = s + a[i] * b[i] end
  return s
end
local function from_left(a, b, n, s)
  for i = 1, n do s = b[i] * a[i] + s end
  return s
end
local vectors = { { 1, 2, 3 }, { 1.5, -2.0, 0.25 }, { 1, 2.5, "4" }, { 1, 2, obj() }, { max = 1, 1, 2 }, { math.maxinteger, 1e308, -1e308 } }
for _, a in ipairs(vectors) do
  for _, b in ipairs(vectors) do io.write(try(dot, a, b, 3, 0), "/", try(from_left, a, b, 3, 0.5), " ") end
  print(try(dot, a, a, 2, "10"), try(dot, a, a, 1, obj()), try(dot, a, a, 1, {}))
end

-- Results of a comparison, where many, one or none are wanted.
local function lt(a, b) return a < b end
local function yes() return true end
local function no() return false end
local function all() return yes(), no(), lt(1, 2), lt(2, 1) end
print(all())
print((yes()), (no()), lt(1, 2) and yes() or no(), select("#", no()), not lt("a", "b"))
yes() no() lt(1, 2)
table.sort(list, function(x, y) return type(x) < type(y) end)
print(type(list[1]), #list)

-- In a coroutine that yields between the two.
local co = coroutine.wrap(function(a)
  local m = setmetatable({}, { __add = function() return coroutine.yield("add") end, __lt = function() return coroutine.yield("lt") end,
    __index = function() return coroutine.yield("index") end })
  local x = m + a + 1
  local y = m.field + 1
  if m < a then y = y * 2 end
  local function back() return m + a end
  return x, y, back()
end)
print(co(5), co(1), co(2), co(true), co(7))

-- A function with many captures behind an upvalue, a field and an element: its instruction is a long one.
local apply, box = function(f, ...) return f(...) end, { [1] = pcall, call = pcall }
local function captures(n)
  local a, b, c, d, e, f, g, h, i, j, k, l, m, o, p, q, r, s, t, u, v, w = n + 0, n + 1, n + 2, n + 3, n + 4, n + 5, n + 6, n + 7, n + 8, n + 9, n + 10, n + 11, n + 12, n + 13, n + 14, n + 15, n + 16, n + 17, n + 18, n + 19, n + 20, n + 21
  local total = apply(function(x) return w + v + u + t + s + r + q + p + o + m + l + k + j + i + h + g + f + e + d + c + b + a + x end, n)
  local _, other = box.call(function(x) return w + v + u + t + s + r + q + p + o + m + l + k + j + i + h + g + f + e + d + c + b + a - x end, n)
  local _, third = box[1](function(x) a = a + x return w + v + u + t + s + r + q + p + o + m + l + k + j + i + h + g + f + e + d + c + b + a end, n)
  apply(function() a, b, c, d, e, f, g, h, i, j, k, l, m, o, p, q, r, s, t, u, v, w = w, v, u, t, s, r, q, p, o, m, l, k, j, i, h, g, f, e, d, c, b, a end)
  return total, other, third, a, w
end
print(captures(1), captures(2.5))

-- The ends of calls: arguments that are copies, a callee in an upvalue, a difference that is none.
local function second(a, b) return b end
local function calls(a, b)
  local f, g = second, mt.__add
  local x = f(a, b)
  local y = second(b, a)
  local z = second(a, b - 1)
  f(b, a)
  return x, y, z, f(x, y), second(a - 1, b)
end
local function down(n) if n < 1 then return n end return (down(n - 1)) end
for _, pair in ipairs { { 1, 2 }, { 2.5, "3" }, { "4", 5.5 }, { obj(), obj() } } do
  local a, b = pair[1], pair[2]
  for i = 1, 3 do calls(a, b) end
  print(try(calls, a, b), try(calls, b, a), try(down, a), try(down, 3))
end
print(pcall(calls, 1, {}), pcall(calls, nil, 1), pcall(down, {}))
print(pcall(function(f, a, b) return (f(a, b)) end, nil, 1, 2), pcall(function(f, a, b) return (f(a, b)) end, 1, 2))
