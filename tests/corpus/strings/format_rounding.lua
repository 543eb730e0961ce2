-- Rounding of decimal conversions.
for _, v in ipairs { 0.5, 1.5, 2.5, 0.125, 0.375, 1.005, 2.675, 1e21, 123456789, 0.1, 99.995 } do print(string.format("%.0f %.1f %.2f %.3e %.3g %g", v, v, v, v, v, v)) end
