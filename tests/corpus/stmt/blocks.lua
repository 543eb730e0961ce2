-- if chains, do blocks, scopes, semicolons, comments, statements in odd places.
local function class(n) if n < 0 then return "neg" elseif n == 0 then return "zero" elseif n < 10 then return "small" elseif n < 100 then return "medium" else return "large" end end
for _, n in ipairs { -1, 0, 5, 50, 500 } do io.write(class(n), " ") end print()
local x = 1 do local x = 2 do local x = 3 print(x) end print(x) end print(x)
if x == 1 then local x = 10 print(x) else local x = 20 print(x) end print(x)
local function nest(a, b, c) if a then if b then if c then return "abc" else return "ab" end elseif c then return "ac" else return "a" end else if b then return "b" .. (c and "c" or "") end end return "none" end
for i = 0, 7 do io.write(nest(i & 4 > 0, i & 2 > 0, i & 1 > 0), " ") end print()
;;; do end do ; end if x then end while false do end for _ = 1, 0 do end repeat until true
local a = 1; local b = 2; print(a + b); do return print("early return ends the chunk", (function() do return 1 end end)()) end
