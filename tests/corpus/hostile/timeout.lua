--! options = --timeout 0.2
--! error = time limit reached
--! exit = 124
print("begin")
while true do
  pcall(string.find, ("a"):rep(60), ("a*"):rep(9) .. "b")
  pcall(function() while true do end end)
end
