--! options = --fuel 20000000 --timeout 50
--! error = fuel limit reached
--! exit = 123
local t = {}
for i = 1, 2000 do t[i] = (i * 7919) % 2003 end
print("begin")
while true do
  for i = 1, #t do t[i] = (i * 7919) % 2003 end
  for i = 1, 1000 do pcall(table.sort, t) end
end
