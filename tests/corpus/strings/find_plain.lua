-- find without patterns, with starts before and behind the string.
local s = "a.b.c a.b"
print(s:find(".b", 1, true)) print(s:find(".b", 3, true)) print(s:find(".b", -3, true)) print(s:find("", 1, true)) print(s:find("", 10, true)) print(s:find("", 11, true)) print(s:find("zz", 1, true)) print(s:find("a", -100, true)) print(s:find("%", 1, true)) print(("a%d"):find("%d", 1, true)) print(("x\0y\0z"):find("\0z", 1, true)) print(s:find("a.b", 1, 1)) print(s:find("a.b", 2)) print(s:find("a", 2.0)) print((""):find("")) print((""):find("", 1)) print((""):find("", 2)) print((""):find("a")) print(("abc"):find("b", nil, true)) print(string.find(123, 2))
local long = ("ab"):rep(1000) .. "c" print(long:find("abc", 1, true)) print(long:find("bc", 1999)) print(long:find("ac", 1, true))
print(pcall(string.find, "x")) print(pcall(string.find, "x", nil)) print(pcall(string.find, {}, "x")) print(pcall(string.find, "x", "x", {})) print(pcall(string.find, "x", "x", 1.5))
