-- Precedence and associativity.
print(2 + 3 * 4, (2 + 3) * 4, 2 * 3 + 4, 2 ^ 3 ^ 2, (2 ^ 3) ^ 2, -2 ^ 2, (-2) ^ 2, 2 ^ -1, -2 ^ -2)
print(10 - 3 - 2, 10 - (3 - 2), 100 // 7 // 2, 100 // (7 // 2), 2 * 3 % 4, 2 * (3 % 4), 7 % 4 * 2)
print("a" .. "b" .. "c" == "abc", 1 .. 2 == "12", 1 + 2 .. 3 + 4, 2 * 3 .. "" .. 4 ^ 2)
print(not nil == true, not (nil == true), not 1 == 2, #"abc" + 1, -#"abc", - -3, not not nil, ~~5, -~5, ~-5)
print(1 << 2 + 1, (1 << 2) + 1, 1 << 2 << 3, 256 >> 2 >> 1, 5 & 3 | 8, 5 & (3 | 8), 5 ~ 3 & 1, (5 ~ 3) & 1, 1 | 2 ~ 3, 6 & 3 ~ 1)
print(1 < 2 == true, 1 + 1 < 3, "a" .. "b" < "b", 3 - 1 >= 2, 1 << 1 < 3, 5 & 1 == 1 and "lua" or "c", 3 | 4 < 8)
print(1 or 2 and 3, (1 or 2) and 3, nil and 1 or 2, false or nil, nil or false, 1 and 2 or 3, nil and nil or nil, not 1 or 2, not nil and 2)
print(2 ^ 2 * 3, 2 * 3 ^ 2, -3 ^ 2 + 1, 2 ^ 3 .. "", 1 .. -1, 4 // 2 ^ 2, -5 // 2, -(5 // 2), -5 % 3, -(5 % 3))
print(1 == 1.0, 1 ~= 2 == true, "1" == 1, 0 == -0, 0.0 == -0.0, nil == false)
local a, b, c, d = 1, 2, 3, 4
print(a + b * c - d / a, a - b - c - d, a .. b .. c .. d, a < b and b < c and c < d, a * b + c * d, (a + b) * (c + d), a ^ b ^ c, -a ^ b, a + -b, a - -b)
print(a << b | c & d ~ a, a + b << c - d + 2, a .. b + c .. d, not a == b, not (a == b), -a + b, #("x" .. a) + b, a == b == false)
