--! error = lua:5: count must be positive
-- The traceback of an uncaught error names the functions.
--
local function check(n)
  if n <= 0 then error("count must be positive") end
  return n
end
print(check(1))
check(0)
