-- and, or, not: values, short circuits, in conditions, assignments, arguments and deep mixes.
local log = {}
local function v(name, value) log[#log + 1] = name return value end
local function flush() local s = table.concat(log) log = {} return s end
local cases = { nil, false, true, 0, "" }
for i = 1, 5 do
  for j = 1, 5 do
    local a, b = cases[i], cases[j]
    print(a, b, a and b, a or b, not a, not a and b, not a or b, a and not b, a or not b, not (a and b), not (a or b), (a and b) == (a or b))
  end
end
local function all(p, q, r)
  local x1 = v("p", p) and v("q", q) and v("r", r) local s1 = flush()
  local x2 = v("p", p) or v("q", q) or v("r", r) local s2 = flush()
  local x3 = v("p", p) and v("q", q) or v("r", r) local s3 = flush()
  local x4 = v("p", p) or v("q", q) and v("r", r) local s4 = flush()
  local x5 = (v("p", p) or v("q", q)) and v("r", r) local s5 = flush()
  local x6 = v("p", p) and (v("q", q) or v("r", r)) local s6 = flush()
  local x7 = not (v("p", p) and v("q", q)) or not v("r", r) local s7 = flush()
  local x8 = (v("p", p) and not v("q", q)) == (v("r", r) or nil) local s8 = flush()
  print(x1, s1, x2, s2, x3, s3, x4, s4, x5, s5, x6, s6, x7, s7, x8, s8)
  if v("p", p) and v("q", q) or v("r", r) then log[#log + 1] = "!" end
  if not v("p", p) and (v("q", q) or not v("r", r)) then log[#log + 1] = "!" else log[#log + 1] = "?" end
  while v("p", p) and not v("q", q) or v("r", r) do log[#log + 1] = "w" break end
  repeat log[#log + 1] = "u" until v("p", p) or not v("q", q) or #log > 20
  print(flush())
end
for i = 0, 7 do all(i & 4 ~= 0 and "P" or nil, i & 2 ~= 0 and "Q" or false, i & 1 ~= 0 and "R" or nil) end
-- The value lands in its place: arguments, returns, tables, upvalues, the variable itself.
local function ret(a, b, c) return a and b or c end
print(ret(1, 2, 3), ret(nil, 2, 3), ret(1, nil, 3), ret(1, false, nil))
local x = nil x = x or 5 print(x) x = x and x + 1 print(x) x = x == 6 and "six" or "not" print(x) x = not x print(x) x = x or x print(x)
local t = { a = x or 1, [x and 2 or 3] = "k", x == false and 9 or 8 } print(t.a, t[3], t[1])
local function up() x = x or "up" x = x and x .. "!" return x end print(up(), up())
g = nil g = g or "global" g = g and g .. "?" print(g)
local a, b = nil or 1, false or nil print(a, b)
local min = function(p, q) return p < q and p or q end print(min(1, 2), min(3, 2))
print((nil or print) == print, (false or "f") .. "x", (nil and nil) == nil, 1 and nil, #(nil or "abc"))
print(not nil, not false, not 0, not "", not not {}, not print)
if nil then print("wrong") elseif false then print("wrong") elseif 0 then print("zero is true") else print("wrong") end
if not (1 > 2 or 2 > 3) and not (1 == 2) then print("ok") end
local n = 0 while not (n >= 3) do n = n + 1 end print(n)
print((1 < 2) and "lt" or "ge", (2 < 1) and "lt" or "ge", 1 < 2 and 2 < 1, 1 < 2 or 2 < 1, (1 < 2 and 3) or 4)
