-- %f %e %g and their capitals, with flags.
for _, f in ipairs { "%f", "%.0f", "%.1f", "%10.2f|", "%-10.2f|", "%+.2f", "% .2f", "%010.2f", "%#.0f", "%e", "%.0e", "%.2E", "%#.0e", "%g", "%.3g", "%#g", "%G", "%.0g", "%.20g", "%20g|", "%F" } do
  local row = {}
  for _, v in ipairs { 0, -0.0, 1, 0.5, -2.5, 1e10, 1e-10, 123456789.125, 1/3, 1e300, 1/0, -1/0 } do row[#row + 1] = tostring(select(2, pcall(string.format, f, v))) end
  print(f, table.concat(row, " "))
end
print(string.format("%.3f", "1.5"), string.format("%5.1f", 2), (string.format("%f", 0/0):gsub("-", "")), (string.format("%G", 0/0):gsub("-", "")))
print(string.format("%.99f", 1/3)) print(pcall(string.format, "%.100f", 1)) print(pcall(string.format, "%100.3f", 1)) print(#string.format("%99.99f", -1e308)) print(pcall(string.format, "%f", "x")) print(pcall(string.format, "%f", {})) print(pcall(string.format, "%f"))
