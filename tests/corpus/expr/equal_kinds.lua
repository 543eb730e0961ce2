-- Equality of every pair of kinds, and the order of strings, as branches and as values.
local long = ("x"):rep(60)
local t, u, f, g = {}, {}, function() end, print
local m = setmetatable({}, { __eq = function() return true end })
local co, co2 = coroutine.create(f), coroutine.create(f)
local nan = 0 / 0
local function no() return nil == false, false end
local kinds = { 1, 1.0, 2, 1.5, nan, -0.0, 0, 2 ^ 53, 2 ^ 53 | 0, math.mininteger, "1", "x", long, ("x"):rep(30) .. ("x"):rep(30), long .. "y",
  true, false, 1 == 1, not true, no(), t, u, m, f, g, co, co2, n = 27 }
for i = 1, 28 do
  local row = {}
  for j = 1, 28 do
    local a, b = kinds[i], kinds[j]
    local r = (a == b) and "1" or "0"
    if a ~= b then r = r .. "n" end
    while a == b do r = r .. "w" break end
    row[j] = r .. (tostring(a == b):sub(1, 1))
  end
  print(i, table.concat(row, " "))
end
local words = { "", "a", "A", "ab", "b", "a\0", "a\0b", "\xff", long, long .. "a", "10", "9" }
for i, a in ipairs(words) do
  local row = {}
  for j, b in ipairs(words) do
    local r = ""
    if a < b then r = r .. "<" end
    if a <= b then r = r .. "=" end
    if not (a > b) then r = r .. "!" end
    if not (a >= b) then r = r .. "?" end
    row[j] = r .. tostring(a < b):sub(1, 1) .. tostring(a >= b):sub(1, 1)
  end
  print(i, table.concat(row, " "))
end
print(pcall(function() return "a" < 1 end)) print(pcall(function() return {} <= "x" end))
local ordered = setmetatable({}, { __lt = function(a, b) return true end, __le = function() return false end }) print(ordered < "x", "x" < ordered, ordered <= "x", "x" >= ordered)
