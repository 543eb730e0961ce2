-- status in every state, seen from inside and outside.
local co
co = coroutine.create(function()
  print("inside", coroutine.status(co), coroutine.running() == co)
  local inner = coroutine.wrap(function() return coroutine.status(co) end)
  print("from inner", inner())
  coroutine.yield()
end)
print(coroutine.status(co)) coroutine.resume(co) print(coroutine.status(co)) coroutine.resume(co) print(coroutine.status(co))
local bad = coroutine.create(error) coroutine.resume(bad, "x") print(coroutine.status(bad))
local main, is = coroutine.running() print(type(main), is, coroutine.status(main), coroutine.isyieldable(), coroutine.isyieldable(main), coroutine.isyieldable(co))
print(pcall(coroutine.status)) print(pcall(coroutine.status, 5)) print(coroutine.resume(main)) print(pcall(coroutine.close, main)) print(coroutine.wrap(function() return coroutine.isyieldable() end)())
