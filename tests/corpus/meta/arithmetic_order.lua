-- The left operand's handler first, the right one's if it has none; handlers that are callable tables.
local function T(name, events) local mt = {} for _, e in ipairs(events) do mt["__" .. e] = function(a, b) local f = function(v) return type(v) == "table" and v.name or tostring(v) end return name .. ":" .. f(a) .. e .. f(b) end end return setmetatable({ name = name }, mt) end
local a, b, c = T("a", { "add", "sub" }), T("b", { "add", "mul" }), T("c", {})
print(a + b, b + a, a + 1, 1 + a, a + c, c + a, c + b, a - b, b - a, a * b, b * a, 2 * b, b * 2.5, "x" + a, a + "x", nil == a)
print(pcall(function() return c + c end)) print(pcall(function() return a * c end)) print(pcall(function() return c + nil end))
local callable = setmetatable({}, { __add = setmetatable({}, { __call = function(self, x, y) return "called", x, y end }) }) print(callable + 1) print(pcall(function() return setmetatable({}, { __add = 5 }) + 1 end)) print(pcall(function() return setmetatable({}, { __add = {} }) + 1 end))
