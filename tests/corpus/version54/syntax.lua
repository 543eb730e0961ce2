--! std = 5.4
-- Syntax errors as 5.4 puts them.
local function bad(s) print(select(2, load(s, "=s"))) end for _, s in ipairs { "x", "x =", "for i = 1", "local x <foo> = 1", "goto x", "x = }", "f(", "x = 'abc", "return return", "local function f() return ... end", "::a:: ::a::", "global x", "local x <const> = 1; x = 2", "function f(... t) end", "local <const> x = 1", "x = 0x", "a.b:c = 1", "if x then", "repeat", "x = \"\\q\"", "x = [[abc" } do bad(s) end
