-- string.byte: ranges, negative positions, nothing out of range.
local s = "abc\0\255"
print(s:byte(), s:byte(1), s:byte(-1), s:byte(-5))
print(s:byte(1, -1))
print(s:byte(3, 4))
print(select("#", s:byte(10)), select("#", s:byte(2, 1)), select("#", (""):byte()), select("#", s:byte(0)))
print(s:byte(0, 2))
print(s:byte(-100, 2))
print(s:byte(4, 100))
print(string.byte(65), string.byte(1.5, 1, -1))
print(string.byte(-1, 1, 2))
print(pcall(string.byte))
print(pcall(string.byte, "x", {}))
print(pcall(string.byte, "x", 1.5))
