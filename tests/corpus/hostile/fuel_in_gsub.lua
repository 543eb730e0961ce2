--! options = --fuel 100000
--! error = fuel limit reached
--! exit = 123
print("begin")
while true do
  pcall(string.gsub, ("a"):rep(100), ".", function() while true do end end)
  pcall(table.sort, { 3, 2, 1 }, function() while true do end end)
  pcall(load, function() while true do end end)
  pcall(tostring, setmetatable({}, { __tostring = function() while true do end end }))
end
