-- __eq is not asked for table keys or rawequal.
local mt = { __eq = function() return true end } local a, b = setmetatable({}, mt), setmetatable({}, mt) local t = { [a] = "a" } print(a == b, t[a], t[b], rawequal(a, b)) t[b] = "b" print(t[a], t[b]) local n = 0 for _ in pairs(t) do n = n + 1 end print(n) print(a ~= b, a == {}, {} == a, a == nil, a == 1)
