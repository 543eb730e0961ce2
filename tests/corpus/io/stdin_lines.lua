--! stdin = alpha
--! stdin = beta
--! stdin =
--! stdin = delta
-- io.lines without a name reads standard input and leaves it open.
for l in io.lines() do io.write("<", l, ">") end print() print(io.read(), io.type(io.stdin))
