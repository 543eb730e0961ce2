-- utf8.offset: forwards, backwards, and its second result in 5.5.
local s = "aä€😀z"
for n = -6, 7 do io.write(n, ":", tostring((utf8.offset(s, n))), " ") end print() for i = 1, #s + 1 do local ok, r = pcall(utf8.offset, s, 0, i) io.write(tostring(r), " ") end print()
print(utf8.offset(s, 1)) print(utf8.offset(s, 2)) print(utf8.offset(s, 3)) print(utf8.offset(s, 4)) print(utf8.offset(s, 5)) print(utf8.offset(s, 6)) print(utf8.offset(s, 7)) print(utf8.offset(s, -1)) print(utf8.offset(s, -2)) print(utf8.offset("", 1)) print(utf8.offset("", 0)) print(utf8.offset("", -1)) print(utf8.offset(s, 2, 4)) print(utf8.offset(s, -1, 4)) print(utf8.offset("abc", 5))
print(pcall(utf8.offset, s, 1, 3)) print(pcall(utf8.offset, s, -1, 3)) print(pcall(utf8.offset, s, 1, 100)) print(pcall(utf8.offset, s, 1, -100)) print(pcall(utf8.offset, s)) print(pcall(utf8.offset, s, "x")) print(pcall(utf8.offset)) print(pcall(utf8.offset, "\x80\x80a", 1)) print(pcall(utf8.offset, "\x80", 1))
