-- Errors of chunks without debug information: fields and methods have names, variables and lines have not.
local function run(source)
  print(select(2, pcall(load(string.dump(load(source, "=c"), true)))))
end
run "error('x')"
run "error('x', 2)"
run "local a = {} + 1"
run "local a; a.b = 1"
run "x.y.z = 1"
run "local t = {}; t.f()"
run "local t = {}; t:m()"
run "undefined()"
run "string.rep()"
run "('x'):rep({})"
