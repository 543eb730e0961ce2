-- Natives through their shortcuts and past them: every form of call, results wanted, conversions, errors, metamethods and replaced functions.
print(select('#',1,nil,nil), select(2,'a','b','c'), select(-1,1,2,3))
print(pcall(select,0)) print(select(5,1))
print((("abc"):sub(2)), ("abc"):sub(-2,-2), ("abc"):sub(5), ("abc"):sub(0), ("abc"):sub(3,2), ("abc"):sub(math.mininteger, math.maxinteger))
print(("abc"):byte(), ("abc"):byte(-1), ("abc"):byte(10), ("abc"):byte(1,3))
print(pcall(string.byte), pcall(string.sub,"x",{}))
print(tostring(1),tostring(-0.0),tostring(1e100),tostring(nil),tostring(true),tostring("x"),tostring(2^63),tostring(math.mininteger))
print(math.floor(2.5),math.floor(-2.5),math.ceil(2.5),math.floor(1e300),math.max(1,2),math.max(1,2.5),math.min(0/0,1),math.max(1,0/0),math.fmod(-5,3),math.fmod(5,math.mininteger))
print(pcall(math.floor,"x"), math.floor("3.7"))
local t=setmetatable({},{__index=table}) t:insert(1) t:insert(2) print(#t,t:remove(),#t)
local u={1,2,3} print(table.remove(u),#u,table.unpack(u)) print(table.unpack({1,nil,3},1,3)) print(table.remove({}))
for i,v in ipairs{1,2} do io.write(i,v,' ') end print()
for k,v in next,{a=1} do print(k,v) end
print(next({}), next({10}), rawequal("a","a"), rawlen{1,2}, rawlen"abc", rawget({5},1))
print(getmetatable({}), getmetatable("").__name)
local C={} C.__index=C C.__gc=nil
for i=1,3 do local o=setmetatable({v=i},C) assert(getmetatable(o)==C) end
C.__gc=function() end
for i=1,3 do local o=setmetatable({v=i},C) end
print(pcall(setmetatable,setmetatable({},{__metatable=1}),{}))
debug.setmetatable(1,{__tostring=function() return "num" end}) print(tostring(1)) debug.setmetatable(1,nil)
print(tostring(1), type(1), type(nil), pcall(type))
print(("x"):rep(3), ("aXb"):upper(), ("aXb"):lower(), ("abc"):reverse(), string.char(), string.char(65,66), pcall(string.char,256))
print(("hello world"):find("wor",1,true), ("hello"):find("l"), ("hello"):find("xyz"), ("hello"):find("",10), ("hello"):find("", 6), ("a.b"):find(".",2,true))
print(tonumber("0x10"), tonumber("z",36), tonumber(""), tonumber("1e1"), tonumber(5), pcall(tonumber))
local function f(...) return select('#',...), ... end print(f(1,2,3)) print((f(1,2)))
local function g(s) return s:sub(2,3) end print(g("hello")) local a,b,c = g("xyz") print(a,b,c)
local function h(...) return math.max(...) end print(h(1,2), h(3,4,5))
print(assert(1,2,3)) print(pcall(assert,false,"m"))
do local x <close> = setmetatable({},{__close=function() print("closed") end}) print(("ab"):len()) end
string.foo=function(s) return "foo"..s end print(("q"):foo()) string.len=function() return 99 end print(("q"):len())
for i=1,3 do local s = i==2 and {len=function() return "tbl" end} or "str" print(s:len()) end
getmetatable("").__index=function(s,k) return function() return "dyn"..k end end print(("q"):len())

-- The same natives from tail calls, open calls, protected calls and coroutines.
local function tail(s) return s:sub(2) end
local function none() return table.insert({}, 1) end
local function open(...) return string.char(...) end
print(select("#", none()), (none()), select("#", table.unpack({}, 1, 0)))
print(pcall(string.rep), pcall(math.floor, {}), pcall(table.unpack, {}, 1, 1e8))
print(coroutine.wrap(function(...) coroutine.yield(select(2, ...)) return math.max(...) end)(1, 2, 3))
print(open(72, 105), pcall(open, 72, 300))
local big = {} for i = 1, 200 do big[i] = i end
print(select("#", table.unpack(big)), (select(200, table.unpack(big))), select("#", table.unpack(big, 190)))
local keys = {} for i = 1, 20 do keys["k" .. i] = i end local sum = 0 for k, v in next, keys do sum = sum + v end print(sum, pcall(next, keys, "absent"))
local floats = {} for i = 1, 100 do floats[i + 0.5] = i floats[-i * 0.25] = -i end print(floats[7.5], floats[-0.25], floats[-25.0], floats[25.25], floats[2 ^ 53])
local sparse = {} for i = 1, 300 do sparse[i * 7919 % 1009] = i end for i = 1, 300, 2 do sparse[i * 7919 % 1009] = nil end local n = 0 for _ in pairs(sparse) do n = n + 1 end print(n, sparse[7919 * 2 % 1009])
print(table.remove({ 1, nil }), #table.pack(table.unpack({ 1, nil, 3 }, 1, 3)), table.remove({ [2] = 1 }))
