--! std = 5.4
-- The same program as for 5.5, which transfers other values; its messages have the lines of this file's header before it.
local path = arg[0]:match("^.*/") .. "../debug/transfers_of_natives.lua"
local file = assert(io.open(path, "rb"))
local text = file:read("a")
file:close()
assert(load("\n" .. text, "@" .. arg[0]))()
