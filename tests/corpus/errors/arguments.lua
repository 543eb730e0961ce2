--! args = base string table math utf8 os io coroutine package debug
--! small = utf8 package
-- The tables of argument errors that the library's own tests read: each call raises the message that stands beside it.
for _, library in ipairs(arg) do
  local count = 0
  for line in io.lines("crates/stdlib/tests/data/arguments/" .. library .. ".txt") do
    local call, expected = line:match("^(.-) %-> (.*)$")
    local ok, message = pcall(assert(load("local r = table.pack(" .. call .. ")", "=call")))
    message = message and message:gsub("^call:1: ", "")
    if ok or message ~= expected then print(call, ok and "raises nothing" or message, expected) end
    count = count + 1
  end
  print(library, count > 10)
end
