-- The numbers of the values that natives and functions with extra arguments return, as a return hook sees them.
local function show(event)
  local i = debug.getinfo(2, "Slnrtuf")
  if i.short_src == "[C]" or true then
  local vals = {}
  for k = i.ftransfer, i.ftransfer + i.ntransfer - 1 do local n, v = debug.getlocal(2, k) vals[#vals+1] = tostring(n) .. "=" .. tostring(v):gsub(": .*", "") end
  if i.func == debug.sethook then return end io.write(event, " ", tostring(i.name), " ", i.short_src:sub(1,3), " ", i.ftransfer, " ", i.ntransfer, " ", table.concat(vals, ","), " ", tostring(i.istailcall), " ", i.nparams, "\n")
  end
end
local function f(a, ...) local b, c = a, 2 return b, c, ... end
local function v(...) return ... end
local function n() end
local t = {1,2,3}
debug.sethook(show, "cr") f(1)
f(1, 2, 3)
v(1,2)
n()
math.max(1, 2, 3)
string.find("abc", "b", 1, true)
select(2, 1, 2, 3)
table.unpack(t)
print()
tostring(12)
string.format("%d", 3)
next(t)
ipairs(t)
table.concat(t, ",")
assert(1, 2)
string.byte("abc", 1, 3)
table.remove(t)
type(1)
coroutine.wrap(function(...) coroutine.yield(...) end)(1, 2)
debug.sethook()
