-- Line ends of other systems, missing last ends, blank lines.
local f = io.tmpfile() f:write("a\r\nb\rc\n\n\nlast") f:seek "set" for l in f:lines() do io.write("[", (l:gsub("\r", "\\r")), "]") end print() f:seek "set" for l in f:lines "L" do io.write("[", (l:gsub("\r", "\\r"):gsub("\n", "\\n")), "]") end print() f:close()
