-- Sets: ranges, complements, classes inside, brackets and hyphens as members.
local function all(s, p) local r = {} for m in s:gmatch(p) do r[#r + 1] = m end return table.concat(r, ",") end
print(all("abc123XYZ", "[a-c]"), all("abc123XYZ", "[^a-c]"), all("abc123XYZ", "[%d%u]"), all("a-b]c^d", "[]]"), all("a-b]c^d", "[-]"), all("a-b]c^d", "[a^]"), all("a-b]c^d", "[^^]"), all("a-b", "[a-]"), all("a-b", "[-a]"), all("a%b", "[%%]"), all("a]b", "[%]]"), all("x+y", "[+-]"))
print(all("0123456789", "[3-53-7]"), all("abc", "[c-a]"), all("a\0b", "[%z\0]"), all("\200\201", "[\200-\210]"), all("tab\there", "[\t-\r]"), all("[x]", "[[]"), all("a.b*c", "[.*]"), all("_a1", "[%w_]+"), all("a,b;c", "[^,;]+"))
print(pcall(string.find, "a", "[a")) print(pcall(string.find, "a", "[^")) print(pcall(string.find, "a", "[")) print(pcall(string.find, "a", "[]")) print(pcall(string.find, "a", "[a%")) print(pcall(string.find, "a", "%"))
