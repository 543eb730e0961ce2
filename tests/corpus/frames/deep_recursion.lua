--! args = 190000
--! small = 300
-- Recursion as deep as the stack allows.
local n = tonumber(arg[1])
local function depth(k) if k == 0 then return 0 end return 1 + depth(k - 1) end
print(depth(n))
local function sum(k, ...) if k == 0 then return select("#", ...) end local r = sum(k - 1, ...) return r + 1 end
print(sum(n // 4, 1, 2))
local a, b
function a(k) if k == 0 then return "a" end local r = b(k - 1) return r end
function b(k) if k == 0 then return "b" end local r = a(k - 1) return r end
print(a(n), a(n - 1))
-- Several times, so that the stack is used again after it grew.
local total = 0
for i = 1, 3 do total = total + depth(n // i) end
print(total == n + n // 2 + n // 3)
-- Values below stay whole.
local x, y, z = "x", { 1, 2 }, 3.5
local function keep(k) if k == 0 then return nil end local l = k keep(k - 1) return l end
print(keep(n), x, y[1], y[2], z)
