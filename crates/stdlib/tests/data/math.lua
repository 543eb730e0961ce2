-- math.
local function p(...) show(select("#", ...), ...) end
local function e(f, ...) p(pcall(f, ...)) end
local function plain(s) return (tostring(s):gsub("0x%x+", "ADDRESS")) end
local line = {}
local io = {write=function(...) for i=1,select("#",...) do line[#line+1]=tostring((select(i,...))) end local all=table.concat(line) if all:sub(-1)=="\n" then show((all:sub(1,-2))) line={} end end}
local print = function() io.write("\n") end
local vs={0,1,-1,3.7,-3.7,-0.0,2^53,2^63,-2^63,1/0,-1/0,math.maxinteger,math.mininteger,"10","0x10","1.5",1e-320}
for _,n in ipairs{"abs","ceil","floor","sqrt","exp","sin","cos","tan","asin","acos","atan","deg","rad","modf","tointeger","type","log","frexp"} do for _,v in ipairs(vs) do local r=table.pack(pcall(math[n],v)) for i=1,r.n do if r[i]~=r[i] then r[i]="nan" end end io.write(n," ",tostring(v)," ") p(table.unpack(r,1,r.n)) end e(math[n]) e(math[n],{}) end
for _,a in ipairs{5,-5,5.5,-5.5,0,math.mininteger,1/0} do for _,b in ipairs{3,-3,2.5,-1,0,1/0} do local ok,r=pcall(math.fmod,a,b) if r~=r then r="nan" end io.write(a," ",b," ") p(ok,r) end end
p(math.max(1,2.5,-1),math.min(1,2.5,-1),math.max(3),math.max(1,1.0),math.max(1.0,1)) e(math.max) e(math.max,1,"x") e(math.min,{},1) e(math.max,"a","b")
p(math.log(8,2),math.log(100,10),math.log(27,3),math.log(2,1/0)) p(math.ult(1,-1),math.ult(-1,1)) e(math.ult,1,1.5) p(math.atan(1,2),math.atan(-1,-1),math.atan(0,-1)) p(math.pi,math.huge,math.maxinteger,math.mininteger) p(math.ldexp(1,10),math.ldexp(0.5,-1074),math.ldexp(1,2000),math.ldexp(3,-1075)) 
math.randomseed(42) p(math.random(),math.random(),math.random(10),math.random(0),math.random(-5,5),math.random(math.mininteger,math.maxinteger)) math.randomseed(123,456) for i=1,20 do io.write(math.random(1,100)," ",math.random(3)," ",math.random()," ") end print() p(math.randomseed(7)) e(math.random,0,-1) e(math.random,1,2,3) e(math.random,5,1) e(math.random,1.5) e(math.randomseed,1.5) p(math.randomseed(3.0)) p(math.random(1<<40))
p(select("#",math.randomseed()))
