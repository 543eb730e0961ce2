-- Numbers and booleans stored into arrays so large that a collection does not trace them again, and tables among them.
local N, rounds = 6000, 3
local flags, numbers, mixed = {}, {}, {}
for i = 1, N do flags[i], numbers[i], mixed[i] = true, i, { i } end
collectgarbage()
for round = 1, rounds do
  for i = 1, N, round do flags[i] = i % 3 == 0 end
  for i = 1, N - 1 do numbers[i] = numbers[i + 1] + 0.5 end
  for i = round, N, 7 do
    mixed[i] = round
    mixed[(i * 31) % N + 1] = { i, round }
    if i % 2 == 0 then mixed[i] = { i, round } end
  end
  flags[N] = nil
  flags[N] = false
  collectgarbage("step")
end
for i = N + 1, N + 100 do flags[#flags + 1], numbers[#numbers + 1] = false, i end
collectgarbage()
local trues, sum, tables, inner = 0, 0, 0, 0
for i = 1, #flags do if flags[i] then trues = trues + 1 end end
for i = 1, #numbers do sum = sum + numbers[i] end
for i = 1, #mixed do
  if type(mixed[i]) == "table" then tables, inner = tables + 1, inner + mixed[i][1] end
end
print(#flags, #numbers, #mixed, trues, sum, tables, inner)

-- Booleans over other values and back: the payload comes with the value.
local t = {}
for i = 1, 10 do t[i] = i * 1.5 end
for i = 1, 10 do t[i] = true end
for i = 1, 10, 2 do t[i] = i end
for i = 1, 10, 3 do t[i] = false end
for i = 1, 10 do io.write(tostring(t[i]), " ") end
print(t[1] == t[4], t[2] == t[6], t[2] == true, rawequal(t[1], false))
local seen = { [t[1]] = 1, [t[2]] = 2 }
print(seen[false], seen[true])
