-- Sums of floats and integers in different orders.
local s, f = 0, 0.0 for i = 1, 100 do s = s + i f = f + 0.1 end print(s, f, f == 10, math.abs(f - 10) < 1e-9) local h = 0 for i = 1, 20 do h = h + 1 / i end print(h) local k = 0 for i = 20, 1, -1 do k = k + 1 / i end print(k, h == k) print(0.1 + 0.2 + 0.3 == 0.3 + 0.2 + 0.1, 1e16 + 1 - 1e16, (1 << 53) + 1.0)
