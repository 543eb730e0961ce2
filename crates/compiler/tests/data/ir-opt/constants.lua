--! dump = ir-opt
local debugging = false
local size <const> = 4
local total = 0
for i = 1, size * 2 do
  if debugging then print(i) end
  total = total + i * 2
end
local x = 3
local y = x + 4
local z = y == 7 and "seven" or "other"
return total, z
