-- Coroutines that close, kill, resume and finish themselves and each other; __close and __gc that fail, yield, and bring back.
local function C(f) return setmetatable({}, { __close = f }) end
local co
co = coroutine.create(function() return coroutine.resume(co) end)
print(coroutine.resume(co))
co = coroutine.wrap(function() return pcall(co) end)
print(co())
co = coroutine.create(function() local x <close> = C(function() print(pcall(coroutine.close, co)) end) coroutine.yield() end)
coroutine.resume(co) print(coroutine.close(co))
co = coroutine.create(function() local x <close> = C(function(_, e) error("second: " .. tostring(e), 0) end) error("first", 0) end)
print(coroutine.resume(co)) print(coroutine.close(co)) print(coroutine.close(co))
co = coroutine.create(function() local x <close> = C(function() coroutine.yield("in close") end) coroutine.yield(1) end)
print(coroutine.resume(co)) print(coroutine.close(co))
-- A coroutine that is the last reference to itself.
do
  local list = {}
  for i = 1, 100 do
    local co co = coroutine.create(function() local keep = co coroutine.yield() end)
    coroutine.resume(co)
    list[i % 10] = co
  end
  collectgarbage() collectgarbage()
  print(coroutine.status(list[5]))
end
-- Deep chains of coroutines end in an error, not in a crash.
local function nest(n) return coroutine.wrap(function() return nest(n + 1) end)() end
print((select(2, pcall(nest, 1)):gsub("^.*: ", "")))
local function chain(n) local ok, m = pcall(coroutine.wrap(function() return chain(n + 1) end)) return ok, m end
print(type(select(2, chain(1))))
-- Protected calls in each other, and handlers that fail.
local function deep(n) return pcall(deep, n + 1) end
print(select('#', deep(1)) > 150, select(-1, deep(1)))
local function bad(m) error(m) end
print(xpcall(error, bad, "x"))
print(xpcall(function() local a <close> = C(function() error("c", 0) end) error("b", 0) end, function(m) return m .. "!" end))
-- Errors in a chain of __close replace each other, and all of them run.
do
  local ran = 0
  local ok, m = pcall(function()
    local a <close> = C(function(_, e) ran = ran + 1 error("a after " .. tostring(e), 0) end)
    local b <close> = C(function(_, e) ran = ran + 1 error("b after " .. tostring(e), 0) end)
    local c <close> = C(function(_, e) ran = ran + 1 coroutine.wrap(error)("c after " .. tostring(e)) end)
    error("start", 0)
  end)
  print(ran, ok, (m:gsub("[^ ]*:%d+: ", "")))
end
-- A finalizer that brings its object back, registers it again, fails, and makes new ones.
do
  local times, kept = 0, nil
  local meta = {}
  meta.__gc = function(o)
    times = times + 1
    kept = o
    if times < 5 then setmetatable(o, meta) end
    setmetatable({}, { __gc = function() return nil end })
    for i = 1, 10 do local t = {} t[1] = t end
  end
  setmetatable({ "payload" }, meta)
  for i = 1, 12 do kept = nil collectgarbage() end
  print(times, kept)
end
-- Weak tables whose entries finalize and come back.
do
  local weak = setmetatable({}, { __mode = "kv" })
  local back = {}
  for i = 1, 20 do local o = setmetatable({ i }, { __gc = function(o) back[#back + 1] = o weak[o] = o end }) weak[i] = o weak[o] = i end
  collectgarbage() collectgarbage()
  print(#back, back[1] and #back[1])
  back = nil
  collectgarbage() collectgarbage()
  print(next(weak))
end
