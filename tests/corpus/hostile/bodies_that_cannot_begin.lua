--! options = --stack 200
-- A coroutine whose function has no room for its frame ends with the error, and its resumer goes on.
local names = {}
for i = 1, 190 do names[i] = "v" .. i end
local many = table.concat(names, ",")
local f = load("local " .. many .. " = ... local a = {" .. many .. "} return f1, a")
local deep = load("local " .. many .. " = ... local co = coroutine.create(...) local a = {" .. many .. "} return coroutine.resume(co, ..., a)")
for _, body in ipairs({ f, deep, load("local " .. many .. " = ... local a = {" .. many .. "} return a") }) do
  local co = coroutine.create(body)
  local ok, message = coroutine.resume(co, body)
  print(ok, type(message), coroutine.status(co), coroutine.close(co) ~= nil)
  print((pcall(coroutine.wrap(body), body)))
  for i = 1, 3 do collectgarbage() end
end
local function count(...) return select("#", ...) end
local function try(n) return coroutine.resume(coroutine.create(count), table.unpack({}, 1, n)) end
for n = 1, 200 do pcall(try, n) end
print("end")
