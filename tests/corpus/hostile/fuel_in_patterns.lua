--! options = --fuel 2000000 --timeout 20
--! error = fuel limit reached
--! exit = 123
print("begin")
print(pcall(string.find, ("a"):rep(60), ("a*"):rep(9) .. "b"))
print(pcall(string.find, ("a"):rep(80), ".-.-.-.-.-b"))
print(pcall(string.match, ("a"):rep(25), ("a?"):rep(25) .. ("a"):rep(25)))
