--! error = tests/corpus/errors/uncaught_in_coroutine.lua:5: inside
-- An error in a wrapped coroutine ends the script.
print("before")
local w = coroutine.wrap(function()
  error("inside")
end)
w()
print("never printed")
