-- Every beginning of a dump is refused as truncated.
print(load("\27Lua", "=c"))
local d = string.dump(function() return 1 end)
for i = 1, #d - 1 do local f, m = load(d:sub(1, i), "=c") if f or not m:find("truncated", 1, true) then print(i, f, m) end end
print("done")
