--! std = 5.4
-- An alignment without a number is that of a C `double`: 8 bytes.
for _, format in ipairs({ "!bI16", "!bd", "!i16", "Xi8L!i16", "!i9", "!I12b", "b!Xi16" }) do
  print(format, pcall(string.packsize, format))
end
