-- Positions as captures.
print(("hello world"):find("()o()")) print(("abc"):match("()()()")) print(("key=val"):match("^()%w+()=()%w+()$")) for p, w in ("one two"):gmatch("()(%a+)") do io.write(p, w, " ") end print() print((("abc"):gsub("()", "%1")))
