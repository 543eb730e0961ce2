do
  local i = 1
  ::again::
  local x
  local function g() return x end
  if i < 3 then goto again end
end
for k in pairs(t) do
  if k then goto continue end
  local y
  if y then break end
  ::continue::
end
while true do
  local z <close> = nil
  if z then break end
end
repeat
  local w
  if w then break end
until w
goto done
local last
::done::
