-- goto: loops made of it, continue, out of nested loops, and a fresh variable each time round.
do local i = 1 ::top:: if i <= 3 then io.write(i, " ") i = i + 1 goto top end print() end
for i = 1, 5 do if i % 2 == 0 then goto continue end io.write(i, " ") ::continue:: end print()
for i = 1, 3 do for j = 1, 3 do if j == 2 then goto next_i end if i == 3 then goto out end io.write(i, ":", j, " ") end ::next_i:: end ::out:: print()
do goto skip do local x = 1 print(x) end ::skip:: end
do goto skip ; local x = 1 print(x) ::skip:: end
do goto l1 ::l2:: print("l2") goto l3 ::l1:: print("l1") goto l2 ::l3:: print("l3") end
-- while and repeat with continue.
local n = 0 while n < 6 do n = n + 1 if n == 3 then goto continue end io.write(n, " ") ::continue:: end print()
n = 0 repeat n = n + 1 if n % 2 == 1 then goto continue end do local x = n io.write(x, " ") end ::continue:: until n >= 6 print()
-- Each turn makes its variables anew.
do
  local fs = {}
  do
    local i = 1
    ::again::
    local x = i * 10
    fs[i] = function() x = x + 1 return x end
    i = i + 1
    if i <= 3 then goto again end
  end
  print(fs[1](), fs[2](), fs[3](), fs[1](), fs[2]())
end
do
  local a = {}
  local i = 1
  ::loop::
  local y
  a[i] = { get = function() return y end, set = function(v) y = v end }
  i = i + 1
  if i < 4 then goto loop end
  a[1].set("one") a[3].set("three")
  print(a[1].get(), a[2].get(), a[3].get())
end
-- The variable is nil again after the jump.
do local k = 0 ::l:: local z; if z then print("wrong") end z = k k = k + 1 if k < 3 then goto l end print(z) end
-- continue in a loop whose variables are captured.
local gs = {}
for i = 1, 6 do local v = i if i % 2 == 0 then goto continue end gs[#gs + 1] = function() v = v + i return v end ::continue:: end
print(gs[1](), gs[2](), gs[3](), gs[1](), #gs)
-- A state machine.
local function machine(s)
  local i, out = 1, {}
  ::start:: do local c = s:sub(i, i) i = i + 1 if c == "a" then goto in_a elseif c == "b" then goto in_b else goto finish end end
  ::in_a:: out[#out + 1] = "A" goto start
  ::in_b:: out[#out + 1] = "B" goto start
  ::finish:: return table.concat(out)
end
print(machine("abba"), machine(""), machine("aab?b"))
-- Labels of the same name in blocks and functions of their own.
do ::x:: end do ::x:: end local function f() goto x ::x:: return "f" end print(f())
for i = 1, 2 do do goto done end ::done:: end
print(load("goto nowhere")) print(load("do ::a:: ::a:: end")) print(load("goto f local x ::f:: print(x)")) print(load("break")) print(load("repeat if x then goto c end local z ::c:: until z"))
do local t = {} for i = 1, 3 do for j = 1, 3 do if (i + j) % 2 == 0 then goto c end t[#t + 1] = i * 10 + j ::c:: end end print(table.concat(t, " ")) end
