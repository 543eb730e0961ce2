-- Comparisons that natives make have no position.
print(pcall(table.sort, { 1, {}, 3 }))
print(pcall(function() table.sort({ 1, {}, 3 }) end))
print(pcall(function() return math.max(1, {}) end))
print(pcall(function() return math.min("x", nil) end))

-- While an error is on its way, the frames that failed are gone: levels go on with what protects.
local function closing(level)
  local a <close> = setmetatable({}, { __close = function(_, e)
    print(e, pcall(error, "x", 2))
    print(pcall(error, "x", 3))
    error("again", level)
  end })
  error("first")
end
for level = 1, 4 do print(pcall(closing, level)) end
print(select(2, pcall(pcall, closing, 3)))

-- The message of a traceback ends at its first zero byte.
print((debug.traceback("a\0b"):gsub("\n.*", "")))
