-- Number and string literals.
print(3, 3.0, 3.1416, 314.16e-2, 0.31416E1, 34e1, 0xff, 0xA, 0x0.1E, 0xA23p-4, 0X1.921FB54442D18P+1, .5, 5., 1e0, 1E+2, 0x.8p1, 0xffffffffffffffffff)
print(1e308 * 10, -1e308 * 10, 5e-324, 1e-400, 123456789012345678901234567890, 0.1 + 0.2, 1e21, 1e20, 123456.789e3, 2 ^ 63, -2 ^ 63)
print("a\tb", 'single "quoted"', "double 'quoted'", "\65\066\x43\u{44}\u{20ac}\z
       next", "line\
break", "\\ \" \' \a\b\f\v\r" == "\92 \34 \39 \7\8\12\11\13", #"\0\00\000", "a\0b" == "a\z   \0b")
print([[long]], [==[with ]] and ]=] inside]==], [[
first newline is dropped]], #[[

]], [[a\nb]])
print(#"\u{7FFFFFFF}", #"\u{10FFFF}", "\u{0}" == "\0", "\x7f" == "\127")
print(0x7fffffffffffffff, -0x8000000000000000, 0xfffffffffffffffe, 00012, 1//1, 0xep1, 0xe+1)
--[[ a comment ]] print("after") --[==[ another
]] still ]==] print("again") -- to the end of the line
print(#[=[
x
]=], "" == '', [[]] == "") ;;; print("semicolons")
