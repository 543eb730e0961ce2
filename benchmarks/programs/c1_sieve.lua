-- arrays of booleans and integers: Eratosthenes, prefix sums, in-place rotation
local K = tonumber(arg and arg[1]) or 28
local SHRINK = tonumber(arg and arg[2]) or 1 -- divides the fixed part of the work, for stress runs
local N = math.floor(500000 / SHRINK)
local sum = 0
for round = 1, K do
  local flags = {}
  for i = 1, N do flags[i] = true end
  local count = 0
  for i = 2, N do
    if flags[i] then
      count = count + 1
      for j = i * i, N, i do flags[j] = false end
    end
  end
  local prefix, s = {}, 0
  for i = 1, N do
    if flags[i] then s = s + i % 10 end
    prefix[i] = s
  end
  local first = prefix[1]
  for i = 1, N - 1 do prefix[i] = prefix[i + 1] end
  prefix[N] = first
  sum = (sum + count * round + prefix[math.floor(N / 2)] + #prefix) % 1000000007
end
print("sieve", K, string.format("%d", sum))
