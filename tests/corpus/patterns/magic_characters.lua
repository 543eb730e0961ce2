-- Every magic character, escaped and not.
for c in ("^$()%.[]*+-?"):gmatch(".") do local ok, r = pcall(string.find, "a" .. c .. "b", "%" .. c) io.write(c, tostring(r), " ") end print() for c in ("abz09 _-,;:!"):gmatch(".") do io.write(tostring(("x" .. c):find(c, 1, true)), " ") end print() print(("a.b"):find("a.b"), ("axb"):find("a%.b"), ("a+b"):gsub("%+", "-"), ("50%"):gsub("%%", " percent"))
