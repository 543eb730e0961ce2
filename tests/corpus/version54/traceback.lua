--! std = 5.4
-- Tracebacks and names.
local function inner() return debug.traceback("msg") end local t = { method = function(self) local s = inner() return s end } function globalf() local s = t:method() return s end print((globalf():gsub("%[C%]: in %?", "END"))) print(pcall(function() local up = t return up.nope.x end)) print(pcall(function() return t.method.x.y end))
