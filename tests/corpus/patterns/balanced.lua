-- %b: nesting, other delimiters, equal delimiters, and what does not balance.
print(("f(a(b)c)d"):match("%b()"), ("((x)"):match("%b()"), ("(x))"):match("%b()"), ("x"):match("%b()"), ("<a<b>>"):match("%b<>"), ("begin x end"):match("%bbn"), ("''a''"):match("%b''"), ("a{b{c}d}e{f}"):gsub("%b{}", "."))
print(("if (a == (b)) then (c)"):find("%b()")) print(("(()"):find("%b()")) print(("\0a\1"):match("%b\0\1") == "\0a\1") print(("(a)(b)"):gsub("%b()", string.upper)) print(("[[x]]"):match("^%b[]$"))
print(pcall(string.match, "a", "%b")) print(pcall(string.match, "a", "%b(")) print(pcall(string.gsub, "a", "%b", ""))
