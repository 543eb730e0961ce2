-- The lines that have code.
local function lines(f)
  if type(f) == "string" then f = assert(load(f)) end
  local info = debug.getinfo(f, "SL")
  local t = {}
  for line in pairs(info.activelines) do t[#t + 1] = line - info.linedefined end
  table.sort(t)
  print(table.concat(t, " "))
end
local _ = debug.sethook -- such functions show all that the source says

lines(function() end)
lines(function()
end)
lines(function(a, b)
  local c = a

  return b
end)
lines(function(...)
  local a = 20

  local b = 30
  -- nothing
end)
lines(function(a)
  local f = function() return a end
  for i = 1, 2 do
    f = function() return i end
  end
end)
lines(function(t)
  if t then
    return 1
  else
    return 2
  end
end)
lines(function(...t)
  t[1] = 2
  return t
end)
lines "\n\n\nreturn 1"
lines "local a = 1\n\n\n"
lines ""
print(debug.getinfo(print, "L").activelines)
print(next(debug.getinfo(load(string.dump(load("print(10)"), true)), "L").activelines))
