-- Line events, statement by statement, as the reference orders them.
local function trace(source, ...)
  local lines = {}
  local f = assert(load(source, "=t"))
  debug.sethook(function(_, line) lines[#lines + 1] = line end, "l")
  f(...)
  debug.sethook()
  lines[#lines] = nil -- the line of the sethook above
  print(table.concat(lines, " "))
end

trace "local a = 1\nlocal b = 2\nreturn a,\n  b"
trace "if math.sin(1)\nthen\n  a = 1\nelse\n  a = 2\nend\n"
trace "if false then\n a = 1\nelseif nil then\n a = 2\nelse\n a = 3\nend\nlocal x"
trace "local t = {}\nfor i = 1, 3 do\n  t[i] = i\nend\nfor i = 3, 1, -1 do t[i] = nil end"
trace "for i = 1, 3 do\n  local j = i\n  F = function() return j, i end\nend"
trace "for k, v in pairs{1, 2} do\n  x = k\nend"
trace "for k, v in next, {1, 2} do\n  F = function() return k end\n  x = v\nend"
trace "for _ in function(s, c)\n  if not c then return 1 end\nend do\n  x = 1\nend"
trace "local i = 0\nwhile i < 3 do\n  i = i + 1\n  if i == 2 then\n    break\n  end\nend"
trace "local i = 0\nrepeat\n  i = i + 1\n  local j = i\nuntil j == 2"
trace "local i = 0\nrepeat\n  local j <close> = nil\n  i = i + 1\nuntil i == 2\nx = 1"
trace "local i = 0\n::top::\ni = i + 1\nif i < 3 then goto top end\nx = i"
trace "local function f(a,\n  b)\n  return a\n    + b\nend\nlocal x = f(\n 1,\n 2\n)\n"
trace "local x = {\n  1,\n  a = 2,\n  f = function()\n  end,\n}\n"
trace "local s = 'a'\n  .. 'b'\n  .. tostring(\n   1)\n"
trace "local a, b\n= 1,\n2\na,\nb = b,\na\n"
trace "local x = 1 and\n 2 or\n 3\nlocal y = not x\n  or x\n"
trace "local x = ...\nif x == 1\nand x ~= 2\nor x then\n  x = 3\nend"
trace "do\n  local x <close> = setmetatable({}, {__close = function()\n    y = 1\n  end})\n  local w = nil or 1\nend\nz = 1"
trace "local function f(...)\n  local a, b = ...\n  return ...\nend\nf(1, 2)\nf()"
trace "local function f(a, ...)\n  local g = function() return a end\n  return g()\nend\nf(1, 2)"
trace "local t = setmetatable({}, {__index = function(t, k)\n  return #k\nend})\nlocal x = t.a\n  + t.b"
trace "local o = {}\nfunction o:m(x)\n  return self\nend\no:m(1)\n  :m(2)\n  :m(\n  3)"
trace "return (function()\n  return 1\nend)()"
trace "local f <const> = 1\nlocal g = f\n\n\nglobal x\nx = g\n"
trace "local co = coroutine.wrap(function()\n  coroutine.yield(1)\n  return 2\nend)\nco()\nco()"
trace "pcall(function()\n  error('x')\nend)\nlocal ok = pcall(\n  error)\n"
trace "goto done\nlocal x = 1\n::done::\n"
trace "global function f()\n  return 1\nend\nf()\n"
trace "global a1 = 1\nglobal b1, c1 = 2,\n 3\n"
trace "local x\nx = 1; x = 2\nx = 3"
trace ""
trace "-- nothing\n\n"
