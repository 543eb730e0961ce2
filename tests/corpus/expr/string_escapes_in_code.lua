-- Line ends inside of strings and comments, odd spacing, comments everywhere.
local a --[[ inline ]] = --[==[ long
comment ]==] 5 --[[x]] + --
  3
print(a --[[c]], "--not a comment", [[--[[nor this]]) local s = "a\z
        b\
c" print(s, #s) print(1--[[]]+--[[]]2) --[[ ]] print("after") --]] print("not run")
print("done") --
