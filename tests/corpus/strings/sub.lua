-- string.sub with every combination of ends, and numbers as strings.
local s = "hello"
for i = -7, 7 do
  local row = {}
  for j = -7, 7 do row[#row + 1] = "[" .. s:sub(i, j) .. "]" end
  print(i, table.concat(row, " "))
end
print(s:sub(2), s:sub(-3), s:sub(0), s:sub(6), s:sub(-100), s:sub(100))
print(s:sub(2.0, 3.0), s:sub("2", "3"), string.sub(12345, 3, 4))
print(s:sub(math.mininteger, math.maxinteger), s:sub(math.maxinteger, math.mininteger) == "")
print(("\0a\0b"):sub(2, 3):byte(1, -1))
