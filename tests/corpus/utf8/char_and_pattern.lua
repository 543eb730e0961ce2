-- utf8.char over the whole range, and charpattern.
for _, c in ipairs { 0, 0x41, 0x7f, 0x80, 0x7ff, 0x800, 0xffff, 0x10000, 0x10ffff, 0x1fffff, 0x200000, 0x3ffffff, 0x4000000, 0x7fffffff } do print(("%x"):format(c), utf8.char(c):byte(1, -1)) end
print(utf8.char(), utf8.char(72, 228, 8364, 0x1F600), utf8.char("65"), (utf8.charpattern:gsub("[^%g]", function(c) return "\\" .. c:byte() end)))
for c in ("aä€😀"):gmatch(utf8.charpattern) do io.write(#c, " ") end print()
print(pcall(utf8.char, -1)) print(pcall(utf8.char, 0x80000000)) print(pcall(utf8.char, "x")) print(pcall(utf8.char, 1.5)) print(pcall(utf8.char, 65, {}))
