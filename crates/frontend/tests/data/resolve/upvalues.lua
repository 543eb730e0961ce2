local a, b, c = 1, 2, 3
local function f(x)
  b = x
  return function() return a + x + print(b) end
end
for i = 1, 2 do
  local j = i
  f(function() j = j + 1; return i end)
end
do
  local _ENV = { print = print }
  x = function() return y end
end
function f.g:m() return self, c end
