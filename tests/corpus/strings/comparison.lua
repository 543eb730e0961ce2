-- Order of strings is that of their bytes.
local list = { "", "a", "A", "aa", "ab", "b", "B", "0", "9", "10", "a\0", "a\0b", "\0", "\255", "\128", "é", "z", " ", "~" }
table.sort(list)
for _, s in ipairs(list) do io.write(("%q"):format(s), " ") end
print()
for i = 1, #list - 1 do assert(list[i] < list[i + 1] and list[i] <= list[i + 1] and not (list[i] > list[i + 1]) and list[i + 1] >= list[i]) end
local long = ("x"):rep(100)
print(long < long .. "y", long .. "a" < long .. "b", long <= long, long < long, ("x"):rep(99) < long)
print(pcall(function() return "a" < 1 end)) print(pcall(function() return {} < "a" end)) print(pcall(function() return nil >= "a" end))
