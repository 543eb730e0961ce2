--! args = 9
--! small = 3
-- The same expression over constants and over variables gives the same.
local ops = { "+", "-", "*", "/", "//", "%", "^", "&", "|", "~", "<<", ">>", "==", "~=", "<", "<=", ">", ">=", "..", "and", "or" }
local values = { "0", "1", "-1", "7", "3.5", "-0.0", "0.0", "2.0", "'5'", "'x'", "nil", "true", "math.huge", "0x7fffffffffffffff" }
for i = tonumber(arg[1]) + 1, #values do values[i] = nil end
local function text(ok, v) if not ok then return "error: " .. (tostring(v):gsub("^.-:%d+: ", "")) end if v ~= v then return "nan" end return (math.type(v) or type(v)) .. " " .. tostring(v) end
local same, different, lines = 0, 0, {}
for _, op in ipairs(ops) do
  for _, x in ipairs(values) do
    local row = {}
    for _, y in ipairs(values) do
      -- PUC's own x - 0 is x + 0, which tells for this zero.
      if not (op == "-" and x == "-0.0" and y == "0") then
      local constant = text(pcall(load("return (" .. x .. ") " .. op .. " (" .. y .. ")")))
      local variable = text(pcall(load("local x, y = " .. x .. ", " .. y .. " return x " .. op .. " y")))
      local left = text(pcall(load("local y = " .. y .. " return (" .. x .. ") " .. op .. " y")))
      local right = text(pcall(load("local x = " .. x .. " return x " .. op .. " (" .. y .. ")")))
      local function cut(s) return (s:gsub(" %(.-%)", "")) end
      if cut(constant) == cut(variable) and cut(left) == cut(variable) and cut(right) == cut(variable) then same = same + 1 else different = different + 1 lines[#lines + 1] = x .. op .. y .. ": " .. constant .. " / " .. variable .. " / " .. left .. " / " .. right end
      row[#row + 1] = cut(variable):sub(1, 12)
      end
    end
    print(op, x, table.concat(row, "; "))
  end
end
print(same, different) for _, l in ipairs(lines) do print(l) end
for _, op in ipairs { "-", "not ", "~", "#" } do for _, x in ipairs(values) do print(op .. x, text(pcall(load("return " .. op .. "(" .. x .. ")"))), text(pcall(load("local x = " .. x .. " return " .. op .. "x")))) end end
