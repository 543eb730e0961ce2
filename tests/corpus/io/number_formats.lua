-- Numbers written and read back.
local f = io.tmpfile() local values = { 0, 1, -1, 1.5, 0.1, 1e100, -2.5e-10, math.maxinteger, math.mininteger, 2^53, 1/3 } for _, v in ipairs(values) do f:write(v, "\n") end f:seek "set" for _, v in ipairs(values) do local r = f:read "n" print(r, r == v, math.type(r) == math.type(v)) end f:close()
