-- Lua calling natives that call Lua: sort, gsub, pcall, tostring, and errors through all of them.
local t = { 5, 2, 8, 1, 9, 3 }
table.sort(t, function(a, b) return a > b end)
print(table.concat(t, " "))
local depth = 0
local function nested(n) if n == 0 then return "leaf" end local ok, v = pcall(nested, n - 1) return v .. n end
print(nested(9))
local function count(n) if n == 0 then return 0 end local r = { pcall(pcall, count, n - 1) } return r[3] + 1 end
print(count(30))
print(pcall(table.sort, { 3, 2, 1 }, function() error("in compare", 0) end))
print(pcall(table.sort, { {}, {}, {} }))
local obj = setmetatable({}, { __tostring = function() return "obj:" .. nested(2) end })
print(obj, tostring(obj))
print(pcall(tostring, setmetatable({}, { __tostring = function() error("no text", 0) end })))
print(pcall(tostring, setmetatable({}, { __tostring = function() return 1 end })))
print(select("#", pcall(function() return 1, nil, nil end)))
local function sorted(n) local r = {} for i = 1, n do r[i] = (i * 7) % n end table.sort(r, function(a, b) if n > 4 then sorted(n // 2) end return a < b end) return r end
print(table.concat(sorted(16), " "))
print(pcall(error)) print(pcall(error, nil)) print(pcall(error, 1)) print(pcall(error, "m", 0))
print(xpcall(function(...) return select("#", ...), ... end, print, 1, nil, 3))
print(pcall(pcall)) print(pcall(xpcall)) print(pcall(xpcall, print))
