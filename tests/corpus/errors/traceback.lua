-- Tracebacks name functions by how they were called.
local function show(t) print((t:gsub("\n\t%[C%]: in %?$", ""))) end
local function third() error("trace me") end
local function second() third() return 1 end
function first() second() return 1 end
local t = { field = function() first() return 1 end, sub = {} }
function t:method() self.field() return 1 end
function t.sub.deep() t:method() return 1 end
local ok, tb = xpcall(function() t.sub.deep() return 1 end, debug.traceback) show(tb)
ok, tb = xpcall(function() local up = t up.sub.deep() return 1 end, function(m) return debug.traceback("H: " .. m, 1) end) show(tb)
local function tail(n) if n == 0 then error("in tail") end return tail(n - 1) end ok, tb = xpcall(tail, debug.traceback, 3) show(tb)
ok, tb = xpcall(function() return nil + 1 end, debug.traceback) show(tb) ok, tb = xpcall(function() local x = setmetatable({}, { __add = function(a, b) error("meta") end }) return x + 1 end, debug.traceback) show(tb)
ok, tb = xpcall(function() for i in function() error("iter") end do end end, debug.traceback) show(tb) ok, tb = xpcall(table.sort, debug.traceback, { 1, 2, 3 }, function() error("cmp") end) show(tb)
print(debug.traceback({}) ~= nil, type(debug.traceback(5)), debug.traceback(nil) == nil)
local function deep(n) if n == 0 then error("deep") end deep(n - 1) return 1 end ok, tb = xpcall(deep, debug.traceback, 40) show(tb) show(debug.traceback("here", 1)) show(debug.traceback("level 0", 0))
