-- Each activation has variables of its own, which closures keep after it returned.
local makers = {}
local function build(n)
  local x = n * 10
  makers[#makers + 1] = function() x = x + 1 return n, x end
  if n > 0 then build(n - 1) end
  makers[#makers + 1] = function() x = x + 100 return n, x end
end
build(4)
for i, f in ipairs(makers) do print(i, f()) end
for i, f in ipairs(makers) do print(i, f()) end

local function chain(n, inner)
  if n == 0 then return inner end
  return chain(n - 1, function(s) return inner(s .. n) end)
end
print(chain(9, function(s) return s end)("<"))

-- Continuation passing.
local function fact(n, k) if n <= 1 then return k(1) end return fact(n - 1, function(v) return k(v * n) end) end
print(fact(20, function(v) return v end))

-- A captured parameter that recursion changes.
local function count(n)
  local function inc() n = n + 1 return n end
  if n >= 3 then return inc, n end
  local deeper, m = count(n + 1)
  return function() return inc(), deeper() end, m
end
local f, m = count(0)
print(m, f())
print(f())
