-- Stripped functions name fields, methods and constants; upvalues are there without their names.
for _, s in ipairs{"local a; return function() a() end","local a; return function() local x = a.b end","local a; return function() a.b = 1 end", "local a; return function() a.b.c() end", "local a; return function() a:foo() end","local a; return function() return a < 1 end","local a; return function() return a .. 1 end","local a; return function() return #a end","local a; return function() return ~a end","local a=1.5; return function() return a|1 end","local a = {}; return function() a.x.y.z=1 end","return function() x.y.z=1 end","return function() x() end","return function() local y = x.z end","return function() x = x + 1 end"} do
 for _, strip in ipairs{false, true} do
  print(s, strip, pcall(load(string.dump(load(s, "=s"), strip))()))
  print(s, strip, pcall(load(string.dump(load(s, "=s")(), strip))))
 end
end
print(pcall(load(string.dump(load("local t <close> = ...", "=s"), true)), 1.5))
