-- Padding, truncating and tables of text.
local rows = { { "name", "qty", "price" }, { "apple", 3, 1.5 }, { "kiwi", 12, 0.25 } } for _, r in ipairs(rows) do print(("%-8s|%5s|%8s"):format(r[1], r[2], r[3])) end local function pad(s, n, c) return s .. (c or " "):rep(n - #s) end print(pad("ab", 5, ".") .. "|", pad("abcdef", 3) .. "|", ("%.3s|%5.2s|"):format("abcdef", "xyz"))
