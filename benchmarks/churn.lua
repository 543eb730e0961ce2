-- churn.lua [operations]: what inserting one key and deleting another costs in a table that keeps its size, in nanoseconds a pair.
-- For sizes that are powers of two, where a table that counts dead entries as room taken rebuilds at nearly every insertion.
local OPERATIONS = tonumber(arg and arg[1]) or 2e6
local floor, clock = math.floor, os.clock
local SIZES = { 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576 }
-- Keys that are alive and as many again, made before the clock starts.
local KINDS = {
  { "successive", function(i) return i + (1 << 40) end },
  { "sparse", function(i) return i * 1000003 end },
  { "float", function(i) return i + 0.5 end },
  { "string", function(i) return "key " .. i end },
  { "table", function(i) return { i } end },
}

-- The oldest key goes, the next one comes; the ring of keys is twice as long as the table is large.
local function queue(keys, size, rounds)
  local t, n = {}, #keys
  for i = 1, size do t[keys[i]] = i end
  local old, new = 1, size + 1
  local start = clock()
  for i = 1, rounds do
    t[keys[old]] = nil
    t[keys[new]] = i
    old = old < n and old + 1 or 1
    new = new < n and new + 1 or 1
  end
  local seconds = clock() - start
  local live = 0
  for _ in pairs(t) do live = live + 1 end
  assert(live == size, "the table has kept its size")
  return seconds / rounds * 1e9
end

io.write(string.format("%10s", "size"))
for _, kind in ipairs(KINDS) do io.write(string.format("%12s", kind[1])) end
print()
for _, size in ipairs(SIZES) do
  io.write(string.format("%10d", size))
  for _, kind in ipairs(KINDS) do
    local keys = {}
    for i = 1, 2 * size do keys[i] = kind[2](i) end
    collectgarbage()
    io.write(string.format("%12.1f", queue(keys, size, math.max(floor(OPERATIONS), 2 * size))))
  end
  print()
end
