-- Exponents: always floats, signs and edges.
print(2^10, 2^0, 2^-1, (-2)^2, -2^2, (-8)^(1/3) ~= (-8)^(1/3), 0^0, 0^1, 10^2, 2^0.5, 4^0.5, 1e200^2, 2^1024, 2^-1080, (-1)^3, 1^math.huge, (1/0)^-1, 2^3^2, math.type(2^2)) print("2" ^ "3", 2 ^ "2", pcall(function() return {} ^ 2 end))
