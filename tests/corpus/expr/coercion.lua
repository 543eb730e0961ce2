-- Strings that are numbers in arithmetic, numbers in concatenation, and what is refused.
print("10" + 5, "10" * "2", "3" - 1.5, "0x10" + 0, " 7 " + 1, "1e1" + 0, "10" / 2, "7" // 2, "7" % 4, "2" ^ 2, -"3", -"2.5", - "0x1p4")
print(math.type("10" + 5), math.type("10.0" + 5), math.type("1e1" * 1), math.type("10" // 1), math.type(-"3"))
print(10 .. 20, 1.5 .. "", -0.0 .. "", 2 ^ 53 .. "", 1e100 .. "", math.huge .. "", 3 .. "x" .. 4.0)
print("10" == 10, "abc" < "abd", "10" < "9", tostring(10) == "10")
for _, s in ipairs { "abc", "", " ", "1x", "0x", "1e", "--1", "1 2", "nan", "inf", "1_000", "0b1" } do
  print((pcall(function() return s + 1 end)), (pcall(function() return -s end)), tonumber(s))
end
print(pcall(function() return "a" + 1 end)) print(pcall(function() return 1 + "a" end)) print(pcall(function() return {} .. "x" end)) print(pcall(function() return "x" .. nil end)) print(pcall(function() return true .. "" end))
print(2.0 | 1) for _, s in ipairs { "3", "2.0", "x" } do print(pcall(function() return s | 0 end)) print(pcall(function() return 1 << s end)) print(pcall(function() return ~s end)) end print(pcall(function() return "3" & 1 end))
print(pcall(function() return "2.5" | 0 end)) print(pcall(function() return 2.5 | 0 end)) print(pcall(function() return "a" | 0 end)) print(pcall(function() return 1 & {} end)) print(pcall(function() return 2 ^ 63 | 0 end)) print(pcall(function() return 1e100 << 1 end))
print(tonumber("0x1p-2"), tonumber("  12  "), tonumber("12a"), tonumber("1e2"), tonumber(".5"), tonumber("5."), tonumber("."), tonumber("0x.8"), tonumber("-0"), tonumber("- 1"), tonumber(""))
print(tonumber("10", 2), tonumber("ff", 16), tonumber("zz", 36), tonumber("8", 8), tonumber("-101", 2), tonumber(" 11 ", 3), tonumber("1.0", 10))
print(1e15 .. "", 1e16 .. "", 123456789012345 .. "", 0.1 .. "", 1 / 3 .. "", 100 .. "", 1e2 .. "", 2 ^ 31 .. "", -1e-7 .. "")
print(#tostring(12345), #(1 .. ""), ("x"):rep("3"), ("abc"):sub("2"), math.floor("3.7"), math.max("10" + 0, 9))
for i = "1" + 0, "3" + 0 do io.write(i, " ") end print()
print(pcall(function() for i = "1", 2 do end end)) print(pcall(function() for i = 1, "2" do end end)) print(pcall(function() for i = 1, 2, "1" do end end))
