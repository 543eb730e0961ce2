--! std = 5.4
-- Floats have 14 digits in 5.4.
print(0.1, 0.1 + 0.2, 1/3, 100/3, 2^53, 2^63, 1e15, 1e14, 123456789012345.0, 1e100, 3.0, -0.0, math.pi, 1e-5, 123.456e10, 5e-324, 1.7976931348623157e308) print(1/3 .. "", tostring(2/3), string.format("%s", 0.1 + 0.2), 1e15 .. "") io.write(1/3, " ", 0.1 + 0.2, "\n") print(string.format("%.17g", 0.1), string.format("%q", 0.1), #tostring(1/3)) local t = { 0.1, 1/3 } print(table.concat(t, " "))
