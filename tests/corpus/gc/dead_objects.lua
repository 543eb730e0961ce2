-- Loops that only make dead objects come to a collection: scripts wait in them for finalizers.
local function wait(make)
  local finish = false
  setmetatable({}, { __gc = function() finish = true end })
  repeat make() until finish
  return finish
end
print(wait(function() local t = {} end))
print(wait(function() local f = function() return wait end end))
local finish = false
local u = setmetatable({}, { __gc = function() finish = true end })
repeat u = {} until finish
print(finish)
finish = false
u = setmetatable({}, { __gc = function() finish = true end })
repeat local i u = function() return i end until finish
print(finish)
