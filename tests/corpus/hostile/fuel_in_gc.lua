--! options = --fuel 300000
--! error = fuel limit reached
--! exit = 123
-- A finalizer that never ends, and one that makes the next one.
local function again()
  setmetatable({}, { __gc = function() again() while true do end end })
end
print("begin")
again()
while true do pcall(collectgarbage) end
