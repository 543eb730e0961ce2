-- The same text loaded again: functions of their own, environments of their own, what they learned shared by nobody who can see it.

local text = "n = (n or 0) + 1 return n"
local a, b = load(text), load(text)
print(a == b, a(), b(), a(), n)

-- An environment is one function's alone.
local mine = { n = 10 }
local c, d = load(text, text, "t", mine), load(text)
print(c(), c(), d(), n, mine.n)
local e = load(text)
print(e(), mine.n, n)

-- Upvalues of functions inside, and names of chunks.
local maker = "local i = 0 return function() i = i + 1 return i end"
local f, g = load(maker)(), load(maker)()
print(f(), f(), g())
print(select(2, pcall(load("error('x')", "=one"))), select(2, pcall(load("error('x')", "=two"))))
print(select(2, pcall(load("error('x')", "@one"))), select(2, pcall(load("\nerror('x')", "@one"))))

-- Errors stay errors, and modes modes.
for _ = 1, 3 do
  print(load("return +", "=broken"))
  print(load("return 1", "=text", "b"))
end

-- Often, so that the code is made better on the way; and with garbage, so that what is remembered goes.
local sum = 0
for i = 1, 2000 do
  sum = sum + load("local a = 1 return a + " .. i % 50)()
  if i % 500 == 0 then
    collectgarbage()
  end
end
print(sum)

-- The text in pieces.
local function pieces(...)
  local list, at = { ... }, 0
  return function()
    at = at + 1
    return list[at]
  end
end
for _ = 1, 2 do
  print(load(pieces("return ", "1", " + ", "2"))())
end

-- More of them than anything would remember.
local kept = {}
for i = 1, 500 do
  kept[i] = load("return " .. i .. ", ...")
end
local all = 0
for i = 1, 500 do
  local x, y = kept[i](i)
  all = all + x + y + load("return " .. i .. ", ...")(i)
end
print(all)
