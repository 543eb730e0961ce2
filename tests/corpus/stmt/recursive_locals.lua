-- local function sees itself; local f = function does not.
local function f(n) return n == 0 and "done" or f(n - 1) end print(f(3)) local g = function(n) return g == nil end print(g()) g2 = "global" local g2 = function() return g2 end print(g2()) do local h h = function(n) return n == 0 and "h done" or h(n - 1) end print(h(2)) end
