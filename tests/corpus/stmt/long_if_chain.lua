-- A chain of many elseifs, by number and by string.
local parts = { "local n = ..." } for i = 1, 60 do parts[#parts + 1] = (i == 1 and "if" or "elseif") .. " n == " .. i .. " then return 'n" .. i .. "'" end parts[#parts + 1] = "elseif n == 'x' then return 'string' else return 'none' end" local f = load(table.concat(parts, "\n")) print(f(1), f(30), f(60), f(61), f("x"), f(1.0), f("1"))
