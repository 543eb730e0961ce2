--! options = --fuel 100000
--! error = fuel limit reached
--! error = in local 'protected'
--! exit = 123
local function spin() while true do end end
local function protected() return pcall(spin) end
print("begin")
while true do print(protected()) end
