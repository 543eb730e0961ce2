-- unpack's third argument and last result.
local s = string.pack("<i2 i2 i2", 1, 2, 3)
print(string.unpack("<i2", s)) print(string.unpack("<i2", s, 3)) print(string.unpack("<i2", s, -2)) print(string.unpack("", s, 7)) print(string.unpack("<i2 i2", s, 3.0)) print(string.unpack("", "")) print(string.unpack("", "abc", -1))
local pos, list = 1, {} while pos <= #s do local v v, pos = string.unpack("<i2", s, pos) list[#list + 1] = v end print(table.concat(list, ","), pos)
print(pcall(string.unpack, "<i2", s, 6)) print(pcall(string.unpack, "<i2", s, 8)) print(pcall(string.unpack, "<i2", s, -7)) print(pcall(string.unpack, "<i2", s, 0)) print(pcall(string.unpack, "i2")) print(pcall(string.unpack, "i2", "ab", "x")) print(pcall(string.unpack, "i9", "x")) print(pcall(string.unpack, nil, "x"))
