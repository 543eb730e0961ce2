-- An alignment without a number is that of the widest C type, 16 bytes since 5.5.
for _, format in ipairs({ "!bI16", "!bd", "!i16", "Xi8L!i16", "<L!i16", "!i1i8", "!j Xi16", "b!Xi16" }) do
  print(format, (string.packsize(format)))
end
for _, format in ipairs({ "!i9", "!I12b", "!bi15", "!8i9", "!4i12" }) do
  print(format, pcall(string.packsize, format))
end
print(string.unpack("!b i16", string.pack("!b i16", 7, -3)))
