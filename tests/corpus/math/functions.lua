-- Every elementary function at points with exact or well rounded results.
print(math.abs(-5), math.abs(5), math.abs(-5.5), math.abs(math.mininteger), math.abs(-0.0), math.abs("-3"), math.abs(-1/0))
print(math.sqrt(16), math.sqrt(2), math.sqrt(0), math.exp(0), math.exp(1), math.log(1), math.log(100, 10), math.log(8, 2), math.log(27, 3), math.log(0), math.log(2), math.log(1024, 2.0))
print(math.sin(0), math.cos(0), math.tan(0), math.asin(1), math.acos(1), math.atan(1), math.atan(1, -1), math.atan(0, -1), math.atan(-0.0, -1), math.atan(1, 0), math.deg(math.pi), math.rad(180), math.pi)
print(math.max(1), math.max(1, 2.5, -3), math.max(2, 2.0), math.max(2.0, 2), math.min(1), math.min(3, 1, 2), math.min(1.0, 1), math.max(-1/0, 0), pcall(math.min, "10", 9), math.ult(1, 2), math.ult(-1, 2), math.ult(1, -1), math.ult(5, 5))
local s = math.sqrt(-1) print(s ~= s, math.log(-1) ~= math.log(-1), math.huge, -math.huge, math.maxinteger, math.mininteger)
for _, f in ipairs { "abs", "ceil", "floor", "sqrt", "sin", "exp", "log", "max", "min", "deg", "rad", "atan" } do print(f, pcall(math[f])) print(f, pcall(math[f], "x")) local ok, m = pcall(math[f], {}) print(f, ok, ok and type(m) or m) end print(pcall(math.ult, 1)) print(pcall(math.ult, 1.5, 2)) print(pcall(math.max, 1, "x")) print(pcall(math.log, 2, "x"))
