-- Expressions with many pending operands.
local a, b, c, d, e = 1, 2, 3, 4, 5
local function f(x) return x + 1 end
print(a + (b * (c - (d + (e * (a - (b + (c * (d - (e + (a * (b - c))))))))))))
print((((((((((a + b) * c) - d) + e) * a) - b) + c) * d) - e))
print(f(a + f(b * f(c - f(d + f(e * f(a - f(b))))))) , a .. f(b) .. (c .. f(d) .. (e .. f(a))))
print(({ f(a), { f(b), { f(c), { f(d) } } } })[2][2][2][1])
print(a + b + c + d + e + f(a) + f(b) + f(c) + f(d) + f(e) + a * b + b * c + c * d + d * e + e * a)
print(f(a) - (f(b) - (f(c) - (f(d) - (f(e) - (f(a) - (f(b) - (f(c) - (f(d) - f(e))))))))))
print(f(a) < f(b) == (f(c) < f(d)), (f(a) < f(b)) == (f(b) < f(a)), not (f(a) == f(b)) and f(c) or f(d))
local t = { { { { { 7 } } } } } print(t[1][1][1][1][1], t[a][f(0)][b - a][c - b][d - c])
print(((a < b and c or d) + (b < a and c or d)) * ((a == 1 and f(b) or f(c)) - (a == 2 and f(b) or f(c))))
local s = "" for i = 1, 60 do s = s .. "(" end s = s .. "1" for i = 1, 60 do s = s .. "+" .. i .. ")" end print(load("return " .. s)())
s = "1" for i = 1, 150 do s = s .. "+" .. i end print(load("return " .. s)())
s = "x" for i = 1, 120 do s = s .. " .. " .. i end print(#load("local x = 'x' return " .. s)())
s = "0" for i = 1, 90 do s = i .. "-(" .. s .. ")" end print(load("return " .. s)())
s = "f(1)" for i = 1, 80 do s = "f(" .. s .. ")" end print(load("local f = ... return " .. s)(f))
s = "{}" for i = 1, 80 do s = "{" .. s .. "}" end print(type(load("return " .. s)()))
