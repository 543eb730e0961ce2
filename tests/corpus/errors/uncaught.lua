--! error = tests/corpus/errors/uncaught.lua:10: went wrong
--! error = stack traceback:
--! error = 'error'
--! error = tests/corpus/errors/uncaught.lua:10: in upvalue 'fails'
--! error = tests/corpus/errors/uncaught.lua:14: in local 'calls'
--! error = tests/corpus/errors/uncaught.lua:17: in main chunk
--! error = [C]: in ?
-- An error that nobody catches ends the script with a traceback; output before it stands.
local function fails(n)
  error("went " .. n)
end

local function calls()
  local x = fails("wrong") return x
end
print("before")
calls()
print("never")
