-- Loops that carry thirty variables, swapped and rotated, with branches, calls and inner loops.
local function show(...) local s = 0 for i = 1, select('#', ...) do s = s * 3 % 1000003 + (select(i, ...)) end return s end
local function run(n)
  local x1, x2, x3, x4, x5, x6, x7, x8, x9, x10, x11, x12, x13, x14, x15, x16, x17, x18, x19, x20, x21, x22, x23, x24, x25, x26, x27, x28, x29, x30 = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
  for i = 1, n do
    x1, x2, x3, x4, x5, x6, x7, x8, x9, x10, x11, x12, x13, x14, x15, x16, x17, x18, x19, x20, x21, x22, x23, x24, x25, x26, x27, x28, x29, x30 = x2, x3, x4, x5, x6, x7, x8, x9, x10, x11, x12, x13, x14, x15, x16, x17, x18, x19, x20, x21, x22, x23, x24, x25, x26, x27, x28, x29, x30, x1
    if i % 3 == 0 then x1, x30 = x30, x1 elseif i % 3 == 1 then x5, x6, x7 = x7, x5, x6 else x2 = x2 + x29 end
    for j = 1, i % 4 do x10 = x10 + x20 % 7 x20, x11 = x11, x20 end
    if show(x1, x15, x30) % 5 == 0 then x3 = x3 + 1 end
  end
  return x1, x2, x3, x4, x5, x6, x7, x8, x9, x10, x11, x12, x13, x14, x15, x16, x17, x18, x19, x20, x21, x22, x23, x24, x25, x26, x27, x28, x29, x30
end
print(run(0))
print(run(1))
print(run(2))
print(run(10))
print(run(57))
local function floats(n)
  local x1, x2, x3, x4, x5, x6, x7, x8, x9, x10, x11, x12, x13, x14, x15, x16, x17, x18, x19, x20, x21, x22, x23, x24, x25, x26, x27, x28, x29, x30 = 1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5, 9.5, 10.5, 11.5, 12.5, 13.5, 14.5, 15.5, 16.5, 17.5, 18.5, 19.5, 20.5, 21.5, 22.5, 23.5, 24.5, 25.5, 26.5, 27.5, 28.5, 29.5, 30.5
  local i = 0
  while i < n do
    i = i + 1
    x1 = (x1 + x8) / 2
    x2 = (x2 + x15) / 2
    x3 = (x3 + x22) / 2
    x4 = (x4 + x29) / 2
    x5 = (x5 + x6) / 2
    x6 = (x6 + x13) / 2
    x7 = (x7 + x20) / 2
    x8 = (x8 + x27) / 2
    x9 = (x9 + x4) / 2
    x10 = (x10 + x11) / 2
    x11 = (x11 + x18) / 2
    x12 = (x12 + x25) / 2
    x13 = (x13 + x2) / 2
    x14 = (x14 + x9) / 2
    x15 = (x15 + x16) / 2
    x16 = (x16 + x23) / 2
    x17 = (x17 + x30) / 2
    x18 = (x18 + x7) / 2
    x19 = (x19 + x14) / 2
    x20 = (x20 + x21) / 2
    x21 = (x21 + x28) / 2
    x22 = (x22 + x5) / 2
    x23 = (x23 + x12) / 2
    x24 = (x24 + x19) / 2
    x25 = (x25 + x26) / 2
    x26 = (x26 + x3) / 2
    x27 = (x27 + x10) / 2
    x28 = (x28 + x17) / 2
    x29 = (x29 + x24) / 2
    x30 = (x30 + x1) / 2
  end
  return x1 // 0.25, x2 // 0.25, x3 // 0.25, x4 // 0.25, x5 // 0.25, x6 // 0.25, x7 // 0.25, x8 // 0.25, x9 // 0.25, x10 // 0.25, x11 // 0.25, x12 // 0.25, x13 // 0.25, x14 // 0.25, x15 // 0.25, x16 // 0.25, x17 // 0.25, x18 // 0.25, x19 // 0.25, x20 // 0.25, x21 // 0.25, x22 // 0.25, x23 // 0.25, x24 // 0.25, x25 // 0.25, x26 // 0.25, x27 // 0.25, x28 // 0.25, x29 // 0.25, x30 // 0.25
end
print(floats(1))
print(floats(3))
local function strings(n)
  local x1, x2, x3, x4, x5, x6, x7, x8, x9, x10, x11, x12, x13, x14, x15, x16, x17, x18, x19, x20, x21, x22, x23, x24, x25, x26, x27, x28, x29, x30 = 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', 'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z', 'a', 'b', 'c', 'd', 'e'
  repeat n = n - 1 x1, x2, x3, x4, x5, x6, x7, x8, x9, x10, x11, x12, x13, x14, x15, x16, x17, x18, x19, x20, x21, x22, x23, x24, x25, x26, x27, x28, x29, x30 = x3, x4, x5, x6, x7, x8, x9, x10, x11, x12, x13, x14, x15, x16, x17, x18, x19, x20, x21, x22, x23, x24, x25, x26, x27, x28, x29, x30, x1, x2 x1 = x1 .. x2 if #x1 > 20 then x1 = x1:sub(1, 5) end until n <= 0
  return table.concat({ x1, x2, x3, x4, x5, x6, x7, x8, x9, x10, x11, x12, x13, x14, x15, x16, x17, x18, x19, x20, x21, x22, x23, x24, x25, x26, x27, x28, x29, x30 }, ' ')
end
print(strings(1), strings(40))
