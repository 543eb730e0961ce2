--! std = 5.4
-- `io.write` gives integral floats without `.0`, unlike all else.
io.write(1.0, " ", -0.0, " ", 1e15, " ", 2^53, " ", 0.1, " ", 1/0, " ", 3, "\n") io.stdout:write(1.0, "\n") print(1.0, ("x"):rep(2.0), 1.0 .. "", string.format("%s", 1.0), table.concat({1.0, 2}, ","))
