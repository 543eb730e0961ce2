-- tmpname gives files that can be used at once.
local n = os.tmpname() local f = assert(io.open(n, "w")) f:write "x" f:close() for l in io.lines(n) do print(l) end print(os.remove(n), io.open(n) == nil)
