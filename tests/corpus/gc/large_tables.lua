--! args = 40
--! small = 1
-- tables too large to be marked in one go, changed while they are
local rounds = tonumber(arg and arg[1]) or 40
local list, map = {}, {}
for i = 1, rounds > 1 and 9000 or 4200 do
  list[i] = { i }
  map["k" .. i] = list[i]
end
local function churn(n)
  local t = {}
  for i = 1, n do t[i % 7 + 1] = { i, tostring(i) } end
  return t
end
for round = 1, rounds do
  for i = 1, 40 do
    local at = (i * 7919 + round * 104729) % #list + 1
    list[at] = { list[at][1], round }
    map["k" .. at] = list[at]
    local a, b = (i * 31) % #list + 1, (i * 77 + round) % #list + 1
    list[a], list[b] = list[b], list[a]
    list[#list + 1] = { #list + 1 }
    churn(2)
  end
  for _ = 1, 20 do
    local gone = table.remove(list)
    map["k" .. gone[1]] = nil
  end
  table.insert(list, 1, table.remove(list, 5))
  map[round] = { round }
  map[{}] = round
  churn(rounds > 1 and 2000 or 10)
end
table.sort(list, function(x, y) return x[1] < y[1] end)
local sum, marks = 0, 0
for i, v in ipairs(list) do
  sum = sum + v[1]
  marks = marks + (v[2] or 0)
end
print(#list, sum, marks)
local n, ints = 0, 0
for k, v in pairs(map) do
  if type(k) == "string" then
    n = n + 1
    assert(v[1])
  elseif math.type(k) == "integer" then
    ints = ints + v[1]
  end
end
print(n, ints)
