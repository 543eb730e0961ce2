-- What resume passes in and yield hands out: none, one, nils, many.
local co = coroutine.create(function(...)
  print("args", select("#", ...), ...)
  for i = 1, 4 do print("got", select("#", coroutine.yield(i, nil, i * 2)), coroutine.yield()) end
  return "done", nil
end)
print(coroutine.resume(co, 1, nil)) print(coroutine.resume(co, "a", "b")) print(coroutine.resume(co)) print(coroutine.resume(co, nil)) print(coroutine.resume(co, 1, 2, 3)) for i = 1, 6 do print(coroutine.resume(co, i)) end
local many = coroutine.wrap(function(...) while true do coroutine.yield(select("#", ...), (coroutine.yield(...))) end end) print(select("#", many(table.unpack({}, 1, 200)))) print(many("x")) local t = coroutine.wrap(function() coroutine.yield(table.unpack({ 1, 2, 3 }, 1, 100)) end) print(select("#", t()))
