-- Branches and joins with many live values: values merged over if, while, goto, and, or, break.
local function join(n)
  local m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16 = 1, 4, 9, 16, 25, 36, 49, 64, 81, 100, 121, 144, 169, 196, 225, 256
  local steps = 0
  ::again::
  steps = steps + 1
  if (n + 1) % 3 == 0 then m1, m6 = m6, m1 else m4 = m1 > m6 and m1 - m6 or m6 - m1 + 1 end
  if (n + 2) % 4 == 0 then m2, m11 = m11, m2 else m7 = m2 > m11 and m2 - m11 or m11 - m2 + 2 end
  if (n + 3) % 2 == 0 then m3, m16 = m16, m3 else m10 = m3 > m16 and m3 - m16 or m16 - m3 + 3 end
  if (n + 4) % 3 == 0 then m4, m5 = m5, m4 else m13 = m4 > m5 and m4 - m5 or m5 - m4 + 4 end
  if (n + 5) % 4 == 0 then m5, m10 = m10, m5 else m16 = m5 > m10 and m5 - m10 or m10 - m5 + 5 end
  if (n + 6) % 2 == 0 then m6, m15 = m15, m6 else m3 = m6 > m15 and m6 - m15 or m15 - m6 + 6 end
  if (n + 7) % 3 == 0 then m7, m4 = m4, m7 else m6 = m7 > m4 and m7 - m4 or m4 - m7 + 7 end
  if (n + 8) % 4 == 0 then m8, m9 = m9, m8 else m9 = m8 > m9 and m8 - m9 or m9 - m8 + 8 end
  if (n + 9) % 2 == 0 then m9, m14 = m14, m9 else m12 = m9 > m14 and m9 - m14 or m14 - m9 + 9 end
  if (n + 10) % 3 == 0 then m10, m3 = m3, m10 else m15 = m10 > m3 and m10 - m3 or m3 - m10 + 10 end
  if (n + 11) % 4 == 0 then m11, m8 = m8, m11 else m2 = m11 > m8 and m11 - m8 or m8 - m11 + 11 end
  if (n + 12) % 2 == 0 then m12, m13 = m13, m12 else m5 = m12 > m13 and m12 - m13 or m13 - m12 + 12 end
  if (n + 13) % 3 == 0 then m13, m2 = m2, m13 else m8 = m13 > m2 and m13 - m2 or m2 - m13 + 13 end
  if (n + 14) % 4 == 0 then m14, m7 = m7, m14 else m11 = m14 > m7 and m14 - m7 or m7 - m14 + 14 end
  if (n + 15) % 2 == 0 then m15, m12 = m12, m15 else m14 = m15 > m12 and m15 - m12 or m12 - m15 + 15 end
  if (n + 16) % 3 == 0 then m16, m1 = m1, m16 else m1 = m16 > m1 and m16 - m1 or m1 - m16 + 16 end
  while m1 > 500 do m1 = m1 // 2 if m1 % 7 == 3 then break end m2 = m2 + 1 end
  if steps < 4 and (m3 + m4) % 2 == 0 then n = n + 1 goto again end
  return steps, n, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16
end
for n = 0, 9 do print(join(n)) end
