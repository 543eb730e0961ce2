-- ^ and $ at the ends, and as plain characters elsewhere.
print(("abc"):find("^b"), ("abc"):find("^b", 2), ("abc"):find("c$"), ("abc"):find("b$"), ("a^b"):find("a^b"), ("a$b"):find("a$b"), ("a$"):find("a$$"), ("a$"):find("a%$"), ("^a"):find("%^a"), ("^a"):find("^^a"))
print(("abc"):match("^$"), (""):match("^$"), (""):find("^"), ("abc"):find("$"), ("abc"):gsub("^%w", "X"), ("abc"):gsub("%w$", "X"), ("\na"):find("^a"))
for w in ("abc"):gmatch("^%w") do io.write(w, ";") end print()
for w in ("abc"):gmatch("%w$") do io.write(w, ";") end print() for w in ("a^b^c"):gmatch("^") do io.write("(", w, ")") end print()
