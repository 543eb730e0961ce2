-- Booleans and functions as keys.
local t = { [true] = 1, [false] = 2, [print] = 3 } print(t[true], t[false], t[print], t[1 == 1], t[not true], t[nil]) t[true] = nil print(t[true], t[false]) local n = 0 for k in pairs(t) do n = n + 1 end print(n)
