-- A named vararg parameter: `...` beside the table that it is, and reads of it without a table.
local function f(...t)
  t[1] = "changed"
  t.n = 5
  return ...
end
print(f(1, 2, 3))
print((f(1, 2, 3)))
local function g(...t)
  t.n = (t.n or 0) - 1
  local a, b, c = ...
  local x = {...}
  print(a, b, c, #x, select('#', ...))
  print("mid", ...)
  return 0, ...
end
print(g(1, 2, 3))
print(pcall(g))
local function bad(n, ...t)
  t.n = n
  local a = ...
end
print(pcall(bad, "x", 1, 2))
print(pcall(bad, -1, 1, 2))
print(pcall(bad, 2.0, 1, 2))
print(pcall(bad, nil))
print(pcall(bad, 0))
local function badopen(n, ...t) t.n = n return ... end
print(pcall(badopen, "x", 1, 2))
print(pcall(badopen, 1 << 40, 1, 2))
print(pcall(badopen, (2^31 - 1) // 2 | 0, 1, 2))
local function none(n, ...t) t.n = n; local a = 1, ... end
print(pcall(none, false))
local function captured(...t)
  local function h() t[2] = "two"; t.n = 2 end
  h()
  local p, q, r = ...
  return p, q, r, ...
end
print(captured("a"))
local function nested(...t)
  t[#t + 1] = "end"; t.n = t.n + 1
  return select('#', table.unpack(t)), string.format("%s-%s", tostring((...)), select(-1, ...)), (function(...u) u.n = 1 return ... end)(...)
end
print(nested("x", "y"))
local function tb(...t)
  local x <close> = setmetatable({}, {__close = function() t[1] = "closed" end})
  t.n = 3
  return 9, ...
end
print(tb("a", "b"))
local function loop(...t)
  local s = 0
  for i = 1, 3 do t[i] = i; t.n = i; s = s + select('#', ...) end
  for k, v in ipairs({...}) do s = s + v end
  return s
end
print(loop())
local function big(...t) for i = 1, 300 do t[i] = i end t.n = 300 return ... end
print(select('#', big()), (select(300, big())))
local function tail(...t) t.n = 2 return print(...) end
tail(1)
print(pcall(function(...t) t.n = 1073741823; return {...} end))
local function bare(...t)
  local a, b = t[1], t.n
  for i = 0, t.n + 1 do io.write(tostring(t[i]), " ") end
  print(a, b, t[1.0], t["1"], t["n"], t.x, t[0], t[-1], t[1.5], t[nil], t[print], t[2^53], ...)
  return (function(...u) return u[1], u[u.n] end)(t[t.n], t.n, ...)
end
print(bare())
print(bare(1))
print(bare("x", nil, "z", nil))
local function env(... _ENV) n = 7 x = 1 return n, x end
print(pcall(env, 1, 2))
print(pcall(function(...t) return t.x.y end))
print(pcall(function(...t) return t[1] + 1 end, {}))
print(pcall(function(...t) return t[1]() end, {}))
print(pcall(function(...t) return t.foo:bar() end, {}))
print(pcall(function(...t) return t:bar() end, {}))
