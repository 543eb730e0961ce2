-- Removing elements while walking is allowed.
local t = {} for i = 1, 50 do t["k" .. i] = i end local n = 0 for k, v in pairs(t) do if v % 2 == 0 then t[k] = nil end n = n + 1 end print(n) n = 0 for k, v in pairs(t) do assert(v % 2 == 1) n = n + 1 end print(n) local a = { 1, 2, 3, 4, 5, 6 } for i = #a, 1, -1 do if a[i] % 2 == 0 then table.remove(a, i) end end print(table.concat(a, " "))
