-- Fields that constructors and assignments leave nil: absent to next, to __index and __newindex, and set later.
local function make(a, b, c) return { a = a, b = b, c = c } end
local all = { make(1, 2, 3), make(nil, 2, 3), make(1, nil, nil), make(nil, nil, nil), make(false, nil, 3) }
for i, t in ipairs(all) do
  local names = {}
  for k, v in pairs(t) do names[#names + 1] = k .. "=" .. tostring(v) end
  table.sort(names)
  print(i, table.concat(names, " "), next(t) == nil, rawlen(t), t.a, t.b, t.c)
end
for _, t in ipairs(all) do t.b = "set" end
for i, t in ipairs(all) do print(i, t.a, t.b, t.c) end
local log = {}
local class = setmetatable({ x = "class x", y = "class y" }, { __index = function(_, k) return "no " .. k end })
local meta = { __index = class, __newindex = function(t, k, v) log[#log + 1] = k .. "=" .. tostring(v) rawset(t, k, v) end }
for i = 1, 3 do
  local o = setmetatable({ x = nil, z = i }, meta)
  print(o.x, o.y, o.z, o.w)
  o.x = nil o.x = i o.y = nil o.y = i o.z = nil
  print(o.x, o.y, o.z, rawget(o, "z"), rawget(o, "y"))
end
print(table.concat(log, " "))
local grown = {}
for i = 1, 40 do grown["f" .. i % 3] = nil end
grown.one = nil grown.two = 2 grown.one = 1
for _, k in ipairs({ "one", "two", "f0" }) do print(k, grown[k]) end
local count = 0
for _ in pairs(grown) do count = count + 1 end
print(count)
local wide = { a = nil, b = nil, c = nil, d = nil, e = nil, f = nil, g = nil, h = nil, i = nil, j = nil, k = nil, l = nil, m = nil, n = nil, o = nil, p = nil, q = nil, r = 1 }
print(next(wide), wide.a, wide.q)
for _, t in ipairs(all) do setmetatable(t, { __index = { a = "A", c = "C" } }) print(t.a, t.b, t.c) end
