-- debug.traceback of this and other coroutines.
local function show(text) print((text:gsub("tests/corpus/debug/", ""))) end
local function f(level) return (debug.traceback("message", level)) end
show(f()) show(f(0)) show(f(1)) show(f(2)) show(f(100))
show(debug.traceback())
show(debug.traceback(nil))
show(debug.traceback(12))
print(debug.traceback(print) == print, debug.traceback({}) ~= nil, debug.traceback(nil, 100))
print(pcall(debug.traceback, "x", "y"))
local t = {}
function t.field() show(debug.traceback("field")) end
function t:method() t.field() end
t:method()
local function tail() return t:method() end
tail();
(function() return tail() end)()
local co = coroutine.create(function(n)
  local function inner(k)
    if k > 0 then inner(k - 1) else coroutine.yield() end
  end
  inner(n)
end)
show(debug.traceback(co))
coroutine.resume(co, 2)
show(debug.traceback(co)) show(debug.traceback(co, "text")) show(debug.traceback(co, nil, 2)) show(debug.traceback(co, "x", 50))
coroutine.resume(co)
show(debug.traceback(co))
co = coroutine.create(function() local x = nil; x() end)
coroutine.resume(co)
show(debug.traceback(co))
co = coroutine.create(function() error("here") end)
coroutine.resume(co)
show(debug.traceback(co, "dead"))
xpcall(function() local x; x.y = 1 end, function(m) show(debug.traceback(m)) end)
xpcall(function() error("e") end, function(m) show(debug.traceback(m, 2)) end)
xpcall(error, function(m) show(debug.traceback(m)) end, "plain")
local meta = setmetatable({}, {__add = function() show(debug.traceback("add")) end, __index = function() show(debug.traceback("index")) end})
local _ = meta + 1
_ = meta.x
for i in function(_, c) if not c then show(debug.traceback("for")) return 1 end end do end
do
  local c <close> = setmetatable({}, {__close = function() show(debug.traceback("close")) end})
end
pcall(function()
  local c <close> = setmetatable({}, {__close = function(_, e) show(debug.traceback("closing after " .. tostring(e))) end})
  error("failed", 0)
end)
table.sort({3, 2, 1}, function(a, b) if a == 3 then show(debug.traceback("sort")) end return a < b end)
show(load("return debug.traceback('loaded')", "=loaded")())
show(load("local function g() return (debug.traceback('inner')) end return (g())", "=loaded")())
coroutine.wrap(function() show(debug.traceback("wrapped")) end)()
debug.sethook(function() debug.sethook() show(debug.traceback("hook")) end, "l")
local x = 1
