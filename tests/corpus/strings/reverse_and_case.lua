-- reverse, lower, upper and len over all bytes.
print(("Hello, World"):reverse(), (""):reverse() == "", ("x"):reverse(), ("a\0b"):reverse():byte(1, -1))
print(("Hello, World 123"):lower(), ("Hello, World 123"):upper(), ("ÄÖ"):lower() == "ÄÖ", ("ß"):upper() == "ß")
local changed = {}
for i = 0, 255 do
  local c = string.char(i)
  if c:lower() ~= c then changed[#changed + 1] = c end
  if c:upper() ~= c then changed[#changed + 1] = c end
end
print(table.concat(changed))
print(#"", #"abc", #"a\0b", ("é"):len(), string.len(123), string.len(1.5))
print(string.reverse(123), string.upper(1e100), string.lower(-0.0))
for _, f in ipairs { "len", "lower", "upper", "reverse" } do print(pcall(string[f])) print(pcall(string[f], {})) print(pcall(string[f], nil)) end
