-- Strings that look like numbers in every arithmetic operator.
for _, op in ipairs { "+", "-", "*", "/", "//", "%", "^" } do local f = load("local a, b = ... return a " .. op .. " b") print(op, f("10", 3), f(10, "3"), f("10", "3"), f("10.0", 3), f(" 0x10 ", 3)) end print(-"5", -"5.5", - "0x10") print(pcall(load "return 'x' + 1")) print(pcall(load "return '' * 1"))
