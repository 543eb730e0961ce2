--! args = deep
--! small = shallow
-- Calls from library functions of what is no function, or at the end of the stack: their error is the library function's.
for i = 1, 3 do
  print(pcall(tostring, setmetatable({}, { __tostring = 5 })))
  print(pcall(table.sort, { 2, 1 }, setmetatable({}, {})))
  print(pcall(string.gsub, "abc", "b", setmetatable({}, { __index = 5 })))
  print(pcall(pcall, setmetatable({}, { __call = 5 })))
  print(pcall(xpcall, 5, print))
  print(pcall(load, 5))
  print(pcall(setmetatable({}, { __index = function(t, k) return k end }).x))
end
if ... == "deep" then
  collectgarbage("stop")
  local function edge(n)
    local s = tostring(setmetatable({}, { __tostring = function() local a, b, c, d = 1, 2, 3, 4 return "x" .. a + b + c + d end }))
    return s .. edge(n + 1)
  end
  print(select(2, pcall(edge, 1)):match("stack overflow"), #tostring(12))
  collectgarbage("restart")
end
