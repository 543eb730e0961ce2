--! dump = vcode
local a, b = ...
if a < 1 then f() elseif 2 <= b then g() elseif a > b then h() elseif a == "k" then i() elseif a ~= nil then j() end
local flag, other = a == b, not (a < b)
local default = a or b and 1
while not (a == b or b) do a = a.next end
return flag, other, default
