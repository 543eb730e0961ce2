--! dump = bytecode
--! level = 0
--! std = 5.4
for i = 1, 3 do i = i + 1 end
for k, v in pairs(t) do k = v end
