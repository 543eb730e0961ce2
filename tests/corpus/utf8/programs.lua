-- Reversal, case of a few letters, substring by characters.
local function reverse(s) local r = {} for _, c in utf8.codes(s) do table.insert(r, 1, utf8.char(c)) end return table.concat(r) end print(reverse("aä€😀z"))
local function sub(s, i, j) i = utf8.offset(s, i) j = utf8.offset(s, j + 1) return s:sub(i, j - 1) end print(sub("aä€😀z", 2, 3), sub("aä€😀z", 1, 1), sub("aä€😀z", 5, 5))
local points = { utf8.codepoint("Grüße", 1, -1) } print(table.concat(points, " "), utf8.char(table.unpack(points))) local up = { [228] = 196, [246] = 214 } print((("aäbö"):gsub(utf8.charpattern, function(c) local p = utf8.codepoint(c) return utf8.char(up[p] or p) end)))
