--! error = uncaught_in_close.lua:3: from close
-- The error of a __close replaces the one before it.
local x <close> = setmetatable({}, { __close = function(_, e) print("closing", (e:gsub("^.*:%d+: ", ""))) error("from close") end })
error("first")
