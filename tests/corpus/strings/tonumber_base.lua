-- tonumber with a base from 2 to 36.
for base = 2, 36 do io.write(tostring(tonumber("10", base)), " ", tostring(tonumber("zz", base)), " ", tostring(tonumber("1Z", base)), ";") end
print()
print(tonumber("1010", 2), tonumber("777", 8), tonumber("ff", 16), tonumber("FF", 16), tonumber("-ff", 16), tonumber("  11  ", 2), tonumber("z", 36), tonumber("-z", 36))
print(tonumber("12", 2), tonumber("8", 8), tonumber("g", 16), tonumber("", 10), tonumber("-", 10), tonumber("1 1", 2), tonumber("1.0", 10), tonumber("0x10", 16), tonumber("1e1", 16))
print(tonumber("7fffffffffffffff", 16), tonumber("ffffffffffffffff", 16), tonumber("10000000000000000", 16), tonumber("9223372036854775808", 10))
print(pcall(tonumber, "1", 1)) print(pcall(tonumber, "1", 37)) print(pcall(tonumber, 1, 10)) print(pcall(tonumber, nil, 10)) print(pcall(tonumber, "1", "x")) print(pcall(tonumber, "1", 2.5)) print(pcall(tonumber, {}, 10))
print(tonumber("11", "2"), tonumber("11", 3.0))
