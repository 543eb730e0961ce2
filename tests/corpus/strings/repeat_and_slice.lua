-- rep and sub undo each other.
local s = "abc" for n = 0, 5 do local r = s:rep(n) assert(#r == 3 * n) for i = 1, n do assert(r:sub(3 * i - 2, 3 * i) == s) end end print(s:rep(3), s:rep(2, "-"), s:rep(1, "-"), s:rep(0, "-") == "") print(("x"):rep(3, ", "), ("ab"):rep(2):sub(2, 3), ("-"):rep(10))
