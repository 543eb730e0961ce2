--! options = --sandbox --memory 67108864
--! error = memory limit reached
--! exit = 122
local t = {}
local part = ("x"):rep(1 << 20)
for i = 1, 200 do t[i] = part end
print("begin")
print(pcall(table.concat, t))
