-- Call and return hooks.
local log = {} local function f() return 1 end local function g() local x = f() return f() end debug.sethook(function(e) log[#log + 1] = e end, "cr") g() debug.sethook() print(table.concat(log, " ", 2, math.min(8, #log))) local n = 0 debug.sethook(function() n = n + 1 end, "", 100) for i = 1, 1000 do end debug.sethook() print(n > 0)
