-- Numbers become strings in concatenation and in string functions, with their kind visible.
print(1 .. "", 1.0 .. "", -0.0 .. "", 1e15 .. "", 1e16 .. "", 1e100 .. "", 2^53 .. "", 2^63 .. "", 1/0 .. "", -1/0 .. "")
print(1 .. 2, 1.5 .. 2, 10 .. 20.0, math.maxinteger .. "", math.mininteger .. "")
print(string.rep(1, 3, "-"), ("x"):rep("2"), string.len(1.0), string.upper(255), string.sub(10, 1, 1))
print(#tostring(0.1), 0.1 .. "", 1/3 .. "", 100000000000000 .. "", 1e14 .. "", 123456.789e3 .. "")
print("10" + 1, "0x10" + 1, " 10 " + 1, "10.0" + 1, "1e1" + 1, "-5" * "2", "7" // "2", "7" % "4", "2" ^ "3", -"3", - "3.0")
for _, op in ipairs { "'10' | 1", "'0xff' & 15", "1 << '2'", "~'5'", "'8' >> '1'", "'6' ~ '3'" } do print(op, pcall(load("return " .. op, "=op"))) end
print(10 == "10", "10" == 10.0, "abc" < "abd", "Z" < "a", "" < "a", "10" < "9")
print(pcall(function() return "a" + 1 end))
print(pcall(function() return "1" < 2 end))
print(pcall(function() return "1.5" | 1 end))
print(pcall(function() return "a" | 1 end))
print(pcall(function() return "9999999999999999999" | 1 end))
