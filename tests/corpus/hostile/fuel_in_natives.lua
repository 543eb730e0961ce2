--! options = --fuel 20000000 --timeout 50
--! error = fuel limit reached
--! exit = 123
-- Each of these alone must come to the end of the fuel: the one that does it is drawn by the number of the round.
local long = ("x"):rep(1 << 16)
local list = {}
for i = 1, 1 << 12 do list[i] = i end
local work = {
  function() return long .. long .. "y" end,
  function() return long == long:sub(1, -2) .. "y" end,
  function() return long < long:sub(1, -2) .. "y" end,
  function() return long:upper(), long:reverse() end,
  function() return long:byte(1, 200) end,
  function() return ("%q"):format(long) end,
  function() return ("%s|%s"):format(long, long) end,
  function() return table.move(list, 1, #list, 2, {}) end,
  function() return select("#", table.unpack(list)) end,
  function() return utf8.len(long), utf8.codepoint(long, 1, 100) end,
  function() return string.pack("s4", long):len() end,
  function() return load("return '" .. long .. "'") end,
  function() return tonumber(long), math.tointeger(long) end,
  function() return long:find("y", 1, true) end,
  function() return table.concat(list) end,
  function() return { table.unpack(list) } end,
}
print("begin")
while true do
  for i = 1, #work do pcall(work[i]) end
end
