-- __gc: called after the object is lost, once, latest marked first; resurrection; errors warn only.
local log = {} local function obj(n) return setmetatable({ n = n }, { __gc = function(o) log[#log + 1] = o.n end }) end
local all = {} for i = 1, 5 do all[i] = obj(i) end print(#all) all = nil collectgarbage() collectgarbage() print(table.concat(log, " ")) log = {}
local kept = obj("kept") obj("lost") collectgarbage() collectgarbage() print(table.concat(log, " "), kept.n) kept = nil collectgarbage() collectgarbage() print(table.concat(log, " ")) log = {}
local saved do local mt = {} mt.__gc = function(o) saved = o log[#log + 1] = "resurrected" end setmetatable({ v = 5 }, mt) end collectgarbage() collectgarbage() print(saved and saved.v, #log) saved = nil collectgarbage() collectgarbage() print(#log)
local again = 0 local function immortal() setmetatable({}, { __gc = function(o) again = again + 1 if again < 3 then setmetatable(o, getmetatable(o)) end end }) end immortal() for i = 1, 5 do collectgarbage() end print(again)
local mt = {} local late = setmetatable({}, mt) mt.__gc = function() log[#log + 1] = "never" end late = nil collectgarbage() collectgarbage() print(#log)
log = {} do local a = { name = "a" } local b = setmetatable({ a = a }, { __gc = function(o) log[#log + 1] = o.a.name end }) end collectgarbage() collectgarbage() print(table.concat(log))
log = {} do local x = setmetatable({}, { __gc = function(o) log[#log + 1] = "x" end }) local y = setmetatable({ x = x }, { __gc = function(o) log[#log + 1] = "y" end }) end collectgarbage() collectgarbage() print(table.concat(log))
local n = 0 for i = 1, 200 do setmetatable({}, { __gc = function() n = n + 1 local t = {} for j = 1, 5 do t[j] = { j } end end }) end collectgarbage() collectgarbage() print(n)
print(collectgarbage("count") > 0, collectgarbage("step") ~= nil, collectgarbage("isrunning")) collectgarbage("stop") print(collectgarbage("isrunning")) collectgarbage("restart") print(collectgarbage("isrunning"), pcall(collectgarbage, "nothing"))
keep1 = setmetatable({}, { __gc = function() print("at exit 1") end }) keep2 = setmetatable({}, { __gc = function() print("at exit 2") end })
