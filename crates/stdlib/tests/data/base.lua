-- The basic functions.
local function p(...) show(select("#", ...), ...) end
local function e(f, ...) p(pcall(f, ...)) end
local function plain(s) return (tostring(s):gsub("0x%x+", "ADDRESS")) end
local print = show
e(assert,false) e(assert,nil,"m") e(assert) e(assert,1,2,3) e(function() assert(false) end) e(function() assert(false,"x") end)
e(setmetatable,{}) e(setmetatable,1,{}) e(setmetatable,setmetatable({}, {__metatable=1}),{}) p(getmetatable("").__name, getmetatable(setmetatable({}, {__metatable=7})))
p(select('#')) p(select('#',1,nil)) p(select(2,1,2,3)) p(select(-1,1,2,3)) e(select,-5,1) e(select,0) e(select) e(select,"x")
p(tonumber("0x10"),tonumber("  12  "),tonumber("1e1"),tonumber("abc"),tonumber("10",2),tonumber("zz",36),tonumber("8",8),tonumber("-ff",16),tonumber("1e"),tonumber(""),tonumber("0x"),tonumber("1 2"),tonumber("\0001"))
e(tonumber) e(tonumber,{},10) e(tonumber,10,99) e(tonumber,"10",99) e(tonumber,{}) e(tonumber, nil)
p(tostring(nil),tostring(1.0),tostring(-0.0),tostring(1e15),tostring(1e100),tostring(0.1),tostring(2^53),tostring(2^63),tostring(-2^63),1e300*1e10,-1e300*1e10)
e(tostring) p(tostring(setmetatable({}, {__tostring=function() return "T" end}))) e(tostring,setmetatable({}, {__tostring=function() return 1 end})) p((tostring(setmetatable({}, {__name="My"})):gsub("0x%x+","ADDR")))
p(rawequal(1,1.0),rawequal("a","a"),rawlen{1,2},rawlen"abc") e(rawlen,1) e(rawget,1,2) e(rawset,{},nil,1) e(rawset,{},0/0,1) e(rawget,{}) e(rawequal,1)
p(type(1),type(nil),type(print)) e(type)
p(select('#',pairs({})),select('#',ipairs({}))) e(pairs) e(ipairs) e(function() return type(pairs(nil)) end)
for a,b,c in pairs(setmetatable({}, {__pairs=function(t) return function(_,k) if not k then return 1,2,3 end end, t, nil end})) do p(a,b,c) end
for i,v in ipairs(setmetatable({}, {__index=function(t,i) if i<4 then return i*10 end end})) do p(i,v) end
e(error) e(error,nil) e(error,"x") e(error,"x",0) e(error,"x",2)  e(function() error("lvl1") end) e(function() error("lvl2",2) end)
p(load("x=","=c")) e(load,{}) local ok,m = load(function() return {} end) p(ok, m:match("^[^\n]*")) e(load,"x","n","B") p(load("x=1","n","b")) p(load("return ...","=x","t",{})(1,2))
local parts={"return ","1","+1",nil} local i=0 p(load(function() i=i+1 return parts[i] end)())
p(load("return x","c","t",{x=5})()) p(load("\27Lua","c","t")) p(loadfile("/nonexist")) e(dofile,"/nonexist")
p(_VERSION, _G==_ENV, _G._G==_G) e(next,{},5) p(next({})) p(next({10})) e(next)
p(collectgarbage()) p(collectgarbage("count")>0) e(collectgarbage,"foo") p(collectgarbage("isrunning")) p(collectgarbage("stop"),collectgarbage("isrunning"),collectgarbage("restart")) p(collectgarbage("incremental"),collectgarbage("generational"),collectgarbage("incremental")) p(collectgarbage("param","pause"),collectgarbage("param","pause",200),collectgarbage("param","pause")) e(collectgarbage,"param","zz")
e(print, setmetatable({}, {__tostring=function() error("in tostring",0) end}))
e(string.rep) e(("x").rep,"x",-1) e(string.char,256) e(string.char,-1) e(string.byte,"abc",1,-1) e(string.len) e(string.upper)
local t=setmetatable({},{__index=string}) e(t.rep,"x",3) e(t.sub) e(string.sub,"hello") e(function() return ("x"):rep({}) end) e(function() return ("x"):bad() end)
e(function() local s="abc"; s:rep("x") end) e(function() string.rep("x","y") end) e(function() string.rep("x",1.5) end) e(function() string.rep("x","1.5") end)
p(pcall(pcall)) p(xpcall(error,function(m) return "H:"..tostring(m) end,"z"))
p("10"+5,"3"*"4","0x10"+0,10 .."", "2"^2,-"2","7"//2,"7"%4,"1e1"+0) e(function() return "a"+1 end) e(function() return {}+"1" end) e(function() return "1"+{} end) e(function() return -"x" end) e(function() return "10"|1 end) e(function() return "1.5"|1 end) e(function() return "a"|1 end)
p(pcall(function() return setmetatable({}, {__add=function() return "mm" end})+"1", "1"+setmetatable({}, {__add=function() return "mm2" end}) end))

