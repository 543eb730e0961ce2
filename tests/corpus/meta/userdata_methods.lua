-- One instruction looks a method up on userdata, tables and strings in turn, while their metatables change.
local file = io.stdout
local mt = getmetatable(file)
local index = mt.__index

local function name(object)
  return object:name()
end

local function show(what)
  local first, one = pcall(name, file)
  local second, two = pcall(name, file)
  assert(first == second and one == two)
  print(what, first, (tostring(one):gsub("^.-:%d+: ", "")))
end

index.name = function(self) return rawequal(self, file) and "own" end
show("a table")
index.name = function() return "changed" end
show("changed")
mt.__index = setmetatable({}, { __index = index })
show("inherited")
mt.__index = { name = function() return "another" end }
show("another table")
mt.__index = function(_, key) return function() return "computed " .. key end end
show("a function")
mt.__index = index
show("back")
index.name = nil
show("gone")
index.name = function() return "again" end
show("again")

-- Tables and strings at the same place.
local twin = {}
for key, value in pairs(index) do twin[key] = value end
twin.name = function() return "twin" end
string.name = function(s) return "string " .. s end
for _ = 1, 3 do
  print(name(file), name(twin), name(index), name("x"), name(setmetatable({}, { __index = index })))
end
string.name = nil
print(pcall(name, "x"))

-- Another type with a metatable of the same form.
debug.setmetatable(1, { __index = { name = function(n) return "number " .. n end } })
print(name(7), name(file), name(8))
debug.setmetatable(1, nil)
print(pcall(name, 7))
mt.__index = nil
print(pcall(name, file))
mt.__index = index
print(name(file))
