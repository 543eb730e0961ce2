local = 1
x = = 2
f(1, 2
if a then b(
end
y = {1, 2
return 3
z = 4
a.b
end
function f(a, 1) return ... end
local ok = 1
