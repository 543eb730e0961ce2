-- %q: strings, numbers, booleans and nil come back through load.
local values = { "plain", "quo\"te", "back\\slash", "new\nline", "\r", "\0", "\0001", "a\0b2", "\1", "\127", "\200", "tab\t", "", 0, -1, 1.5, 1/3, 1e100, 2^63, -2^63, math.maxinteger, math.mininteger, 1/0, -1/0, 0.1, -0.0, 3.0, true, false }
for _, v in ipairs(values) do
  local text = string.format("%q", v)
  local back = load("return " .. text)()
  print(text, back == v, math.type(back) == math.type(v))
end
print(string.format("%q", nil), string.format("%q", 0/0), load("local x = " .. string.format("%q", 0/0) .. " return x ~= x")())
print(pcall(string.format, "%q", {})) print(pcall(string.format, "%q", print)) print(pcall(string.format, "%10q", "x")) print(pcall(string.format, "%-q", "x")) print(pcall(string.format, "%q")) print(string.format("[%q] [%q]", "a", "b"))
