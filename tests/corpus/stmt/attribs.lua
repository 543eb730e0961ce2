-- const and close, alone and together; every way out of a scope closes.
local function closer(name) return setmetatable({}, { __close = function(_, e) print("close " .. name, e) end }) end
local k <const> = 5 local f <const>, g = function() return k end, 2 print(k, f(), g)
print(load("local x <const> = 1 x = 2")) print(load("local x <close> = nil x = 2")) print(load("local x <foo> = 1")) print(load("local a <close>, b <close> = 1")) print(load("local x <const> = 1 return function() x = 1 end"))
do local a <close> = closer("a") print("in a") end
do local a <close>, b = closer("a"), closer("never") local c <close> = closer("c") print("in ac") end
do local n <close> = nil local m <close> = false print("nil and false close nothing") end
local function ret() local r <close> = closer("r") return "result", 2, nil, 4 end print(ret())
local function multi() local r <close> = closer("multi") return ret() end print(multi())
local function vret(...) local r <close> = closer("vret") return ... end print(vret(1, 2, 3)) print(select("#", vret()), select("#", vret(nil, nil)))
for i = 1, 3 do local l <close> = closer("loop" .. i) if i == 2 then break end print("turn", i) end
for i = 1, 2 do local l <close> = closer("cont" .. i) if i == 1 then goto continue end print("turn", i) ::continue:: end
do local i = 1 ::top:: local w <close> = closer("goto" .. i) i = i + 1 if i <= 3 then goto top end end
while true do local w <close> = closer("while") break end repeat local w <close> = closer("repeat") until true
print(pcall(function() local e <close> = closer("error") error("oops", 0) end))
print(pcall(function() local e1 <close> = closer("e1") local e2 <close> = setmetatable({}, { __close = function(_, e) print("e2", e) error("second", 0) end }) local e3 <close> = closer("e3") error("first", 0) end))
print(pcall(function() local e <close> = setmetatable({}, { __close = function(_, e) print("end", e) error("from close", 0) end }) return "never" end))
print(pcall(function() local x <close> = {} end)) print(pcall(function() local x <close> = 42 end)) print(pcall(function() local yy <close> = "s" end))
do local o = setmetatable({ n = 0 }, { __close = function(s) s.n = s.n + 1 end }) for i = 1, 10 do local c <close> = o end print(o.n) end
local function nested() local a <close> = closer("outer") do local b <close> = closer("inner") if b then return "from inner" end end end print(nested())
local function order() local a <close> = closer("1") local b <close> = closer("2") local c <close> = closer("3") return "values before closing" end print(order())
local x = 1 do local c <close> = setmetatable({}, { __close = function() x = 2 end }) local function r() local d <close> = c return x end print(r(), x) end
-- The fourth value of a generic for.
for i, v in (function(n, c) if c < n then return c + 1, "v" end end), 2, 0, closer("for") do print(i, v) end
for i in (function(n, c) return c + 1 end), 2, 0, closer("for break") do if i == 2 then break end end
local function infor() for i in (function(n, c) return c + 1 end), 2, 0, closer("for return") do if i == 3 then return "out", i end end end print(infor())
print(pcall(function() for i in (function() error("in iterator", 0) end), 1, 0, closer("for error") do end end)) print(pcall(function() for i in print, 1, 0, 5 do end end))
-- The variables of the scope are alive while it closes.
do local v = "alive" local up <close> = setmetatable({}, { __close = function() print(v) v = "changed" end }) local w = v end
local t = {} for i = 1, 3 do local c <close> = setmetatable({}, { __close = function() t[#t + 1] = i end }) local fn = function() return i, c end end print(table.concat(t, " "))
local function tail() local c <close> = closer("no tail call") return (function() print("called before") return "tail" end)() end print(tail())
