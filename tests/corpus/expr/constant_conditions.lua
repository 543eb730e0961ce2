-- Conditions whose outcome the compiler can know.
if true then print(1) else print("wrong") end
if false then print("wrong") else print(2) end
if nil then print("wrong") elseif 1 then print(3) end
if not nil then print(4) end
if not "x" then print("wrong") end
while false do print("wrong") end
while true do print(5) break end
repeat print(6) until true
repeat print(7) if 1 then break end until false
print(true and 1 or 2, false and 1 or 2, nil or 3, 4 or 5, true and nil, false or false, not true or 6)
local a <const>, b <const>, c <const> = 10, "s", nil
if a then print(8) end
if c then print("wrong") end
print(a + 1, a .. b, a == 10, b == "s", c == nil, -a, a < 11, a and b, c or a, #b, ~a, a // 3, a % 3, a ^ 2)
if 1 < 2 then print(9) end if 2 < 1 then print("wrong") end if "a" == "a" then print(10) end if 1 == 1.0 then print(11) end if 0.0 / 0 == 0.0 / 0 then print("wrong") end
local function f() do return 12 end end print(f())
local function g() if true then return 13 end return 14 end print(g())
local function h() while true do if a then return 15 end end end print(h())
local function i() for _ = 1, 0 do return "wrong" end return 16 end print(i())
local function j(x) if x then else return "else" end end print(j(true), j(false))
if a == 10 and b == "s" or error("wrong") then end
do local x = 1 if x then x = 2 end print(x) end
goto done print("wrong") ::done:: print("end")
