--! small = shallow
-- Metamethods, iterators and closings that call themselves without end. A full stack takes long under stress.
if ... == "shallow" then print "shallow" return end
local mt = {}
mt.__index = function(t, k) return t[k + 1] end
local ok, e = pcall(function() return setmetatable({}, mt)[1] end) print(ok, (tostring(e):gsub("^.-:%d+: ", ""):match("^[^\n(]*")))
mt.__add = function(a, b) return a + b end
ok, e = pcall(function() return setmetatable({}, mt) + 1 end) print(ok, (tostring(e):gsub("^.-:%d+: ", ""):match("^[^\n(]*")))
mt.__lt = function(a, b) return a < b end
ok, e = pcall(function() return setmetatable({}, mt) < setmetatable({}, mt) end) print(ok, (tostring(e):gsub("^.-:%d+: ", ""):match("^[^\n(]*")))
mt.__eq = function(a, b) return a == setmetatable({}, mt) end
ok, e = pcall(function() return setmetatable({}, mt) == setmetatable({}, mt) end) print(ok, (tostring(e):gsub("^.-:%d+: ", ""):match("^[^\n(]*")))
mt.__concat = function(a, b) return a .. b end
ok, e = pcall(function() return setmetatable({}, mt) .. "x" end) print(ok, (tostring(e):gsub("^.-:%d+: ", ""):match("^[^\n(]*")))
mt.__len = function(a) return #a end
ok, e = pcall(function() return #setmetatable({}, mt) end) print(ok, (tostring(e):gsub("^.-:%d+: ", ""):match("^[^\n(]*")))
mt.__newindex = function(t, k, v) t[k] = v end
ok, e = pcall(function() setmetatable({}, mt).x = 1 end) print(ok, (tostring(e):gsub("^.-:%d+: ", ""):match("^[^\n(]*")))
mt.__call = function(self, ...) return self(...) + 1 end
ok, e = pcall(function() return setmetatable({}, mt)() end) print(ok, (tostring(e):gsub("^.-:%d+: ", ""):match("^[^\n(]*")))
mt.__tostring = function(self) return tostring(self) end
ok, e = pcall(function() return tostring(setmetatable({}, mt)) end) print(ok, (tostring(e):gsub("^.-:%d+: ", ""):match("^[^\n(]*")))
mt.__close = function(self) local x <close> = self end
ok, e = pcall(function() local x <close> = setmetatable({}, mt) end) print(ok, (tostring(e):gsub("^.-:%d+: ", ""):match("^[^\n(]*")))
local function r() return pcall(r) end
local function rec() return 1 + rec() end
ok, e = pcall(rec) print(ok, (tostring(e):gsub("^.-:%d+: ", ""):match("^[^\n(]*")))
local function iter() for x in iter do end end
ok, e = pcall(iter) print(ok, (tostring(e):gsub("^.-:%d+: ", ""):match("^[^\n(]*")))
