-- Trigonometry within rounding.
local function r(x) return string.format("%.10f", x) end for d = 0, 360, 45 do local a = math.rad(d) print(d, r(math.sin(a) + 0.0), r(math.cos(a) + 0.0), r(math.deg(a))) end print(r(math.atan(1, 1) * 4), r(math.acos(-1)), r(math.asin(1) * 2), r(math.log(math.exp(2))), r(math.exp(math.log(10))))
