x = 1
global y
y = 2
do
  global *
  x = y
end
global z, w <const> = 1, 2
global function h(...t) return t[1], t.n, z end
function h2() end
local function i(...t) return #t end
local function j(...t) return function() return t end end
w = 3
undeclared = 4
