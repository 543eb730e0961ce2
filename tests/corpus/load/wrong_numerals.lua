-- A numeral that is wrong is so as a whole, a dot and a hexadecimal mark in it included.
for _, text in ipairs({ ".0xC.AA3", ".0X1E7.p+", ".0x3C", ".0x", ".0e", ".5xg", "0xep+1q", "1..2", "0x1p", "3e+", ".1.1", "0x.p1", ".0x1p-2z" }) do
  print(text, load("return " .. text, "=n"))
end
print(.5e1, .0e3, 0x.8p1)
