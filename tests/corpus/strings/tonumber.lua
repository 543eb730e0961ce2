-- tonumber without a base: every form of numeral, and what is none.
local forms = { "0", "00", "-0", "+1", "1.", ".1", "1.5e3", "1E+3", "1e-3", "0x0", "0X1F", "-0x1f", "0x.8", "0x1p4", "0x1P-2", "0xA.8p1", " 12 ", "\t\n12\v\f\r",
  "", " ", "-", "+", ".", "e1", "1e", "1e+", "0x", "0xg", "0x1p", "1 2", "1_000", "1,5", "--1", "+-1", "0b1", "1f", "inf", "nan", "Infinity", "0x1.8", "1..2", "1e1.5",
  "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809", "0x7fffffffffffffff", "0xffffffffffffffff", "0x10000000000000000", "1e308", "1e309", "-1e309", "1e-400", "5e-324", "1\0" }
for _, s in ipairs(forms) do
  local n = tonumber(s)
  print(("%q"):format(s), n, math.type(n))
end
print(tonumber(nil) == nil and "nil", tonumber({}), tonumber(true), tonumber(print), tonumber(12), tonumber(1.5))
print(pcall(tonumber))
