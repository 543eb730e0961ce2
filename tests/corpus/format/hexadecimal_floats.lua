-- %a and %A.
for _, f in ipairs { "%a", "%A", "%.0a", "%.1a", "%.3a", "%+a", "%20a|", "%-20a|", "%#a", "%020a" } do
  local row = {}
  for _, v in ipairs { 0, 1, -1, 0.5, 1.5, 3.14159, 1e100, 5e-324, 2^-1022, 1/0, -1/0 } do row[#row + 1] = string.format(f, v) end
  print(f, table.concat(row, " "))
end
for _, v in ipairs { 0.1, 1/3, 1e-5, 12345.678, 2^53 + 1 } do assert(tonumber(string.format("%a", v)) == v) end
