-- Hooks of calls, returns, lines and counts.
local log = {}
local function note(event, line)
  local info = debug.getinfo(2, "nSltr")
  log[#log + 1] = event .. (line and ":" .. line or "") .. " " .. tostring(info.name) .. " " .. info.what
end
local function run(mask, count, f, ...)
  log = {}
  debug.sethook(note, mask, count)
  local ok, err = pcall(f, ...)
  debug.sethook()
  print(mask, count, ok, err)
  for _, entry in ipairs(log) do print("  " .. entry) end
end
print(debug.gethook())
local function leaf(x) return x end
local function tail(x) return leaf(x) end
local function deep(x)
  local y = leaf(x)
  return tail(y)
end
run("c", nil, deep, 1)
run("r", nil, deep, 1)
run("cr", nil, deep, 1)
run("cr", nil, function() return select(2, 1, 2) end)
run("cr", nil, function() for k in pairs{1} do end end)
run("cr", nil, function() return #setmetatable({}, {__index = leaf}).x end)
run("cr", nil, function() error("oops", 0) end)
run("crl", nil, function()
  local co = coroutine.wrap(function() coroutine.yield(1) end)
  co() co()
end)

-- what a hook is
debug.sethook(note, "crl", 7)
local f, mask, count = debug.gethook()
debug.sethook()
print(f == note, mask, count)
debug.sethook(note, "")
print(debug.gethook())
debug.sethook(note, "", 0)
print(debug.gethook())
debug.sethook(note, "xyz")
print(debug.gethook())
print(pcall(debug.sethook, 1, "l"))
print(pcall(debug.sethook, print))
print(pcall(debug.sethook, print, {}))
print(pcall(debug.sethook, print, "l", "x"))
print(select("#", debug.sethook()))

-- hooks of other coroutines
local co = coroutine.create(function() local a = 1
  local b = 2
  coroutine.yield()
  local c = 3
end)
local lines = {}
debug.sethook(co, function(_, l) lines[#lines + 1] = l end, "l")
print(debug.gethook() == nil, select(2, debug.gethook(co)))
coroutine.resume(co)
debug.sethook(co)
coroutine.resume(co)
print(#lines, lines[2] - lines[1], lines[3] - lines[2])

-- a new coroutine has its maker's mask, and no function
debug.sethook(function() end, "l")
local child = coroutine.create(function() end)
print(debug.gethook(child))
debug.sethook()

-- errors in hooks
local function fails() debug.sethook() error("in the hook", 0) end
print(pcall(function() debug.sethook(fails, "l") local x = 1
  local y = 2 end))
debug.sethook()
print(pcall(function() debug.sethook(fails, "c") leaf(1) end))
debug.sethook()
print(pcall(function() debug.sethook(fails, "r") leaf(1) end))
debug.sethook()
print(pcall(function() debug.sethook(fails, "", 1) leaf(1) end))
debug.sethook()
print(pcall(function() debug.sethook(function() debug.sethook() coroutine.yield() end, "l")
  local x = 1 end))
debug.sethook()
print(pcall(coroutine.wrap(function()
  debug.sethook(function() debug.sethook() coroutine.yield() end, "l")
  return pcall(function()
    local x = 1 end)
end)))
print(select(2, xpcall(function() debug.sethook(fails, "l")
  local x = 1
end, function(m) debug.sethook() return "handled " .. m end)))

-- values on their way
local function transfer(event)
  local info = debug.getinfo(2, "r")
  local out = {event}
  for i = info.ftransfer, info.ftransfer + info.ntransfer - 1 do
    local _, v = debug.getlocal(2, i)
    out[#out + 1] = tostring(v)
  end
  log[#log + 1] = table.concat(out, " ")
end
log = {}
local function two(a, b) return a, b end
local function more(a, ...) return ... end
debug.sethook(transfer, "cr")
two(1, 2)
more(1, 2, 3)
two((more(4, 5)))
select(-1, "x", "y")
debug.sethook()
for _, entry in ipairs(log) do print(entry) end

-- a hook that looks and changes
local function victim()
  local v = 1
  v = v + 1
  return v
end
debug.sethook(function(_, line)
  local name, v = debug.getlocal(2, 1)
  if name == "v" and v == 1 then debug.setlocal(2, 1, 41) end
end, "l")
local got = victim()
debug.sethook()
print(got)

-- counts
local n = 0
debug.sethook(function() n = n + 1 end, "", 100)
for i = 1, 10000 do end
debug.sethook()
print(n > 80 and n < 500)

-- garbage while hooked
local keep = {}
debug.sethook(function() collectgarbage() end, "l")
for i = 1, 5 do
  local t = {i, {i}}
  local s = "s" .. i
  keep[#keep + 1] = t[1] .. s .. #t
end
debug.sethook()
print(table.concat(keep, " "))
print(getmetatable(debug.getregistry()._HOOKKEY).__mode)
