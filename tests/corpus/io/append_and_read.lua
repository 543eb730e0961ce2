-- Interleaved writes and reads on one file.
local f = io.tmpfile() for i = 1, 5 do f:write("line", i, "\n") f:seek "set" local n = 0 for _ in f:lines() do n = n + 1 end io.write(n, " ") f:seek "end" end print(f:seek "cur") f:seek("set", 0) f:write "LINE" f:seek "set" print(f:read "l", f:read "l") f:close()
