-- String methods through the metatable, which scripts may change.
print(("x"):upper(), ("%d"):format(3), ("a,b"):find(",", 1, true), #("abc"):rep(2))
local mt = getmetatable("")
print(mt.__index == string, getmetatable("a") == getmetatable("b"), mt.__name, getmetatable(1))
string.shout = function(s) return s:upper() .. "!" end
print(("hey"):shout(), ("x").shout == string.shout, ("x").nope, ("x")[1])
string.shout = nil
local old = mt.__index
mt.__index = function(s, k) if type(k) == "number" then return old.sub(s, k, k) end return old[k] end
print(("hello")[1], ("hello")[-1], ("hello"):len(), ("hello")[9] == "")
mt.__index = old
mt.__unm = function(s) return s:reverse() end
mt.__call = function(s, ...) return s .. "(" .. table.concat({ ... }, ",") .. ")" end
print(-"abc", ("f")(1, 2), -"12") mt.__unm = nil mt.__call = nil
print(pcall(function() return -"abc" end)) print(pcall(function() return ("f")(1) end)) print(pcall(function() ("x").y = 1 end)) print(pcall(function() return ("x"):nomethod() end))
