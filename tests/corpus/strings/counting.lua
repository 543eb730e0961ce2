-- Counting characters, words, lines and substrings.
local s = "one two\nthree two one\n" print(#s, select(2, s:gsub("%S+", "")), select(2, s:gsub("\n", "")), select(2, s:gsub("two", ""))) local c = {} for ch in s:gmatch("%a") do c[ch] = (c[ch] or 0) + 1 end print(c.o, c.t, c.z) local freq = {} for w in s:gmatch("%a+") do freq[w] = (freq[w] or 0) + 1 end print(freq.one, freq.two, freq.three)
