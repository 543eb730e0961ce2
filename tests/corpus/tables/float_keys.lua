-- Floats with integer values are integers as keys; others stay floats.
local t = {} for i = 1, 10 do t[i / 2] = i end print(t[1], t[0.5], t[1.5], t[5], math.type(next({ [2.0] = 1 }))) t[2^40] = "big" print(t[1 << 40], t[2^40 + 0.0]) t[-1.0] = "neg" print(t[-1]) t[1e300] = "huge" print(t[1e300], t[math.huge])
