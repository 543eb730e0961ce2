-- while, repeat, numeric and generic loops with break, nested, with variables of their own.
local i = 0 while i < 3 do i = i + 1 io.write(i, " ") end print(i)
while true do i = i - 1 if i == 0 then break end end print(i)
repeat i = i + 1 local done = i == 4 until done print(i)
repeat local a, b = i, i * 2 i = i + 1 until a + b > 20 print(i)
repeat local x = i local f = function() return x end i = i + 1 until f() > 9 print(i)
do local fs = {} local k = 0 repeat local x = k fs[#fs + 1] = function() x = x + 1 return x end k = k + 1 until x >= 2 print(fs[1](), fs[1](), fs[2](), fs[3]()) end
repeat if i then break end local never = 1 until never
for k = 1, 3 do local k = k * 2 io.write(k, " ") end print()
for k = 3, 1, -1 do for l = 1, k do if l == 2 then break end io.write(k, l, " ") end end print()
local s = 0 for a = 1, 3 do for b = a, 3 do for c = b, 3 do for d = c, 3 do s = s + a * b * c * d end end end end print(s)
while i > 0 do while i > 5 do i = i - 2 end i = i - 1 if i == 2 then break end end print(i)
local n = 0 for k = 1, 10 do repeat if k % 3 == 0 then break end n = n + k until true end print(n)
-- Generic loops: stateless, stateful, with closing value, over nothing, with more or fewer variables.
local function range(n, k) if k < n then return k + 1, (k + 1) ^ 2 end end
for k, v in range, 4, 0 do io.write(k, "=", v, " ") end print()
for k in range, 0, 0 do print("never") end
for k, v, w in range, 2, 0 do print(k, v, w) end
for _ in (function() local c = 0 return function() c = c + 1 if c < 4 then return c end end end)() do io.write(_, " ") end print()
local function three(s, c) if c == nil then return "a", "b", "c", "d" end end for a, b, c, d, e in three do print(a, b, c, d, e) end
for k, v in ipairs { "x", "y", nil, "z" } do io.write(k, v, " ") end print()
for k, v in ipairs(setmetatable({}, { __index = function(t, k) if k < 4 then return k * k end end })) do io.write(k, "=", v, " ") end print()
local fs = {} for k, v in ipairs { 10, 20, 30 } do fs[k] = function() v = v + k return v end end print(fs[1](), fs[2](), fs[3](), fs[1]())
for k, v in pairs { 5 } do print(k, v) end for k, v in next, {} do print("never") end
for a, b in (function() return pairs({ 7 }) end)() do print(a, b) end
local obj = setmetatable({}, { __call = function(self, s, c) c = (c or 0) + 1 if c < 4 then return c end end }) for c in obj do io.write(c, " ") end print()
for a in setmetatable({}, { __call = function(_, s, c) if not c then return s end end }), "state" do print(a) end
print(pcall(function() for x in nil do end end)) print(pcall(function() for x in {} do end end)) print(pcall(function() local t = {} for x in t.f do end end)) print(pcall(function() for x in 5, 6 do end end))
for k, v in string.gmatch("a=1 b=2", "(%w)=(%w)") do io.write(k, v, ";") end print()
local count = 0 for w = 1, 3 do count = count + (function() for z = 1, 5 do if z == w then return z end end return 0 end)() end print(count)
local t = { 1, 2, 3 } for k, v in ipairs(t) do if k == 1 then t[4] = 4 end io.write(v, " ") end print()
for k, v in ipairs(t) do t[k] = nil end print(#t, next(t))
