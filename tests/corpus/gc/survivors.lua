--! args = 40
--! small = 2
-- What is reachable survives collections, from every kind of root.
local rounds = tonumber(arg[1])
local list for i = 1, 200 do list = { next = list, value = i, name = "n" .. i } end
local tree local function build(d) if d == 0 then return { v = 1 } end return { l = build(d - 1), r = build(d - 1), v = d } end tree = build(7)
local function sum_list(l) local s = 0 while l do s = s + l.value assert(l.name == "n" .. l.value) l = l.next end return s end local function sum_tree(t) return t.v + (t.l and sum_tree(t.l) + sum_tree(t.r) or 0) end
local closures = {} for i = 1, 20 do local s = "up" .. i local t = { i } closures[i] = function() return s, t[1] end end
local co = coroutine.wrap(function() local l1, l2 = { "local" }, "str" .. "ing" while true do local r = coroutine.yield(l1[1] .. l2) if r then l2 = l2 .. r end end end) co()
local mt = { __index = function(t, k) return k .. "?" end } local obj = setmetatable({}, mt) local keys = {} for i = 1, 50 do keys["key" .. i] = { i } keys[i / 2] = "half" .. i end
for r = 1, rounds do
  local garbage = {} for i = 1, 50 do garbage[i] = { i, tostring(i), function() return i end } end
  local before = "string " .. r collectgarbage() collectgarbage("step")
  assert(before == "string " .. r and #garbage == 50 and garbage[7][2] == "7" and garbage[9][3]() == 9)
  for i = 1, 20 do local s, t = closures[i]() assert(s == "up" .. i and t == i) end
  assert(sum_list(list) == 20100 and sum_tree(tree) > 0 and obj["k" .. r] == "k" .. r .. "?") for i = 1, 50 do assert(keys["key" .. i][1] == i and keys[i / 2] == "half" .. i) end
end
print(sum_list(list), sum_tree(tree), co("!"), co("?"), closures[20]())
local function args(a, b, c) collectgarbage() return a[1], b .. "", c() end print(args({ "table" }, "con" .. "cat", function() return "closure" end)) local function va(...) collectgarbage() local t = { ... } collectgarbage() return #t, (...)[1], select(2, ...) end print(va({ 1 }, "x" .. 1, "y" .. 2))
local function deep(n) local x = { n } local s = "s" .. n if n == 0 then collectgarbage() return 0 end local r = deep(n - 1) assert(x[1] == n and s == "s" .. n) return r + x[1] end print(deep(30)) print(pcall(function() local t = { "kept" } collectgarbage() error({ t[1] .. "!" }) end) == false) print(select(2, pcall(function() local e = { msg = "e" .. 1 } collectgarbage() error(e) end)).msg)
local function temps() collectgarbage() return "t" .. 1 end local tt = { temps(), temps(), x = temps() } print(temps() .. temps() .. temps(), tt[2], tt.x, (temps()))
