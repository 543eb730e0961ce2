-- Calls with a literal instead of parentheses, also in chains.
local function f(x) return type(x) == "table" and "table " .. #x or "string " .. x end
print(f"abc", f'def', f[[ghi]], f[=[j]k]=], f{}, f{1, 2})
local o = { m = function(self, x) return self.n .. x end, n = "o:" }
print(o:m"a", o:m'b', o:m[[c]])
local function curry(a) return function(b) return function(c) return a .. b .. c end end end
print(curry"x"'y'[[z]], #f"x", -#f"x", ("%s"):format"q", ("x"):rep(3):upper())
print(type{}, type"", (("a"):byte()))
