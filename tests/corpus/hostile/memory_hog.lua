--! options = --sandbox --memory 8388608
--! error = memory limit reached
--! exit = 122
local function hog()
  local t = {}
  for i = 1, 1e9 do t[i] = ("x"):rep(1 << 16) .. i end
end
print("begin")
for i = 1, 3 do print(pcall(hog)) end
