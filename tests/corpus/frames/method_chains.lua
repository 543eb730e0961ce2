-- Methods that return their object, methods on results of calls, on strings and on literals.
local Builder = {}
Builder.__index = Builder
function Builder.new() return setmetatable({ parts = {} }, Builder) end
function Builder:add(s, ...) self.parts[#self.parts + 1] = s if select("#", ...) > 0 then return self:add(...) end return self end
function Builder:times(n) local s = table.concat(self.parts) for i = 2, n do self:add(s) end return self end
function Builder:done(sep) return table.concat(self.parts, sep) end
print(Builder.new():add("a"):add("b", "c"):times(3):add("!"):done("-"))
print(Builder.new():add(Builder.new():add("x"):done()):add(Builder.new():add("y", "z"):done("+")):done(","))
print(("abc"):upper():lower():rep(2):len(), #("x"):rep(10))
local s = "hello"
print(s:sub(2, 3):upper(), s:rep(2, "-"):sub(-4))
local t = { f = function() return { g = function(self, x) return self, x end } end }
print(select(2, t.f():g(5)), t.f().g(1, 2))
local o = { n = 0, a = { b = { c = {} } } }
function o.a.b.c:m(x) self.x = x return self, self.x end
function o.a.b.f(x) return x end
print(select(2, o.a.b.c:m(3)), o.a.b.f(4), o.a["b"].c.x)
function o:inc(by) self.n = self.n + (by or 1) return self end
print(o:inc():inc(5):inc(o:inc().n).n)
o:inc() o:inc()
print(o.n)
;(function() print("statement call") end)();
(o):inc():inc()
print(o["inc"](o).n, o.inc(o, 0).n)
local n = { value = 3 }
function n:get() return self.value end
function n:child(v) return setmetatable({ value = v }, { __index = self }) end
print(n:child(4):get(), n:child(5):child(6):get(), n:child():get())
print(#s:rep(3), -#s:rep(3), not s:find("x", 1, true), s:len() + s:len())
