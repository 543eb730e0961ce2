-- Retries by goto, with counters and cleanup.
local tries = 0 ::retry:: tries = tries + 1 local ok = pcall(function() if tries < 3 then error "again" end end) if not ok then goto retry end print(tries) do local n = 0 ::a:: n = n + 1 if n == 1 then goto a elseif n == 2 then goto b end ::b:: print(n) end
