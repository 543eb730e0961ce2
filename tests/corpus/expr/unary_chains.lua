-- Unary operators in rows and their precedence.
print(- -1, - - -1, not not nil, not -1, -2 ^ 2, -(2 ^ 2), not 1 == 1, not (1 == 1), #"abc" + 1, -#"abc", ~-1, -~1, ~~5, not #"x", - "2", -"0x10", 2 - -2, 2 - - -2, 2^-2, -2^-2, not nil == true)
