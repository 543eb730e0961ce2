-- allocation of many small tables: short-lived binary trees beside a long-lived one
local DEPTH = tonumber(arg and arg[1]) or 15
local SHRINK = tonumber(arg and arg[2]) or 1 -- divides the fixed part of the work, for stress runs
local function make(d)
  if d == 0 then return {} end
  return { make(d - 1), make(d - 1) }
end
local function count(t)
  local l = t[1]
  if not l then return 1 end
  return 1 + count(l) + count(t[2])
end
local function record(d, k)
  if d == 0 then return { key = k, left = false, right = false } end
  return { key = k, left = record(d - 1, 2 * k), right = record(d - 1, 2 * k + 1) }
end
local function sum(t)
  if not t then return 0 end
  return t.key % 7 + sum(t.left) + sum(t.right)
end
local keep = make(DEPTH)
local total, trees = 0, 0
for d = 4, DEPTH, 2 do
  local n = 2 ^ (DEPTH - d + 4)
  for _ = 1, n do
    total = total + count(make(d))
    trees = trees + 1
  end
end
local s = 0
for i = 1, math.floor(40 / SHRINK) do s = s + sum(record(SHRINK > 1 and 4 or 10, i)) end
print("bintrees", DEPTH, string.format("%d %d %d %d", trees, total, count(keep), s))
