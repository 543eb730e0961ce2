-- Upvalues through the debug library.
local a, b, c = 1, 2, 3
local function f() a = a + 1 return a, b end
local function g() b = b + 1 return b, c end
local function all(h)
  local t = {}
  for i = 1, 10 do
    local name, v = debug.getupvalue(h, i)
    if not name then break end
    if type(v) == "table" then v = "table" end
    t[#t + 1] = name .. "=" .. tostring(v)
  end
  print(table.concat(t, " "))
end
all(f) all(g)
print(debug.setupvalue(f, 1, 10), f())
print(a)
print(debug.setupvalue(g, 2, "c"), g())
print(b, c)
print(select("#", debug.getupvalue(f, 3)), select("#", debug.setupvalue(f, 0, 1)))
print(debug.upvalueid(f, 2) == debug.upvalueid(g, 1), debug.upvalueid(f, 1) == debug.upvalueid(g, 1))
print(debug.upvalueid(f, 3), pcall(debug.upvalueid, 1, 1))
debug.upvaluejoin(f, 1, g, 2)
print(debug.upvalueid(f, 1) == debug.upvalueid(g, 2))
print(pcall(f))
all(f)
for _, args in ipairs{{f, 5, g, 1}, {f, 1, g, 9}, {print, 1, f, 1}, {f, 1, string.gmatch("x", "x"), 1}, {f}, {1, 1, f, 1}, {f, 1, nil, 1}, {f, 0, f, 1}} do
  print(pcall(debug.upvaluejoin, table.unpack(args, 1, 4)))
end
for _, args in ipairs{{}, {f}, {f, "x"}, {1, 1}, {f, 1.5}} do
  print(pcall(debug.getupvalue, table.unpack(args)))
  print(pcall(debug.setupvalue, table.unpack(args)))
end
print(pcall(debug.setupvalue, f, 1))
print(debug.getupvalue(string.gmatch("x", "x"), 1))
print(debug.getupvalue(print, 1))

-- constants that a closure captures are variables too
local k = 42
local function h() return k end
all(h)
print(debug.setupvalue(h, 1, 43), h(), k)
local z <const> = 7
local function w() return z end
all(w)
local q <const> = {}
local function u() return q end
print((debug.getupvalue(u, 1)))

-- one variable, several closures; a fresh one in each round
local fs = {}
for i = 1, 3 do
  local j = i * 10
  fs[i] = {function() return i, j end, function(v) j = v end}
end
print(debug.upvalueid(fs[1][1], 2) == debug.upvalueid(fs[1][2], 1), debug.upvalueid(fs[1][1], 2) == debug.upvalueid(fs[2][1], 2))
fs[1][2]("new")
print(fs[1][1]()) print(fs[2][1]())
debug.upvaluejoin(fs[1][1], 2, fs[3][1], 2)
print(fs[1][1]())

-- stripped
local s = load(string.dump(f, true))
print((debug.getupvalue(s, 1)))
print(debug.setupvalue(s, 1, 5), s ~= nil)
local env = {}
local chunk = load("x = 1; return y", "=c", "t", env)
print(debug.getupvalue(chunk, 1) == "_ENV", select(2, debug.getupvalue(chunk, 1)) == env)
debug.setupvalue(chunk, 1, {y = "Y"})
print(chunk(), env.x)

-- user values
print(debug.getuservalue(io.stdout), debug.setuservalue(io.stdout, 1), debug.getuservalue(1, 2))
print(pcall(debug.setuservalue, {}, 1))
print(pcall(debug.setuservalue, io.stdout))
