-- error with levels and values, assert, and where messages say the error is.
local function lvl(n) error("msg", n) end
local function caller(n) lvl(n) end
for n = 0, 4 do print(n, pcall(caller, n)) end
print(pcall(error, "direct")) print(pcall(error, "direct", 1)) print(pcall(error, "direct", 2)) print(pcall(function() error("here") end)) print(pcall(function() error("here", 2) end)) print(pcall(function() error(12) end)) print(pcall(function() error(1.5) end)) print(pcall(function() error(true) end)) print(pcall(function() error(nil) end)) print(pcall(function() error() end)) print(select("#", pcall(error)))
local t = setmetatable({}, { __tostring = function() return "custom" end }) local ok, e = pcall(error, t) print(ok, e == t, tostring(e)) ok, e = pcall(error, print) print(e == print) print(pcall(error, "12" + 1, 1))
print(pcall(assert, false)) print(pcall(assert, nil, "message")) print(pcall(assert, false, { 1 }) == false) print(select("#", assert(1, 2, 3)), assert(1, 2, 3)) print(pcall(assert)) print(pcall(assert, false, nil)) print(pcall(assert, nil, 5)) print(pcall(function() assert(1 == 2, "not equal") end)) print(pcall(function() assert(false) end))
print(pcall(function()
  local x = 1

  error("on line 12")
end))
print(pcall(function() local f = load("\n\nerror('in chunk')", "=name") f() end)) print(pcall(load("error('x')", "@file.lua"))) print(pcall(load("error('x')", "some code"))) print(pcall(load("local a = 1\nlocal b = a .. nil\n", "line1\nline2"))) print(pcall(load("error('x')", "=" .. ("long"):rep(30)))) print(pcall(load("error('x')", "@" .. ("long"):rep(30)))) print(pcall(load("error('x')", ("long"):rep(30))))
local function tail() return error("tail") end print(pcall(tail)) local function tail2() return lvl(2) end print(pcall(tail2)) print(pcall(function() return caller(3) end))
print(pcall(
  function(a)
    return a
      .x
      .y
  end, {}))
print(pcall(function() return
  1 +
  nil end)) print(pcall(function()
  local s =
    "a" .. "b" .. {}
end))
print(pcall(function() tostring() end)) print(pcall(function() ("x"):rep() end)) print(pcall(function() string.rep() end)) print(pcall(string.rep)) print(pcall(string.rep, "x", "y")) print(pcall(string.char, 256)) print(pcall(select, 0)) print(pcall(tonumber, "10", 99)) print(pcall(tonumber, 10, 10)) print(pcall(tonumber)) print(pcall(next, {}, "nokey")) print(pcall(rawequal, 1)) print(pcall(table.unpack, {}, 1, 1e8)) print(pcall(string.format, "%d", "x")) print(pcall(string.format, "%q")) print(pcall(math.floor, {})) print(pcall(table.insert, {}, 5, 1)) print(pcall(table.insert, {}, 1, 1, 1)) print(pcall(table.concat, { 1, {}, 3 }))
