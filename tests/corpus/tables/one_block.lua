-- constructors make room for elements and fields in one block; what outgrows it moves out, and garbage goes
local function f(...) return ... end
local kept = {}
for round = 1, 40 do
  local a = { 1, 2, f(3) }
  a[4], a[5], a[6] = 4, 5, 6
  local b = { f(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20) }
  local c = { x = 1, y = 2, "one", "two", f() }
  c.z, c.w, c.v = 3, 4, 5
  c[3], c[4], c[5] = "three", "four", "five"
  local d = { f(nil, nil) }
  local e = { f(1, nil, 3) }
  local g = { nil, f(2) }
  local h = { 1, 2, 3, nil, f(nil) }
  local list = { "a", "b", "c" }
  list[#list] = nil
  list[#list] = nil
  list[#list] = nil
  list[1] = "again"
  local meta = setmetatable({ f({}) }, { __index = { deep = round } })
  assert(#a == 6 and a[3] == 3 and a[6] == 6)
  assert(#b == 20 and b[1] == 1 and b[20] == 20)
  assert(#c == 5 and c.x + c.y + c.z + c.w + c.v == 15 and c[1] .. c[2] .. c[3] .. c[4] .. c[5] == "onetwothreefourfive")
  assert(#d == 0 and next(d) == nil)
  assert(e[1] == 1 and e[2] == nil and e[3] == 3)
  assert(g[1] == nil and g[2] == 2)
  assert(h[3] == 3 and h[4] == nil and h[5] == nil)
  assert(#list == 1 and list[1] == "again")
  assert(meta.deep == round and next(meta[1]) == nil)
  kept[round] = { a, b, c, function() return a, round, kept end }
  if round % 10 == 0 then collectgarbage() end
end
local sum = 0
for i, k in ipairs(kept) do
  local a, round, all = k[4]()
  assert(a == k[1] and round == i and all == kept)
  for _, part in ipairs({ k[1], k[2] }) do
    for _, v in ipairs(part) do sum = sum + v end
  end
end
print(sum, #kept)
local keys = {}
for k in pairs(kept[7][3]) do keys[#keys + 1] = tostring(k) end
table.sort(keys)
print(table.concat(keys, " "))
