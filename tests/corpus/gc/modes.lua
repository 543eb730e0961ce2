-- The collector's options by name, and a count that falls.
collectgarbage("incremental") print(collectgarbage("generational")) print(collectgarbage("incremental"))
local function work() local t = {} for i = 1, 100 do t[i] = { i } end return #t end
for _, mode in ipairs { "incremental", "generational" } do collectgarbage(mode) local s = 0 for i = 1, 10 do s = s + work() end print(s) collectgarbage("step") collectgarbage("collect") end collectgarbage("incremental")
collectgarbage() local a = collectgarbage("count") local big = {} for i = 1, 2000 do big[i] = { i } end local b = collectgarbage("count") print(b > a, #big) big = nil collectgarbage() local c = collectgarbage("count") print(c < b, math.type(c))
print(collectgarbage() == 0, type(collectgarbage("step", 10))) collectgarbage("stop") work() print(collectgarbage("isrunning")) collectgarbage("restart") print(collectgarbage("isrunning"))
