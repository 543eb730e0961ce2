--! options = --sandbox
-- What a script of a stranger sees.
arg = nil
local names = {}
for name, value in pairs(_G) do
  if type(value) == "table" and value ~= _G then
    for field in pairs(value) do names[#names + 1] = name .. "." .. field end
  else
    names[#names + 1] = name
  end
end
table.sort(names)
print(table.concat(names, " "))
print(load(string.dump(function() end)))
print(load(string.dump(function() end), "x", "b"))
print(load("return 1", "x", "b"))
print(load("return 1")())
print((debug.traceback("here")))
