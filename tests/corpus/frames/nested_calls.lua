-- Calls inside the arguments of calls, on both sides of operators, and under other live values.
local function add(a, b) return a + b end
local function sub(a, b) return a - b end
local function id(x) return x end
local function three() return 1, 2, 3 end

print(add(add(1, 2), add(3, 4)))
print(add(add(add(1, 2), add(3, 4)), add(add(5, 6), add(7, 8))))
print(sub(id(10), id(sub(id(4), id(1)))))
print(id(1) + id(2) * id(3) - id(4) // id(2))
print(id(add(id(1), id(2))) .. id("x") .. id(add(3, 4)))
local a, b, c = 1, 2, 3
print(a, id(b), c, id(add(a, id(c))), b)
print(add(three(), three()))
print(add(three()))
print((three()), (add(three())))
print(({ three(), three() })[1], #{ three(), three() }, select("#", three(), three()))
local t = { id(three()), (three()), three() }
print(#t, t[1], t[2], t[3], t[4], t[5])
print(id(id)(id)(id)(7))
local function curry(x) return function(y) return function(z) return x, y, z end end end
print(curry(1)(2)(3))
print(curry(id(1))(id(2))(add(1, 2)))
print(pcall(pcall, pcall, add, 1, 2))
print(not id(false), -id(3), #id("abc"), ~id(5))
if add(1, 2) == 3 and sub(3, 1) == 2 or error("never") then print("condition") end
