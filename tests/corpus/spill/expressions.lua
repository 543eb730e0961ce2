-- Deep expressions over few and many variables, arithmetic, comparisons, logic, tables and calls mixed.
local function id(x) return x end
local function f(a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12)
  local t = { a1, a2, a3, x = a4, y = { z = a5 } }
  return (t[1] * (a4 + (a7 + ((t.x - a4) + a2)))),
    ((a2 + (((a6 - a7) - (a2 - id(a7))) - ((t.y.z + a8) + (a3 // (#t % 13 + 14))))) - ((((a11 + id(a7)) + (a11 // (a12 % 13 + 14))) * ((a9 + a3) - (t.y.z // (t[1] % 13 + 14)))) * a12)),
    (a12 + ((((id(a7) + t.y.z) - (t.x * a9)) - ((a5 + a5) * (a6 - a1))) + (((#t - a2) - (t[1] % (t[1] % 13 + 14))) - ((a7 - a4) // ((a5 + a12) % 13 + 14))))),
    ((((a12 * (t.y.z + a10)) + ((a6 // (a7 % 13 + 14)) + #t)) % ((((a3 * a9) + (a8 - #t)) // (((a7 % (t[1] % 13 + 14)) - (id(a7) - a1)) % 13 + 14)) % 13 + 14)) - a9),
    ((((a12 // ((a7 + id(a7)) % 13 + 14)) * (id(a7) - a12)) // ((a4 + a7) % 13 + 14)) + (((t[1] % ((a6 // (a5 % 13 + 14)) % 13 + 14)) // ((a5 - (a12 - a5)) % 13 + 14)) - (a4 % (((a7 % (a7 % 13 + 14)) - (a11 - t.x)) % 13 + 14)))),
    ((((t.x % (#t % 13 + 14)) + ((a6 + a5) - (a4 + a11))) // ((((a7 - a4) % ((a3 - #t) % 13 + 14)) - ((id(a7) + a8) - (a7 * a5))) % 13 + 14)) % (((((a4 // (a5 % 13 + 14)) + a12) + (a8 - (id(a7) + a8))) + (t[1] + ((a1 + t.y.z) - (#t + #t)))) % 13 + 14)),
    (((((a5 % (a9 % 13 + 14)) * (id(a7) - a3)) + ((a9 + a3) % (a3 % 13 + 14))) % ((((t.x + a9) % ((a8 + a6) % 13 + 14)) - ((#t * a10) - (a12 // (a9 % 13 + 14)))) % 13 + 14)) + ((#t - ((id(a7) % (t[1] % 13 + 14)) + a10)) + ((a5 % ((a5 * a9) % 13 + 14)) - ((#t % (a10 % 13 + 14)) + (t.y.z // (a9 % 13 + 14)))))),
    ((a11 * (((a9 + a7) - (a9 % (a5 % 13 + 14))) * ((a8 * #t) + a5))) + ((((a5 + #t) * (#t // (#t % 13 + 14))) - (a1 - a8)) // (((t[1] * a2) + ((a1 - a3) // ((a3 - a3) % 13 + 14))) % 13 + 14)))
end
print(f(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12))
print(f(-5, 17, 23, -42, 99, 3, 7, -8, 1, 0, 64, -3))
local function g(a, b, c, d, e, f, g, h) return (a < b and c or d) + (b < c and d or e) * (c < d and e or f) - (not (d < e) and f or g) + ((a == b or c ~= d) and (e > f and g or h) or (g >= h and a or b)), a < b == (c < d), not (a < b) == (e <= f), (a or b) .. (c and d) .. tostring(e == f and g), { a, { b, { c, { d, { e, f }, g }, h } } } end
local function flat(t) if type(t) ~= 'table' then return tostring(t) end local r = {} for i = 1, #t do r[i] = flat(t[i]) end return '(' .. table.concat(r, ' ') .. ')' end
for _, p in ipairs { { 1, 2, 3, 4, 5, 6, 7, 8 }, { 8, 7, 6, 5, 4, 3, 2, 1 }, { 3, 3, 1, 1, 2, 2, 9, 0 } } do local a, b, c, d, e = g(table.unpack(p)) print(a, b, c, d, flat(e)) end
