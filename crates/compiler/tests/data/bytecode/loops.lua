--! dump = bytecode
local function qsort(t, lo, hi)
  if lo < hi then
    local p = t[(lo + hi) // 2]
    local i, j = lo - 1, hi + 1
    while true do
      repeat i = i + 1 until t[i] >= p
      repeat j = j - 1 until t[j] <= p
      if i >= j then break end
      t[i], t[j] = t[j], t[i]
    end
    qsort(t, lo, j)
    qsort(t, j + 1, hi)
  end
end
local sum = 0
for i, v in ipairs { 3, 1, 2 } do sum = sum + i * v end
while sum > 0 do sum = sum - 1 end
return sum
