-- Keys: floats that are integers, large numbers, booleans, functions, tables, strings that look like numbers.
local t, k, f = {}, {}, function() end
t[1.0] = "one" t["1"] = "string" t[true] = "yes" t[false] = "no" t[k] = "table" t[f] = "function" t[2^53] = "big" t[-0.0] = "zero" t[0.5] = "half" t[math.huge] = "inf" t[math.mininteger] = "min" t[print] = "print"
print(t[1], t["1"], t[true], t[false], t[k], t[f], t[2^53 | 0], t[0], t[0.5], t[math.huge], t[math.mininteger], t[print], t[{}], t[nil], t[0/0], t[1.5])
local n = 0 for _ in pairs(t) do n = n + 1 end print(n) for key in pairs(t) do t[key] = nil end print(next(t)) print(pcall(function() t[nil] = 1 end)) print(pcall(function() t[0/0] = 1 end)) print(pcall(function() return {[nil] = 1} end)) print(pcall(function() t[nil] = nil end))
