-- gsub with a table: keys are the first capture; false and nil keep the match; __index is asked.
local t = { hello = "HI", world = false, [1] = "one" }
print(("hello world foo"):gsub("%w+", t)) print(("hello"):gsub("(h)(e)", { h = "X", e = "Y" })) print(("abc"):gsub("()", { "x", "y", "z", "!" })) print(("$name is $age"):gsub("%$(%w+)", { name = "Lua", age = 30 })) print(("k"):gsub("k", { k = 1.5 })) print(("ab"):gsub("%w", setmetatable({}, { __index = function(_, k) return k .. k end }))) print(("ab"):gsub("%w", setmetatable({}, { __index = { a = "1" } })))
print(pcall(string.gsub, "k", "k", { k = {} })) print(pcall(string.gsub, "k", "k", { k = true })) print(pcall(string.gsub, "k", "k", setmetatable({}, { __index = function() error("idx", 0) end })))
