-- utf8.codepoint.
local s = "aä€😀"
print(utf8.codepoint(s)) print(utf8.codepoint(s, 1, -1)) print(utf8.codepoint(s, 2)) print(utf8.codepoint(s, 4, 7)) print(utf8.codepoint(s, -4)) print(select("#", utf8.codepoint(s, 3, 2))) print(utf8.codepoint("\u{7fffffff}", 1, 1, true)) print(utf8.codepoint("\xed\xa0\x80", 1, 1, true))
print(pcall(utf8.codepoint, s, 3)) print(pcall(utf8.codepoint, s, 0)) print(pcall(utf8.codepoint, s, 100)) print(pcall(utf8.codepoint, s, 1, 100)) print(pcall(utf8.codepoint, "\xff")) print(pcall(utf8.codepoint, "\xed\xa0\x80")) print(pcall(utf8.codepoint, "\u{7fffffff}")) print(pcall(utf8.codepoint, "")) print(pcall(utf8.codepoint)) print(pcall(utf8.codepoint, "abc", "x"))
