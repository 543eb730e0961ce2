--! std = 5.4
-- To-be-closed variables get nil as error argument when there is none.
local function C(n) return setmetatable({}, { __close = function(...) print(n, select("#", ...), (select(2, ...))) end }) end do local a <close> = C "block" end print(pcall(function() local a <close> = C "error" error("x", 0) end)) local co = coroutine.create(function() local a <close> = C "coroutine" coroutine.yield() end) coroutine.resume(co) print(coroutine.close(co)) for _ in (function() return function() end, nil, nil, C "for" end)() do end
