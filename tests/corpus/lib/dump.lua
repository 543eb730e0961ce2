-- string.dump and load: round trips, upvalues, and what is refused.
local function counter(step)
  local n = 0
  return function(...)
    n = n + step
    return n, select("#", ...), _ENV ~= nil
  end
end
local f = assert(load(string.dump(counter)))
print(f(3)(1, 2, nil))

-- upvalues come back nil, the first as the environment
local a, b = 20, 30
f = load(string.dump(function(x)
  if x == "set" then a = 10 + b; b = b + 1 else return a, b end
end), "", "b", nil)
print(f())
f = load(string.dump(function() return a, b end), "", "b", "environment")
print(f())
f = load(string.dump(function() return print end), "chunk", "b", { print = "own" })
print(f())

-- a reader that gives the chunk in single bytes
local function bytes(s)
  local i = 0
  return function() i = i + 1 return s:sub(i, i) end
end
local chunk = string.dump(load("local t = { ... } return #t, 1.5, 'a\\0b', ('x'):rep(3), -9223372036854775807 - 1"))
print(load(bytes(chunk), "bytes", "b")(1, 2, 3))
print(load(string.dump(load(chunk), true))(1))

-- lines and names go when stripped
local text = "local x = 1\nlocal t\nt.y = x"
print(pcall(load(string.dump(load(text, "=text")))))
print(pcall(load(string.dump(load(text, "=text"), true))))
print(#string.dump(load(text), true) < #string.dump(load(text)))

-- every truncation is noticed, and every changed byte of the header
local truncated = 0
for i = 1, #chunk - 1 do
  local ok, message = load(chunk:sub(1, i), "=cut")
  assert(not ok)
  if message == "cut: bad binary format (truncated chunk)" then truncated = truncated + 1 end
end
print(truncated == #chunk - 1)
for i = 1, 32 do
  local damaged = chunk:sub(1, i - 1) .. string.char((chunk:byte(i) + 1) & 255) .. chunk:sub(i + 1)
  assert(not load(damaged))
end
print(load("\27", "@file"))
print(load("\27Nothing of the kind", "name"))
print(load(chunk:sub(1, 10)))
print(load(chunk, "=x", "t"))
print(load("return 1", "=x", "b"))
print(load(bytes(chunk), "=x", "t"))
print(pcall(load, chunk, "=x", "B"))
print(pcall(string.dump, print))
print(pcall(string.dump))

-- a string stands once, however many functions use it
local long = "|" .. ("X"):rep(50) .. "|"
local many = load(("local s <const> = %q return { function() return s end, function() return s end, function() return s end }"):format(long))
print(select(2, string.dump(many):gsub(long, {})))
local got = load(string.dump(many))()
print(got[1]() == long, got[3]() == long, string.format("%p", got[1]()) == string.format("%p", got[2]()))
