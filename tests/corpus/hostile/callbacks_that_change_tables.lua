-- Library functions and statements whose callbacks change what they walk.
local function kind(ok, m) return ok, type(m) == "string" and m:gsub("^.-:%d+: ", "") or type(m) end
-- Comparators that lie, grow the table, shrink it, and forget it.
local random = 12345
local function next_random() random = (random * 1103515245 + 12345) % 2147483648 return random end
for round = 1, 50 do
  local t = {}
  for i = 1, 3 + round % 40 do t[i] = next_random() % 100 end
  local n = #t
  local ok = pcall(table.sort, t, function(a, b) return next_random() % 2 == 0 end)
  local ok2 = pcall(table.sort, t, function(a, b) return true end)
  local count = 0
  for _ in pairs(t) do count = count + 1 end
  assert(count <= n + 1)
end
for _, change in ipairs({
  function(t) t[#t + 1] = 0 end,
  function(t) t[#t] = nil end,
  function(t) for i = 1, #t do t[i] = nil end end,
  function(t) for i = 1, 1000 do t[i] = i end end,
  function(t) setmetatable(t, { __index = function() return 1 end, __newindex = function() end }) end,
  function(t) collectgarbage() end,
}) do
  local t = {}
  for i = 1, 100 do t[i] = (i * 37) % 101 end
  pcall(table.sort, t, function(a, b) change(t) return (a or 0) < (b or 0) end)
end
print("sorted")
-- gsub whose function, or table, changes what the replacement is looked up in.
local map = setmetatable({}, { __index = function(t, k) rawset(t, k .. "x", true) if #k == 1 then t[k] = k:upper() end return t[k] end })
print((("abcabc"):gsub("%w", map)))
local words = { a = "1", b = "2" }
print((("abab"):gsub("%w", function(c) words[c] = nil words = setmetatable({}, { __index = words }) collectgarbage() return words[c] end)))
print(kind(pcall(string.gsub, "abc", "%w", function() return {} end)))
-- A string that is collected while its iterator lives.
do
  local s = ("word "):rep(100)
  local it = s:gmatch("%a+")
  s = nil
  local n = 0
  for w in it do n = n + 1 collectgarbage() end
  print(n)
end
-- next while the table loses keys, and gets them again.
do
  local t = {}
  for i = 1, 100 do t["k" .. i] = i end
  local n = 0
  for k in pairs(t) do n = n + 1 t[k] = nil for j = 1, 3 do t["k" .. (j * 7)] = nil end end
  print(n > 0, next(t))
  for i = 1, 50 do t[i] = i end
  for i in ipairs(t) do t[i + 1] = nil n = i end
  print(n)
  local u = { 1, 2, 3, x = 1, y = 2 }
  for k in next, u do u[k] = nil collectgarbage() end
  print(next(u))
end
-- __index, __len and __newindex that clear or replace the table under table functions.
local function hostile(n)
  local t = {}
  for i = 1, n do t[i] = "e" .. i end
  local calls = 0
  return setmetatable({}, {
    __len = function() calls = calls + 1 return calls > 3 and -1 or n end,
    __index = function(self, i) if i == 3 then t = {} collectgarbage() end return t[i] end,
    __newindex = function(self, i, v) t = { [i] = v } end,
  })
end
for _, f in ipairs({ "concat", "unpack", "remove", "sort" }) do print(f, kind(pcall(table[f], hostile(5)))) end
print("insert", kind(pcall(table.insert, hostile(5), 2, "x")))
print("move", kind(pcall(table.move, hostile(5), 1, 5, 3)))
-- Lengths that lie.
local function long(n) return setmetatable({}, { __len = function() return n end }) end
for _, n in ipairs({ math.maxinteger, math.mininteger, -1, 2 ^ 53 }) do
  print(kind(pcall(table.insert, long(n), 1)))
  print(kind(pcall(table.unpack, long(n))))
  print(kind(pcall(table.sort, long(n))))
end
print(kind(pcall(table.concat, long(math.maxinteger))))
print(kind(pcall(table.remove, long(math.maxinteger))))
print(kind(pcall(table.move, {}, 1, math.maxinteger, 2)))
print(kind(pcall(table.move, {}, math.mininteger, 0, 1)))
print(kind(pcall(table.move, {}, -1, math.maxinteger, 1)))
-- Tables that die or change their metatable in the middle of an operator.
local vanishing = {}
vanishing = setmetatable({}, { __add = function(a, b) setmetatable(a, nil) collectgarbage() return a end,
  __concat = function(a, b) setmetatable(vanishing, nil) return "c" end, __eq = function(a, b) return nil end,
  __lt = function(a, b) setmetatable(a, nil) return 1 end, __call = function(self, ...) setmetatable(self, nil) return ... end })
print(type(vanishing + 1), getmetatable(vanishing))
print(kind(pcall(function() return vanishing + 1 end)))
