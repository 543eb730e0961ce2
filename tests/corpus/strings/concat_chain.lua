-- Long chains of concatenation: order, mixed numbers, metamethods in the middle, empties.
local a, b, c = "a", 1, 2.5
print(a .. b .. c .. a .. "" .. b .. "" .. c, b .. c, b .. b)
local log = {}
local mt = { __concat = function(x, y) local f = function(v) return type(v) == "table" and "T" or tostring(v) end log[#log + 1] = f(x) .. "+" .. f(y) return f(x) .. f(y) end }
local t = setmetatable({}, mt)
print("x" .. "y" .. t .. "z" .. 1, table.concat(log, " "))
log = {} print(t .. t .. t, table.concat(log, " "))
log = {} print(1 .. t .. "end", table.concat(log, " "))
local s = "" for i = 1, 300 do s = s .. i .. "," end print(#s, s:sub(-20))
local function v(...) return (...) .. select(2, ...) .. select(3, ...) end print(v("p", 2, "q"))
print(pcall(function() return "a" .. {} .. "b" end)) print(pcall(function() return "a" .. nil end)) print(pcall(function() local x = true return x .. "a" end)) print(pcall(function() return 1 .. print end))
