-- Tables and functions that nobody reads are garbage all the same: programs wait for the collector by making some.
local function wait(make)
  local finished, n = false, 0
  setmetatable({}, { __gc = function() finished = true end })
  repeat
    make()
    n = n + 1
  until finished or n > 10000000
  return finished
end
print(wait(function() local t = {} end))
print(wait(function() local t = { 1, 2, x = 3 } end))
local finished, n = false, 0
setmetatable({}, { __gc = function() finished = true end })
repeat local unused = {} n = n + 1 until finished or n > 10000000
print(finished)
finished, n = false, 0
setmetatable({}, { __gc = function() finished = true end })
repeat local i local unused = function() return i end n = n + 1 until finished or n > 10000000
print(finished)
