-- Comparators and callbacks that count and capture.
local n = 0 local t = { 5, 3, 8, 1 } table.sort(t, function(a, b) n = n + 1 return a < b end) print(table.concat(t, " "), n > 2) local seen = {} local _ = ("a-b-c"):gsub("%a", function(c) seen[#seen + 1] = c end) print(table.concat(seen)) local acc = 0 for i = 1, 3 do (function(x) acc = acc + x * i end)(10) end print(acc)
