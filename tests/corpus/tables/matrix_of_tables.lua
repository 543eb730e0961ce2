-- Rows are tables of their own.
local m = {} for i = 1, 3 do m[i] = {} for j = 1, 3 do m[i][j] = i == j and 1 or 0 end end m[2][3] = 5 for i = 1, 3 do print(table.concat(m[i], " ")) end local row = m[2] row[1] = 9 print(m[2][1], #m, #m[1]) local shared = {} local n = { shared, shared } n[1][1] = "both" print(n[2][1])
