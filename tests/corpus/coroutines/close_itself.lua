-- A running coroutine may close itself, and coroutine.close without an argument means the running one.
local function C(n, e) return setmetatable({}, { __close = function(_, err) print("close", n, err) if e then error(e, 0) end end }) end
print(pcall(coroutine.close))
local co
co = coroutine.wrap(function() local x <close> = C("self") local ok, m = pcall(coroutine.close, (coroutine.running())) print("never printed?", ok, m) end) print(pcall(co))
local outer outer = coroutine.create(function() local inner = coroutine.create(function() print(pcall(coroutine.close, outer)) end) print(coroutine.resume(inner)) end) coroutine.resume(outer)
