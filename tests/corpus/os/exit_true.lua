-- os.exit(true), with and without closing the state.
local x <close> = setmetatable({}, { __close = function() print("not closed") end }) print("before") os.exit(true)
