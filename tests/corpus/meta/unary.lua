-- __unm, __bnot and __len get the operand twice, and any results are cut to one.
local mt = { __unm = function(a, b) return "unm", rawequal(a, b) end, __bnot = function(a, b) return rawequal(a, b), 2 end, __len = function(a, b) return b end }
local t = setmetatable({}, mt)
print(-t, ~t, (#t) == t, - -5, ~~5)
print((function() return -t end)())
mt.__unm = nil print(pcall(function() return -t end)) mt.__bnot = nil print(pcall(function() return ~t end)) mt.__len = nil print(#t)
