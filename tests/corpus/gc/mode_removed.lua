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

-- One that gets it after it became a metatable, in either form of the table, and through `rawset`.
local later = {}
local weak = setmetatable({}, later)
weak[1], weak.x = {}, {}
collectgarbage()
print(type(weak[1]), type(weak.x))
rawset(later, "__mode", "v")
collectgarbage()
print(weak[1], weak.x)
local large = {}
for i = 1, 200 do large["field" .. i] = i end
local keyed = setmetatable({}, large)
keyed[{}] = 1
large.__mode = "k"
collectgarbage()
print(next(keyed))
large.__mode = "v"
keyed[1], keyed[2] = {}, 2
collectgarbage()
print(next(keyed))
large.__mode = 1
keyed[1] = {}
collectgarbage()
print(type(keyed[1]))

-- Steps in between.
local stepped = setmetatable({}, later)
for round = 1, 40 do
  for i = 1, 50 do stepped[i] = { i } end
  collectgarbage "step"
  later.__mode = round % 2 == 0 and "v" or nil
  collectgarbage "step"
  for i = 1, 50 do
    local v = stepped[i]
    if v and v[1] ~= i then print("lost", i) end
  end
end
print "done"
