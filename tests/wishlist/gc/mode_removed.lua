-- A table whose metatable loses __mode is strong again, and weak when it gets one.
local mt = { __mode = "v" }
local t = setmetatable({}, mt)
t.a = {}
collectgarbage()
mt.__mode = nil
t.b = {}
collectgarbage()
print(t.a, type(t.b))
mt.__mode = "v"
collectgarbage()
print(t.a, t.b)
