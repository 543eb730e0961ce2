-- Numbers and strings never compare equal, and order raises.
print(1 == "1", "1" == 1, 0 == "", "nil" == nil, "true" == true, tostring(1) == "1", 1 .. "" == "1") print(pcall(function() return 1 < "2" end)) print(pcall(function() return "1" <= 2 end)) print(math.max(1, 2) == 2, ("10") + 0 == 10)
