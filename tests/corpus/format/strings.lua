-- %s: widths, precisions, zeros, metamethods, everything that tostring takes.
print(string.format("%s|%10s|%-10s|%.2s|%5.1s|%-5.1s|%.0s|%s", "abc", "abc", "abc", "abc", "abc", "abc", "abc", "end"))
print(string.format("%s %s %s %s %s", nil, true, 12, 1.5, "x"), string.format("%s", setmetatable({}, { __tostring = function() return "T!" end })), string.format("%5s|", 1.0), string.format("%.3s", 1/3))
print((string.format("%s", {}):gsub("0x%x+", "ADDR")), #string.format("%s", ("x"):rep(1000)), #string.format("%99s", "x"), string.format("%s", "a\0b"):byte(1, -1))
print(string.format("%5s|%-5s|", "é", "é"), string.format("%.1s", "é"):byte())
print(pcall(string.format, "%5s", "a\0b")) print(pcall(string.format, "%.20s", "a\0b")) print(#string.format("%s", "a\0b")) print(pcall(string.format, "%s")) print(pcall(string.format, "%s", setmetatable({}, { __tostring = function() return {} end }))) print(pcall(string.format, "%05s", "x")) print(pcall(string.format, "%+s", "x")) print(pcall(string.format, "%#s", "x")) print(pcall(string.format, "%100s", "x"))
print(string.format("%%"), string.format("100%%"), string.format(""), string.format("no"), string.format("%s", "extra", "ignored"), string.format("%-3s%3s", "a", "b"))
