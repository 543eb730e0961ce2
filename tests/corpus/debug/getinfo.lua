-- debug.getinfo: every field, every way to name what it is about.
local function show(info, ...)
  if not info then print(info, ...) return end
  local keys = {}
  for k in pairs(info) do keys[#keys + 1] = k end
  table.sort(keys)
  local out = {}
  for _, k in ipairs(keys) do
    local v = info[k]
    if type(v) == "function" or type(v) == "table" then v = type(v) end
    if k == "source" or k == "short_src" then v = #v > 40 and "long" or v:gsub("tests/corpus/debug/", "") end
    out[#out + 1] = k .. "=" .. tostring(v)
  end
  print(table.concat(out, " "))
end

local function f(a, b, ...)
  show(debug.getinfo(1))
  local x = 1
  return x
end
f(1, 2, 3)
local y = f()
show(debug.getinfo(f))
show(debug.getinfo(print))
show(debug.getinfo(1))
show(debug.getinfo(0))
show(debug.getinfo(f, "u"))
show(debug.getinfo(f, "n"))
show(debug.getinfo(f, ""))
show(debug.getinfo(f, "tr"))
show(debug.getinfo(100))
show(debug.getinfo(-1))
show(debug.getinfo(1, "l"))
for _, args in ipairs{{print, "X"}, {0, ">"}, {}, {"x"}, {f, 1}, {1, {}}, {1.5}, {f, "Sx"}, {{}}} do
  print(pcall(debug.getinfo, table.unpack(args)))
end

-- names
local t = {f = function() return debug.getinfo(1, "n") end}
local function names(info) print(info.namewhat, info.name) end
names(t.f())
names(t["f"]())
names((t.f)())
function t:m() return debug.getinfo(1, "n") end
names(t:m())
function G() return debug.getinfo(1, "n") end
names(G())
local up = t.f
names(up())
names((function() local r = up() return r end)())
names((function() return up() end)())
names(({pcall(up)})[2])
local meta = setmetatable({}, {
  __index = function() return debug.getinfo(1, "n") end,
  __add = function() return debug.getinfo(1, "n") end,
  __unm = function() return debug.getinfo(1, "n") end,
  __concat = function() return debug.getinfo(1, "n") end,
  __len = function() return debug.getinfo(1, "n") end,
  __call = function() return debug.getinfo(1, "nt") end,
  __lt = function() names(debug.getinfo(1, "n")) end,
  __le = function() names(debug.getinfo(1, "n")) end,
  __eq = function() names(debug.getinfo(1, "n")) end,
  __newindex = function() names(debug.getinfo(1, "n")) end,
  __close = function() names(debug.getinfo(1, "n")) end,
})
names(meta.x) names(meta + 1) names(-meta) names(meta .. "x") names(#meta) names(meta())
print(meta().extraargs)
local _ = meta < meta, meta <= meta, meta == setmetatable({}, getmetatable(meta))
meta.y = 1
do local c <close> = meta end
for i in function(_, c) if not c then names(debug.getinfo(1, "n")) return 1 end end do end
names(({[1] = up})[1]())
names((string.gsub("x", "x", function() names(debug.getinfo(1, "n")) end)) and {})

-- tail calls
local function tailed() return debug.getinfo(1, "ntl"), debug.getinfo(2, "nt") end
local function tails() return tailed() end
local a, b = tails()
print(a.istailcall, a.name, b.istailcall, b.name)

-- chains of __call
local c1 = setmetatable({}, {__call = up})
local c2 = setmetatable({}, {__call = c1})
print(debug.getinfo(f, "t").extraargs)
local function extra() return debug.getinfo(1, "t").extraargs end
local e1 = setmetatable({}, {__call = extra})
local e2 = setmetatable({}, {__call = e1})
print((extra()), (e1()), (e2()))

-- other coroutines
local co = coroutine.create(function(x) local y = coroutine.yield(x) error("oops") end)
show(debug.getinfo(co, 0))
coroutine.resume(co, 1)
show(debug.getinfo(co, 0))
show(debug.getinfo(co, 1))
show(debug.getinfo(co, 2))
show(debug.getinfo(co, f, "S"))
print(pcall(debug.getinfo, co))
coroutine.resume(co)
show(debug.getinfo(co, 0, "Sl"))
show(debug.getinfo(co, 1, "Sl"))
local main = coroutine.running()
coroutine.wrap(function() show(debug.getinfo(main, 0, "n")) show(debug.getinfo(main, 1, "l")) end)()
co = coroutine.wrap(function() return 1 end)
co()
