--! std = 5.4
-- A declaration counts its variables as their names are read.
local function names(n)
  local list = {}
  for i = 1, n do list[i] = "v" .. i end
  return table.concat(list, ", ")
end
for _, n in ipairs({ 200, 201, 250, 255, 256, 300 }) do
  print(n, select(2, load("\nfunction f()\n  local " .. names(n) .. "\nend", "=list")))
  print(n, select(2, load("\nfunction f(a)\n  local " .. names(n - 1) .. " = 1, 2\nend", "=values")))
  print(n, select(2, load("\nfunction f()\n" .. names(n):gsub("v%d+,?", "local %0\n"):gsub(",", "") .. "end", "=statements")))
end
