-- __index through tables, functions and mixtures; rawget sees none of it.
local log = {} local f = function(t, k) log[#log + 1] = k return k .. "!" end
local a = setmetatable({ own = 1 }, { __index = f }) local b = setmetatable({ mid = 2 }, { __index = a }) local c = setmetatable({}, { __index = b })
print(c.own, c.mid, c.none, c[5], rawget(c, "own"), table.concat(log, ",")) b.mid = nil print(c.mid) a.own = nil print(c.own) setmetatable(a, nil) print(c.own, c.none)
local loop = {} setmetatable(loop, { __index = loop }) print(pcall(function() return loop.x end)) loop.x = 1 print(loop.x) local deep = { value = "deep" } for i = 1, 50 do deep = setmetatable({}, { __index = deep }) end print(deep.value, deep.nope)
print(pcall(function() return setmetatable({}, { __index = 5 }).x end)) print((pcall(function() return setmetatable({}, { __index = "str" }).len end))) print(setmetatable({}, { __index = "str" }).len == string.len) print(pcall(function() return setmetatable({}, { __index = function() error("in index", 0) end }).x end))
