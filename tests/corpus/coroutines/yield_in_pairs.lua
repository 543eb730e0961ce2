-- __pairs may yield.
local co = coroutine.wrap(function() local r = {} for k, v in pairs(setmetatable({}, { __pairs = function() coroutine.yield("pairs") return function(_, k) coroutine.yield("next") if not k then return 1, "v" end end end })) do r[k] = v end return r[1] end)
print(co()) print(co()) print(co()) print(co())
