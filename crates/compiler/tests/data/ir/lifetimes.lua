--! dump = ir
local held, count = {}, 0
local weak = setmetatable({}, { __mode = "v" })
for i = 1, 3 do local inner = {}; weak[i] = inner; count = count + 1 end
collectgarbage()
return #weak
