-- f, d and n.
local function hex(s) return (s:gsub(".", function(c) return ("%02x"):format(c:byte()) end)) end
for _, v in ipairs { 0, -0.0, 1, -1.5, 0.1, 1e300, 1e-300, 1/0, -1/0, 2^24 + 1 } do print(v, hex(string.pack(">f", v)), hex(string.pack(">d", v)), hex(string.pack("<n", v)), string.unpack(">f", string.pack(">f", v))) end
print(string.unpack("d", string.pack("d", 0.1)) == 0.1, select(2, string.unpack("<f", "\0\0\128\63rest"))) print(string.unpack("<d", "\0\0\0\0\0\0\240\63")) local nan = string.unpack("d", string.pack("d", 0/0)) print(nan ~= nan, pcall(string.pack, "d", "x"), string.packsize("f"), string.packsize("d"), string.packsize("n"))
