-- a large live heap (graph + string table) mutated while young garbage of all kinds is made; weak tables; peak memory matters
local K = tonumber(arg and arg[1]) or 17
local seed = 11
local function rnd(n) seed = (seed * 48271) % 2147483647 return seed % n + 1 end
local SHRINK = tonumber(arg and arg[2]) or 1 -- divides the fixed part of the work, for stress runs
local NODES = math.floor(40000 / SHRINK)
local graph = {}
for i = 1, NODES do graph[i] = { id = i, out = {}, label = "node-" .. i } end
for i = 1, NODES do
  for j = 1, 3 do graph[i].out[j] = graph[rnd(NODES)] end
end
local cache = setmetatable({}, { __mode = "v" })
local meta = setmetatable({}, { __mode = "k" })
local checks = 0
for round = 1, K do
  for i = 1, NODES / 2 do
    local node = graph[rnd(NODES)]
    node.out[rnd(3)] = graph[rnd(NODES)]              -- old objects pointing at old objects
    if i % 4 == 0 then node.note = { round, i } end   -- old objects pointing at new objects
    if i % 16 == 0 then node.label = "node-" .. node.id .. "-" .. round end
    local tmp = { i, i + 1, name = "tmp" .. i % 100 } -- garbage
    local f = function() return tmp[1] + round end
    checks = checks + f()
    if i % 8 == 0 then
      cache[i] = node.note
      meta[node] = { seen = round }
    end
  end
  local stack, seen, n = { graph[round] }, { [graph[round]] = true }, 0
  while #stack > 0 and n < 15000 do
    local x = table.remove(stack)
    n = n + 1
    checks = checks + #x.label
    for j = 1, 3 do
      local y = x.out[j]
      if not seen[y] then
        seen[y] = true
        stack[#stack + 1] = y
      end
    end
  end
  if round % 5 == 0 then pcall(collectgarbage) end -- Luau refuses it
end
pcall(collectgarbage)
pcall(collectgarbage)
local alive = 0
for _, v in pairs(meta) do alive = alive + (v.seen > 0 and 1 or 0) end
print("gcmix", K, string.format("%d %d", checks, alive))
