-- The bounds of numeric loops: all signs of steps, ends of the integers, floats among them, strings, none.
local max, min = math.maxinteger, math.mininteger
local function run(a, b, c)
  local n, first, last = 0, nil, nil
  local ok, why = pcall(function()
    for i = a, b, c do
      n = n + 1
      first = first or i
      last = i
      if n == 5 then break end
    end
  end)
  return n, first, last, ok or why:gsub("^.-:%d+: ", "")
end
local function step1(a, b) local n = 0 for i = a, b do n = n + 1 if n == 5 then break end end return n end
local values = { 0, 1, -1, 3, 7, max, max - 1, min, min + 2, 2.5, 1e100, -0.5, 0 / 0, "2", "x", false }
for i, a in ipairs(values) do
  for j, b in ipairs(values) do
    io.write(i, " ", j, ":")
    for _, c in ipairs { 1, 2, -1, max, min, 0, 0.5, "1" } do
      if (i + j) % 3 == 0 or c == 2 then io.write(" ", table.concat({ tostring((run(a, b, c))), tostring(select(2, run(a, b, c))), tostring(select(3, run(a, b, c))) }, "/")) end
    end
    print("", select(4, run(a, b, 1)), pcall(step1, a, b) and step1(a, b))
  end
end
local count = 0
for i = min, max, max do count = count + 1 end
for i = max - 2, max do count = count + 10 end
for i = min, min + 2 do count = count + 100 end
for i = 1, 0 do count = count + 1000 end
for i = min, max, max // 2 + 1 do count = count + 10000 end
print(count)
