-- %d and %i with every flag, width and precision.
for _, f in ipairs { "%d", "%i", "%5d", "%-5d|", "%05d", "%+d", "% d", "%+5d", "%-+5d|", "%.3d", "%5.3d", "%-5.3d|", "%+.3d", "% 05d", "%.0d", "%20d", "%-20d|", "%020d", "%99d" } do
  local row = {}
  for _, v in ipairs { 0, 7, -7, 12345, -12345, math.maxinteger, math.mininteger, 3.0, "10" } do row[#row + 1] = (string.format(f, v):gsub("^ +", function(s) return "<" .. #s .. ">" end)) end
  print(f, table.concat(row, " "))
end
for _, v in ipairs { 1.5, "x", "1.5", {}, 1e100, 0/0, true } do print(pcall(string.format, "%d", v)) end
print(pcall(string.format, "%d")) print(pcall(string.format, "%d", nil))
