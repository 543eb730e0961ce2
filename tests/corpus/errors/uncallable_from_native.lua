-- A native calls what cannot be called: the error is the native's, and is caught where that was called.
local function bad(name) return setmetatable({}, {[name] = 1}) end
print(pcall(tostring, bad "__tostring"))
print(xpcall(tostring, function(m) return "handled: " .. m end, bad "__tostring"))
print(select("#", pcall(function()
  local a = 1
  print(pcall(print, bad "__tostring"))
  return a, pcall(tostring, bad "__tostring")
end)))
-- The same for a chain that does not end.
local t = setmetatable({}, {})
getmetatable(t).__call = t
print((select(2, pcall(string.gsub, "x", "x", function() return t() end)):gsub("^.*: ", "")))
-- A coroutine goes on after it.
local co = coroutine.wrap(function()
  for i = 1, 3 do
    print(i, pcall(tostring, bad "__tostring"))
    coroutine.yield(i)
  end
  return "end"
end)
print(co(), co(), co(), co())
-- A stack that overflows as a native calls.
local function deep(n)
  return (string.gsub("x", "x", function() return deep(n + 1) end))
end
local ok, message = pcall(deep, 1)
print(ok, (message:gsub("^.*: ", "")))
