-- Recursion over data: permutations, hanoi, queens, a tree sort, nested concatenation.
local function permute(t, n, out)
  if n <= 1 then out[#out + 1] = table.concat(t) return end
  for i = 1, n do
    t[n], t[i] = t[i], t[n]
    permute(t, n - 1, out)
    t[n], t[i] = t[i], t[n]
  end
end
local out = {}
permute({ "a", "b", "c", "d" }, 4, out)
print(#out, out[1], out[2], out[12], out[24])

local moves = 0
local function hanoi(n, from, to, via) if n == 0 then return 0 end local left = hanoi(n - 1, from, via, to) moves = moves + 1 return left + 1 + hanoi(n - 1, via, to, from) end
print(hanoi(7, "a", "b", "c"), moves)

local function queens(n)
  local count, columns = 0, {}
  local function free(row, col) for r = 1, row - 1 do local c = columns[r] if c == col or c - r == col - row or c + r == col + row then return false end end return true end
  local function place(row) if row > n then count = count + 1 return end for col = 1, n do if free(row, col) then columns[row] = col place(row + 1) end end end
  place(1)
  return count
end
for n = 1, 6 do io.write(queens(n), " ") end print()

local function insert(tree, v) if not tree then return { v = v } end if v < tree.v then tree.l = insert(tree.l, v) else tree.r = insert(tree.r, v) end return tree end
local function walk(tree, out) if tree then walk(tree.l, out) out[#out + 1] = tree.v walk(tree.r, out) end return out end
local tree
for i = 1, 40 do tree = insert(tree, (i * 17) % 41) end
print(table.concat(walk(tree, {}), " "))

local function show(v) if type(v) ~= "table" then return tostring(v) end local parts = {} for i = 1, #v do parts[i] = show(v[i]) end return "{" .. table.concat(parts, ",") .. "}" end
print(show({ 1, { 2, { 3, {} }, 4 }, { { { "x" } } } }))
local function powerset(t, i) i = i or 1 if i > #t then return { {} } end local rest = powerset(t, i + 1) local r = {} for _, s in ipairs(rest) do r[#r + 1] = s r[#r + 1] = { t[i], table.unpack(s) } end return r end
print(#powerset({ 1, 2, 3, 4, 5 }), show(powerset({ 1, 2, 3 })))
