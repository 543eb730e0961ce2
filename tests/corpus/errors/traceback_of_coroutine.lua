-- Tracebacks of suspended and failed coroutines.
local co = coroutine.create(function() local x = 1 coroutine.yield(x) error("co") end)
coroutine.resume(co) print(debug.traceback(co)) print(debug.traceback(co, "msg")) print(coroutine.resume(co)) print(debug.traceback(co))
