-- The reference's hint lies one before the end when the last element was appended by `t[#t + 1]`.
for n = 2, 9 do
  local t = {}
  for i = 1, n do t[#t + 1] = i end
  t[n - 1] = nil
  print(n, #t)
end
