--! dump = bytecode
--! level = 0
local a, b, c = ...
local arith = a + b * 2 - c / 4 % 5 ^ 2 // 3
local bits = a & 1 | b ~ c << 3 >> 2
local unary = -a, ~b, #c, not a
local compare = a < b, a > b, a <= 1, a ~= nil, a == "x"
local logic = a and b or not c and (a or b)
local text = "x" .. a .. 1 .. b.c
local fields = a.b.c[1][a][2.5]
print(arith, bits, unary, compare, logic, text, fields, (...), ...)
