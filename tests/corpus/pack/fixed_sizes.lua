-- A string of a fixed size is looked at before room is made for it.
print(pcall(string.pack, "c9223372036854775807")) print(pcall(string.pack, "c9223372036854775807", nil)) print(pcall(string.pack, "i4 c9223372036854775000", 1, {})) print(pcall(string.pack, "c2", "abc")) print((string.pack("c4", "ab"):gsub("\0", "0")))
