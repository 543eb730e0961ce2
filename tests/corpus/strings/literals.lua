-- Every escape, line endings in strings, long brackets of several levels.
print("\a\b\f\n\r\t\v\\\"\'" == "\7\8\12\10\13\9\11\92\34\39")
print("\65\066\x43\u{44}\u{00000045}", "\z
       skipped   \z   blanks", "a\
b")
print(#"\u{7FFFFFFF}", #"\u{3FFFFFF}", #"\u{1FFFFF}", #"\u{FFFF}", #"\u{7FF}", #"\u{7F}", #"\u{0}")
print(("\u{20AC}\u{10FFFF}"):byte(1, -1))
print([[a]], [==[b]]c]==], [[
first newline skipped]], #[[

]])
print('say "hi"', "it's", '\'', "\"")
print(#"\0001\x001", "\1230", "\x41\x4a\x4A")
local function bad(text) print(select(2, load(text, "=s"))) end
bad [[return "\q"]] bad [[return "\300"]] bad [[return "\xZZ"]] bad [[return "\x4"]] bad [[return "\u41"]] bad [[return "\u{}"]]
bad [[return "\u{80000000}"]] bad [[return "\u{41"]] bad "return 'a\nb'" bad [[return "abc]] bad "return [[abc" bad "return [==[abc]=]" bad "return [=abc" bad "return '\\"
