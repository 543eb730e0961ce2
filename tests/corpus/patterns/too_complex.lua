-- Patterns that would nest without end are refused; long ones that do not nest are not.
local long = ("a"):rep(300000)
print(#long:match(".*"), #long:match(".-$"), long:match("^a*b"), #long:match("^[a-z]*$"))
print(pcall(string.match, long, (".?"):rep(1000) .. "b") )
print(pcall(string.rep, "x", -1)) print((pcall(string.find, "a", ("("):rep(32) .. (")"):rep(32))))
print(pcall(string.find, "a", ("("):rep(33) .. (")"):rep(33))) print(#(("x"):rep(5000):gsub("x", "yy"))) print((("a,"):rep(2000):gsub(",", ""):gsub("a", "")))
