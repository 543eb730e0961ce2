--! dump = ir
local n = ...
while n > 0 and f(n) do
  if n == 10 then break elseif n == 9 then n = 0 else g() end
  n = n - 1
end
repeat local done = h(n); n = n + 1 until done or n > 5
for i = 1, n do print(i) end
for i = n, 1, -1 do if i == 3 then goto continue end print(i) ::continue:: end
for k, v in pairs(n) do if k then return k, v, f() end end
for k in next, n do local x = k end
do goto skip; n = 1; ::skip:: end
::top:: n = n + 1; if n < 10 then goto top end
