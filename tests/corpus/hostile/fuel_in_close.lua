--! options = --fuel 100000
--! error = fuel limit reached
--! exit = 123
local guard = { __close = function() print("closed") while true do end end }
local function f()
  local a <close> = setmetatable({}, guard)
  local b <close> = setmetatable({}, guard)
  while true do end
end
print("begin")
while true do
  local c <close> = setmetatable({}, guard)
  pcall(f)
end
