--! options = --fuel 200000
--! error = fuel limit reached
--! exit = 123
local function spin() while true do coroutine.yield() end end
print("begin")
local wrapped = coroutine.wrap(function()
  local inner = coroutine.create(function()
    local guard <close> = setmetatable({}, { __close = function() print("closed") end })
    while true do pcall(function() while true do end end) end
  end)
  while true do print(coroutine.resume(inner)) end
end)
while true do
  print(pcall(wrapped))
  local co = coroutine.create(spin)
  while true do coroutine.resume(co) print(coroutine.close(co)) end
end
