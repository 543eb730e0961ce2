-- Each class and its complement over all bytes.
for _, c in ipairs { "a", "c", "d", "g", "l", "p", "s", "u", "w", "x" } do
  local n, m, first, last = 0, 0
  for i = 0, 255 do
    if string.char(i):find("%" .. c) then n = n + 1 first = first or i last = i end
    if string.char(i):find("%" .. c:upper()) then m = m + 1 end
  end
  print(c, n, m, first, last)
end
print(("a.b"):find("%."), ("a%b"):find("%%"), ("a-b"):find("%-"), ("é"):find("%a"), ("z"):find("%z"), ("\0"):find("%z"))
