--! dump = ir
local kept, counted, constant <const> = 1, 2, 3
function make() counted = counted + constant; return function() return kept, counted end end
local function recursive(n) return n == 0 and 1 or recursive(n - 1) end
for i = 1, 2 do local function each() return i end; each() end
do
  local first <close> = open()
  local second <close> = open()
  if first then return use(first, second) end
end
local _ENV = {}
assigned = read
global declared = 1
global function also() end
local t = {}
function t.a.b:c(x, ...) self.x = ... end
function t.named(...rest) return rest.n end
