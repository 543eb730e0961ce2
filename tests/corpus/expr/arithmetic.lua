--! args = 18
--! small = 8
-- Integer and float arithmetic, literal and through variables.
local function show(...) local t = table.pack(...) for i = 1, t.n do t[i] = math.type(t[i]) == "float" and tostring(t[i]) .. "f" or tostring(t[i]) end print(table.concat(t, " ")) end
show(1 + 2, 1 + 2.0, 1.5 + 1, 7 - 10, 7 - 0.5, 3 * 4, 3 * 4.0, 2 ^ 10, 2 ^ 0.5, 10 / 2, 1 / 3)
show(7 // 2, -7 // 2, 7 // -2, -7 // -2, 7.0 // 2, -7 // 2.0, 7.5 // 2, -0.5 // 1, 1 // 0.0, -1 // 0.0)
show(7 % 3, -7 % 3, 7 % -3, -7 % -3, 7.5 % 2, -7.5 % 2, 7.5 % -2, 5 % math.huge, -5 % math.huge, 5 % -math.huge)
local values = { 0, 1, -1, 2, 3, -3, 7, 0.0, -0.0, 0.5, -0.5, 2.0, 1e15, 2 ^ 53, math.huge, -math.huge, math.maxinteger, math.mininteger }
for i = tonumber(arg[1]) + 1, #values do values[i] = nil end
local ops = {
  { "+", function(a, b) return a + b end }, { "-", function(a, b) return a - b end }, { "*", function(a, b) return a * b end },
  { "/", function(a, b) return a / b end }, { "//", function(a, b) return a // b end }, { "%", function(a, b) return a % b end }, { "^", function(a, b) return a ^ b end },
}
for _, op in ipairs(ops) do
  for _, a in ipairs(values) do
    local row = {}
    for _, b in ipairs(values) do
      local ok, r = pcall(op[2], a, b)
      if not ok then r = "error" elseif r ~= r then r = "nan" elseif math.type(r) == "float" then r = tostring(r) .. "f" else r = tostring(r) end
      row[#row + 1] = r
    end
    print(op[1], a, table.concat(row, " "))
  end
end
for _, a in ipairs(values) do show(-a, a + 1, 1 + a, a - 1, 1 - a, a * 2, 2 * a, a / 2, a * -1) end
