global *
global print <const>, g = 1, 2
global function gf(...t) return t end
local x <const>, y <close> = 1
local <const> z = 3
local function lf(a) end
function a.b.c:m(p) return self end
function plain() end
a, b.c, d[1] = 1, 2;
do local inner end
while x do break end
repeat local u = f() until u
if a then b() elseif c then d() elseif e then f() else g() end
for i = 1, 10, 2 do end
for k, v in pairs(t) do goto continue; ::continue:: end
::top::
goto top
global = 1
global.x = 2
return f(x), ...
