-- Equal strings are equal however they were made, short and long, and as keys.
local function make(n) local t = {} for i = 1, n do t[i] = string.char(97 + i % 26) end return table.concat(t) end
for _, n in ipairs { 0, 1, 39, 40, 41, 42, 100, 1000 } do
  local a, b = make(n), make(n)
  local t = { [a] = n }
  print(n, a == b, rawequal(a, b), t[b], a .. "x" == b .. "x", a < b, a <= b, #a)
end
local t = {}
t["a" .. "b"] = 1
t[("ab"):rep(1)] = t[("xaby"):sub(2, 3)] + 1
print(t.ab, next(t))
print("a\0b" == "a\0c", "a\0" == "a", "" == "\0", "\0" < "\1", "a\0a" < "a\0b")
