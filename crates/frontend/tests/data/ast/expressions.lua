local a = 1 + 2 * 3 - -4 ^ 2 ^ 3 .. "x" .. "y"
local b = not a == b and #c < ~d or e >> 1 | 2 ~ 3 & 4
local c = (f(...)), f{1, x = 2, [y] = 3; g()}, f"s", o:m(1)(2).z[3]
local d = function(a, b, ...) return a, b, ... end
local e = a // b % c / d, a ~= b, a <= b, a > b, a >= b, nil, true, false
