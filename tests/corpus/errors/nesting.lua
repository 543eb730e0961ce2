--! args = full
--! small = small
-- Protected calls nest as deep as the reference's C stack, and so does every native that calls back.
local function deep(n)
  if n == 0 then return 0 end
  return select(2, pcall(deep, n - 1)) + 1
end
print(pcall(deep, 150))
print(pcall(deep, 190))
print((pcall(deep, 250)))

local count = 0
local function loop()
  count = count + 1
  assert(pcall(loop))
end
local ok, message = pcall(loop)
print(ok, count > 150 and count < 200, message:match("C stack overflow$"))

local function recursive()
  count = count + 1
  string.gsub("a", ".", recursive)
end
count = 0
ok, message = pcall(recursive)
print(ok, count > 150 and count <= 200, message:match("C stack overflow"))

-- an overflow of the Lua stack: handlers have some room, and an overflow in one ends it
if arg[1] == "full" then
  print(xpcall(loop, loop))
  local function endless() return 1 + endless() end
  ok, message = pcall(endless)
  print(ok, message:match("stack overflow"))
  print(xpcall(endless, function(m) return m:match("stack overflow") end))
  print(xpcall(endless, endless))
  print(xpcall(endless, function(m) return m:match("stack overflow") end))
  -- the handler has room for calls of its own
  print(xpcall(endless, function() return select("#", table.unpack({}, 1, 100)) end))
end

-- yields and handlers
local co = coroutine.wrap(function()
  return pcall(pcall, pcall, function() return coroutine.yield(1) end)
end)
print(co(), co(2))
local function resumes(n)
  if n == 0 then return "end" end
  return coroutine.wrap(resumes)(n - 1)
end
print(resumes(100))
print((pcall(resumes, 300)))
