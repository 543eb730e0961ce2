-- Calls while many values are alive: each must come back whole.
local function f(...) local a, b, c, d, e = ... a = (a or 0) + 1 b = { a, b } c = (c or 'c') .. 'x' return a, b[2], c end
local function live(n, s, t)
  local l1 = s .. 1
  local l2 = t[2] or 2.5
  local l3 = { 3 }
  local r3, q3 = f(3, l3, 'k3')
  local l4 = n + 4
  local l5 = s .. 5
  local l6 = t[6] or 6.5
  local r6, q6 = f(6, l6, 'k6')
  local l7 = { 7 }
  local l8 = n + 8
  local l9 = s .. 9
  local r9, q9 = f(9, l9, 'k9')
  local l10 = t[10] or 10.5
  local l11 = { 11 }
  local l12 = n + 12
  local r12, q12 = f(12, l12, 'k12')
  local l13 = s .. 13
  local l14 = t[14] or 14.5
  local l15 = { 15 }
  local r15, q15 = f(15, l15, 'k15')
  local l16 = n + 16
  local l17 = s .. 17
  local l18 = t[18] or 18.5
  local r18, q18 = f(18, l18, 'k18')
  local l19 = { 19 }
  local l20 = n + 20
  local l21 = s .. 21
  local r21, q21 = f(21, l21, 'k21')
  local l22 = t[22] or 22.5
  local l23 = { 23 }
  local l24 = n + 24
  local r24, q24 = f(24, l24, 'k24')
  local all = { l1, l2, l3[1], l4, l5, l6, l7[1], l8, l9, l10, l11[1], l12, l13, l14, l15[1], l16, l17, l18, l19[1], l20, l21, l22, l23[1], l24 }
  local u1, u2, u3 = f(#all, f(1, 2), f(3))
  for i = 1, #all do all[i] = tostring(all[i]) end
  return table.concat(all, ' '), r3, r6, r9, r12, r15, r18, r21, r24, u1, u2, u3
end
print(live(100, 's', { 'one', 'two', [6] = 'six', [10] = 'ten' }))
print(live(0.5, 'longer string ', {}))
local function nested(a, b, c, d, e, f2, g, h) return f(a, f(b, f(c, f(d, f(e, f(f2, f(g, h))))))), a + b + c + d + e + f2 + g + h end
print(nested(1, 2, 3, 4, 5, 6, 7, 8))
local function rec(n, a, b, c, d, e, f2, g, h, i, j) if n == 0 then return a + b * 2 + c * 3 + d * 4 + e * 5 + f2 * 6 + g * 7 + h * 8 + i * 9 + j * 10 end local x = rec(n - 1, b, c, d, e, f2, g, h, i, j, a) local y = rec(n - 1, j, a, b, c, d, e, f2, g, h, i) return x + y * (a - b + c - d + e - f2 + g - h + i - j) end
print(rec(6, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10))
