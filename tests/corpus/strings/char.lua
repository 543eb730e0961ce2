-- string.char: none, some, all bytes, and what is out of range.
print(string.char() == "", string.char(72, 105), string.char(72.0, "105"))
local all = {}
for i = 0, 255 do all[#all + 1] = i end
local s = string.char(table.unpack(all))
print(#s, s:byte(1), s:byte(256), s:sub(49, 58), s:sub(66, 91))
for _, v in ipairs { -1, 256, 1e10, 1.5, "x", {}, true } do print(pcall(string.char, v)) end
print(pcall(string.char, 65, nil))
print(pcall(string.char, 65, 66, 300))
