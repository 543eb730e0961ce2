-- Many items, all kinds in one format, and the number of the argument that is wrong.
local f = string.format
print(f("%d %s %5.2f %x %q %c %g %i %o %e %%", 1, "two", 3.14159, 255, "q", 67, 0.5, 8, 8, 12345.678))
print(#f(("%d,"):rep(200), table.unpack(setmetatable({}, { __len = function() return 200 end, __index = function(_, i) return i end }), 1, 200)))
print(pcall(f, "%d %d", 1)) print(pcall(f, "%d %d", 1, "x")) print(pcall(f, "%s %s %d", "a", "b", {})) print(pcall(f)) print(pcall(f, nil)) print(pcall(f, {})) print(f(12), f(1.5)) print(pcall(f, "%d %y", 1, 2)) print(pcall(f, "%s", nil)) print(("%s-%s"):format(1, 2), ("%d"):format("0x10"))
