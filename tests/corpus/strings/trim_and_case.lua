-- Trimming on each side, title case, swapping case.
local s = "  hello world  " print("[" .. s:gsub("^%s+", "") .. "]", "[" .. s:gsub("%s+$", "") .. "]", "[" .. s:match("^%s*(.-)%s*$") .. "]") print((s:gsub("%a+", function(w) return w:sub(1, 1):upper() .. w:sub(2) end))) print((("Hello"):gsub("%a", function(c) return c:upper() == c and c:lower() or c:upper() end)))
