--! options = --fuel 100000
--! error = fuel limit reached
--! exit = 123
local function handler(m) print("handler", m) while true do end end
print("begin")
while true do
  print(xpcall(function() while true do end end, handler))
end
