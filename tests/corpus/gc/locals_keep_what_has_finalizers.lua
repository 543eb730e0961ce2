-- A local variable keeps its object to the end of its block, used or not, where the function sets finalizers.
local order = {}
local function note(what) order[#order + 1] = what end
do
  local guard = setmetatable({}, { __gc = function() note("guard") end })
  collectgarbage() collectgarbage()
  note("body")
end
collectgarbage() collectgarbage()
print(table.concat(order, " "))

order = {}
local function work(n)
  local guard = setmetatable({}, { ["__gc"] = function() note("guard " .. n) end })
  for i = 1, 3 do
    local each = setmetatable({}, { __gc = function() note("each " .. i) end })
    collectgarbage()
    note("round " .. i)
  end
  collectgarbage()
  note("end")
end
-- Also when it is called often.
for n = 1, 100 do
  work(n)
  collectgarbage()
  if n % 50 == 0 then print(table.concat(order, ", ")) end
  order = {}
end
