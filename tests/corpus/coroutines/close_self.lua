-- A running coroutine closes itself (5.5): its pending variables run, natives in between are left, and its resumer sees
-- an end without values, or the last error.
local function closing(f) return setmetatable({}, { __close = f }) end

local co = coroutine.create(function()
  local x <close> = closing(function(_, e)
    print("closing", e, coroutine.status(coroutine.running()), coroutine.isyieldable())
  end)
  coroutine.close()
  print("not reached")
end)
print(coroutine.resume(co))
print(coroutine.status(co), coroutine.close(co))

-- from inside a native that called back
co = coroutine.create(function()
  local x <close> = closing(function() print("closing in sort") end)
  table.sort({ 3, 2, 1 }, function() coroutine.close(coroutine.running()) end)
  print("not reached")
end)
print(coroutine.resume(co))
print(coroutine.status(co))
co = coroutine.create(function()
  return load(function() coroutine.close() end)
end)
print(coroutine.resume(co))
co = coroutine.create(function()
  return xpcall(error, function() coroutine.close() end, "x")
end)
print(coroutine.resume(co))

-- no protected call stops it, and errors of variables replace each other
local wrapped = coroutine.wrap(function()
  local y <close> = closing(function(_, e) print("y", e) error("Y", 0) end)
  local x <close> = closing(function(_, e) print("x", e) error("X", 0) end)
  pcall(function() coroutine.close() end)
  print("not reached")
end)
print(pcall(wrapped))
wrapped = coroutine.wrap(function() coroutine.close() end)
print(pcall(wrapped))
print(pcall(wrapped))

-- while another closes it
co = coroutine.create(function()
  local y <close> = closing(function() print("outer") end)
  local x <close> = closing(function() coroutine.close(co) end)
  coroutine.yield(20)
end)
print(coroutine.resume(co))
print(coroutine.close(co))

-- a coroutine that is being closed cannot yield
wrapped = coroutine.wrap(function()
  local _ <close> = closing(function() print(pcall(coroutine.yield, 1)) end)
  error("x", 0)
end)
print(pcall(wrapped))
co = coroutine.create(function()
  local _ <close> = closing(function() print(coroutine.isyieldable(), pcall(coroutine.yield, 1)) end)
  coroutine.yield()
end)
coroutine.resume(co)
print(coroutine.close(co))
print(pcall(coroutine.close))
print(pcall(coroutine.close, 1))

-- what may yield and what may not
co = coroutine.create(function()
  local t = setmetatable({}, { __pairs = function(_) coroutine.yield(1) return 1, 2, 3, 4, 5 end })
  print(pairs(t))
  print(pairs(setmetatable({}, { __pairs = function() end })))
  return 7
end)
print(coroutine.resume(co))
print(coroutine.resume(co))
for _, f in ipairs {
  function() return xpcall(error, function(m) coroutine.yield(m) end, "a") end,
  function() string.gsub("a", ".", coroutine.yield) end,
  function() table.sort({ 1, 2 }, coroutine.yield) end,
  function() return load(function() coroutine.yield() end) end,
  function() return tostring(setmetatable({}, { __tostring = coroutine.yield })) end,
  function() return table.concat(setmetatable({}, { __len = coroutine.yield })) end,
  function() return table.unpack(setmetatable({}, { __index = coroutine.yield }), 1, 2) end,
} do
  print(pcall(coroutine.wrap(f)))
end
