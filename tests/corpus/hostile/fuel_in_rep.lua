--! options = --fuel 20000000 --timeout 50
--! error = fuel limit reached
--! exit = 123
print("begin")
while true do pcall(string.rep, "x", 1 << 20) end
