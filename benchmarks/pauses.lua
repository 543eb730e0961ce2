-- How long a program is held up by the collector: a live heap of about 200 MB, and steady allocation beside it. Times are those of
-- os.clock, processor time of the process, over batches of a few allocations.
--   lua benchmarks/pauses.lua [tables|strings|graph] [megabytes] [batches]
local kind, megabytes, batches = ...
kind, megabytes, batches = kind or "tables", tonumber(megabytes or 200), tonumber(batches or 1000000)

local clock = os.clock
local function used() return gcinfo and gcinfo() or collectgarbage("count") end
local keep = {}
local count = used()
local full = count + megabytes * 1024
local n = 0
while used() < full do
  for _ = 1, 1000 do
    n = n + 1
    if kind == "strings" then
      keep[n] = "a string of its own, number " .. n
    elseif kind == "graph" then
      keep[n] = { keep[(n - n % 2) / 2 + 1], keep[n - 1], name = "node" .. n }
    else
      keep[n] = { n, x = n, y = { n } }
    end
  end
end

-- What is made from here on dies soon, but for one object in a hundred, which takes the place of an old one.
local function batch(i)
  for j = 1, 10 do
    local t
    if kind == "strings" then
      t = "a string that dies soon, number " .. i .. "," .. j
    elseif kind == "graph" then
      t = { keep[(i * 7919) % n + 1], false, name = "node" .. j }
    else
      t = { i, x = j, y = { j } }
    end
    if j == 5 and i % 10 == 0 then
      keep[(i * 7919) % n + 1] = t
    end
  end
end

local longest, total, over = 0, 0, { 0, 0, 0 }
local limits = { 0.0003, 0.001, 0.003 }
local buckets = {}
local began = clock()
local before = began
for i = 1, batches do
  batch(i)
  local now = clock()
  local time = now - before
  before = now
  if time > longest then longest = time end
  -- Microseconds, up to 50 ms.
  local us = math.floor(time * 1e6)
  if us > 50000 then us = 50000 end
  buckets[us] = (buckets[us] or 0) + 1
  for k = 1, 3 do
    if time > limits[k] then over[k] = over[k] + 1 end
  end
end
total = before - began

-- The percentile of those batches that were held up at all: by 30 microseconds or more.
local held, sum = 0, 0
for us = 30, 50000 do held = held + (buckets[us] or 0) end
local p99 = 0
for us = 30, 50000 do
  sum = sum + (buckets[us] or 0)
  if sum >= held * 0.99 then p99 = us break end
end
print(string.format(
  "%-8s %d objects, %.0f MB; %.2f s; longest %.2f ms; 99 %% of %d pauses under %.2f ms; %d over 0.3 ms, %d over 1 ms, %d over 3 ms",
  kind, n, (used() - count) / 1024, total, longest * 1000, held, p99 / 1000, over[1], over[2], over[3]))
