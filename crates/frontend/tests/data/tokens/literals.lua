-- numerals
x = 1 .5 0x10 0xffffffffffffffffff 9223372036854775808 3e2 0x.8p1 0xA.8 1e400 08
-- strings
y = "a\n\65\x41\u{48}\u{7FFFFFFF}\z
     b" 'it''s' [[
long]] [==[
]]]==] "\\\"\
next"
--[[ long
comment ]] -- short
--[==[ ]] ]==]
