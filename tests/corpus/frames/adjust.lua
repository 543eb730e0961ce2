-- The number of values in every position that adjusts: assignments, arguments, returns, constructors, for lists.
local function f0() end
local function f1() return 1 end
local function f3() return 1, 2, 3 end
local a, b, c, d
a, b, c, d = f3() print(a, b, c, d)
a, b, c, d = f3(), 10 print(a, b, c, d)
a, b, c, d = 0, f3() print(a, b, c, d)
a, b, c, d = f0(), f1(), f3() print(a, b, c, d)
a, b = f0() print(a, b)
a, b = (f3()) print(a, b)
a, b = f3(), f3(), f3() print(a, b)
a = f3(), f1() print(a)
print(f0(), f0(), "end") print(f0()) print((f0())) print(f3(), f0()) print(f3(), (f0()))
local t = { f0(), f1(), f3() } print(#t, t[1], t[2], t[3], t[4], t[5])
t = { f3(), (f3()) } print(#t) t = { f3(), x = f3(), f3() } print(#t, t.x) t = { [1] = f3(), f3() } print(t[1], t[2], t[3])
t = { f3(), f0() } print(#t, t[1], t[2]) t = { (f0()) } print(#t)
local x, y, z <const> = f3() print(x, y, z)
local p, q = (f3()), f3() print(p, q)
t = {} t[1], t[2], t.x = f3() print(t[1], t[2], t.x)
t[f1()], t[f1() + 1] = f3(), f3() print(t[1], t[2])
print(f3() + f3(), f3() .. f3(), -f3(), #{ f3() }, f3() == f3(), f3() and f3(), f3() or f3()) print(f0() == nil, not f0(), f0() and 1, f0() or 2)
for i = f3(), (f3()) + 2, f3() do io.write(i, " ") end print()
for k, v in next, { f3() } do io.write(k, "=", v, " ") end print()
if f0() then print("no") elseif f3() then print("yes") end
local function r0() return f0() end local function r1() return (f3()) end local function r3() return f3() end local function r4() return f3(), f3() end
local function r5() return f0(), f0() end
print(select("#", r0()), select("#", r1()), select("#", r3()), select("#", r4()), select("#", r5()), select("#", f0(), f0()), select("#", (f0())))
print(math.max(f3()), math.max(f3(), 0), (math.max(f3(), 9)), #string.format("%d%d%d", f3()))
local function va(...) return select("#", ...), select("#", ..., ...), select("#", (...)), select("#", ..., 1), #{ ... }, #{ ..., ... } end
print(va()) print(va(1)) print(va(1, 2, 3))
local s = "" while f1() do s = s .. f3() if #s > 3 then break end end print(s)
repeat local u, v, w = f3() until w == f3() + 2 print("until")
