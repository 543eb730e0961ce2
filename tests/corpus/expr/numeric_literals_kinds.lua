-- Which numerals are integers and which are floats.
for _, s in ipairs { "1", "1.0", "1e0", "0x1", "0x1p0", "0x1.0", "1.", ".1", "1e1", "9223372036854775807", "9223372036854775808", "0xffffffffffffffff", "0x1ffffffffffffffff", "1e308", "1e309", "0x.1p4", "0xAp-1", "3e-2" } do local v = load("return " .. s)() print(s, v, math.type(v)) end
