-- utf8.len: ranges, invalid bytes with their place, lax.
print(utf8.len(""), utf8.len("abc"), utf8.len("äöü€"), utf8.len("😀"), utf8.len("a\0b"))
local s = "aä€😀z" for i = 1, #s + 1 do io.write(tostring((utf8.len(s, i))), " ") end print() for j = -1, #s do io.write(tostring((utf8.len(s, 1, j))), " ") end print()
print(utf8.len("\xff")) print(utf8.len("ab\x80c")) print(utf8.len("\xc0\x80")) print(utf8.len("\xe4")) print(utf8.len("\xf4\x90\x80\x80")) print(utf8.len("\xed\xa0\x80")) print(utf8.len("\xed\xa0\x80", 1, -1, true)) print(utf8.len("\u{7fffffff}")) print(utf8.len("\u{7fffffff}", 1, -1, true)) print(utf8.len("\u{200000}x", nil, nil, true)) print(utf8.len(s, -1), utf8.len(s, 4), utf8.len(s, 3))
print(pcall(utf8.len, s, 0)) print(pcall(utf8.len, s, #s + 2)) print(pcall(utf8.len, s, 1, #s + 1)) print(pcall(utf8.len, s, -100)) print(pcall(utf8.len)) print(utf8.len("abc", 4), utf8.len("abc", 3, 2), utf8.len("", 1))
