-- Integers wrap around; floats do not.
local max, min = math.maxinteger, math.mininteger
print(max + 1 == min, min - 1 == max, max * 2, min * 2, max * max, min * min, -min == min, max + max, min + min, max * min)
print(max + 1.0, min - 1.0, max * 2.0, max + 0.0 == 2 ^ 63, min + 0.0 == -2 ^ 63, max / 1, max // 1)
print(9223372036854775807, 9223372036854775808, -9223372036854775808, 0x7fffffffffffffff, 0xffffffffffffffff, 0x10000000000000000, 0x1p4)
print(max + 1, max + 2, min - 2, max - min, min - max, 3 * (max // 2), (max // 3) * 4)
local x = max for i = 1, 4 do x = x + x print(x) end
x = 1 for i = 1, 70 do x = x * 3 end print(x)
x = 1.0 for i = 1, 70 do x = x * 3 end print(x)
local f, g = 0, 1 for i = 1, 100 do f, g = g, f + g end print(f)
local h = 5381 for i = 1, 30 do h = h * 33 + i end print(h)
h = 14695981039346656037 for i = 1, 5 do h = (h // 1) end print(h)
local seed = 42 local out = {} for i = 1, 6 do seed = (seed * 1103515245 + 12345) & 0x7fffffff out[i] = seed end print(table.concat(out, " "))
print(1 << 62, 1 << 63, 1 << 64, (1 << 63) - 1, math.abs(min), math.abs(max), math.ult(1, -1), math.ult(-1, 1))
