--! std = 5.4
-- The same program as for 5.5, whose borders are others; its messages have the lines of this file's header before it.
local path = arg[0]:match("^.*/") .. "../tables/border_of_holes.lua"
local file = assert(io.open(path, "rb"))
local text = file:read("a")
file:close()
assert(load("\n" .. text, "@" .. arg[0]))()
