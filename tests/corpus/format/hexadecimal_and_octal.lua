-- %x, %X, %o, %u and %c.
for _, f in ipairs { "%x", "%X", "%#x", "%#X", "%08x", "%#08x", "%-8x|", "%.5x", "%o", "%#o", "%5o" } do
  local row = {}
  for _, v in ipairs { 0, 1, 255, 4096, -1, math.mininteger, 16.0 } do row[#row + 1] = string.format(f, v) end
  print(f, table.concat(row, " "))
end
print(string.format("%c%c%c", 76, 117, 97), string.format("%5c|%-5c|", 65, 66), #string.format("%c", 0), string.format("%c", 256 + 65))
for _, f in ipairs { "%u", "%+x", "% o", "%05c", "%+c", "%.3c", "%#d", "%#c", "%y", "%", "%l", "%5", "%.123d", "%123d", "%--5d", "%0", "%*d", "%hd", "%5%", "%.d", "%n", "%p" } do print(f, pcall(string.format, f, 65)) end
