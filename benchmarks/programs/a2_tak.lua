-- three-argument recursion, deep non-tail recursion, proper tail calls, mutual recursion
local K = tonumber(arg and arg[1]) or 45
local SHRINK = tonumber(arg and arg[2]) or 1 -- divides the fixed part of the work, for stress runs
local floor = math.floor
local DEPTH, CHAIN, X, M = floor(15000 / SHRINK), floor(9000 / SHRINK), SHRINK > 1 and 9 or 18, SHRINK > 1 and 2 or 6
local function tak(x, y, z)
  if y >= x then return z end
  return tak(tak(x - 1, y, z), tak(y - 1, z, x), tak(z - 1, x, y))
end
local function ack(m, n)
  if m == 0 then return n + 1 end
  if n == 0 then return ack(m - 1, 1) end
  return ack(m - 1, ack(m, n - 1))
end
local function down(n, acc)
  if n == 0 then return acc end
  return down(n - 1, acc + n % 7)
end
local even, odd
function even(n) if n == 0 then return true end return odd(n - 1) end
function odd(n) if n == 0 then return false end return even(n - 1) end
local function depth(n) if n == 0 then return 0 end return 1 + depth(n - 1) end
local s = 0
for i = 1, K do
  s = s + tak(X, X - 6, 6 - i % 3) + ack(2, floor(300 / SHRINK) + i) + ack(3, M) + depth(DEPTH)
  for r = 1, 15 do
    s = s + down(CHAIN, r) -- short enough for Luau, which has no proper tail calls
    if even(CHAIN + i) then s = s + 1 end
  end
end
print("tak", K, string.format("%d", s))
