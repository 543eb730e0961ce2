--! args = 2 9
--! small = 2 3
-- Nested recursion whose argument is a call of itself.
local m, n = tonumber(arg[1]), tonumber(arg[2])
local function ack(m, n)
  if m == 0 then return n + 1 end
  if n == 0 then return ack(m - 1, 1) end
  return ack(m - 1, ack(m, n - 1))
end
for i = 0, m do
  local row = {}
  for j = 0, n do row[#row + 1] = ack(i, j) end
  print(i, table.concat(row, " "))
end
print(ack(3, 3))
local function tak(x, y, z)
  if y >= x then return z end
  return tak(tak(x - 1, y, z), tak(y - 1, z, x), tak(z - 1, x, y))
end
print(tak(6, 4, 2), tak(m + 5, m + 1, m))
local function mccarthy(n) if n > 100 then return n - 10 end return mccarthy(mccarthy(n + 11)) end
print(mccarthy(99), mccarthy(87))
