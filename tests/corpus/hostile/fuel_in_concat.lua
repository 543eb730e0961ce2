--! options = --fuel 20000000 --timeout 50
--! error = fuel limit reached
--! exit = 123
local t = {}
for i = 1, 10000 do t[i] = "0123456789" end
print("begin")
while true do pcall(table.concat, t, ",") end
