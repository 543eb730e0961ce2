--! std = 5.4
-- Numeric loops at the edges.
local function run(a, b, c) local r = {} for i = a, b, c or 1 do r[#r + 1] = i if #r > 5 then break end end return table.concat(r, ",") end print(run(1, 3), run(3, 1, -1), run(1, 2, 0.5), run(math.maxinteger - 1, math.maxinteger), run(1, math.huge), run(1, 0)) print(pcall(run, 1, 2, 0)) print(pcall(run, "a", 2)) print(pcall(run, "1", 2)) print(pcall(run, 1, {})) for i = 1, 3 do local j = i i = j * 2 io.write(i, " ") end print()
