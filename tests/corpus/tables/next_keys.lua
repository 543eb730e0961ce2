-- next refuses keys that are not there, and goes on behind those that were just cleared.
print(pcall(next, { 10, 20 }, 3))
print(pcall(next, { 10, 20 }, 0))
print(pcall(next, { 10, 20 }, "x"))
print(pcall(next, { x = 1 }, "y"))
print(pcall(next, {}, 1))
print(next({ 10, 20 }, 2))
local t = {}
for i = 1, 100 do t[i] = i end
local seen = 0
for k in pairs(t) do t[k] = nil seen = seen + k end
print(seen, next(t), #t)
t = { 1, 2, 3, a = 1, b = 2, [true] = 3, [1.5] = 4 }
local count = 0
for k in next, t do t[k] = undef count = count + 1 end
print(count, next(t))
