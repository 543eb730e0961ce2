-- table.
local function p(...) show(select("#", ...), ...) end
local function e(f, ...) p(pcall(f, ...)) end
local function plain(s) return (tostring(s):gsub("0x%x+", "ADDRESS")) end
local line = {}
local io = {write=function(...) for i=1,select("#",...) do line[#line+1]=tostring((select(i,...))) end local all=table.concat(line) if all:sub(-1)=="\n" then show((all:sub(1,-2))) line={} end end}
local print = function() io.write("\n") end
local function s(t) local r={} for i=1,#t do r[i]=tostring(t[i]) end return "{"..table.concat(r,",").."}" end
local t={1,2,3} table.insert(t,4) table.insert(t,1,0) table.insert(t,3,"x") p(s(t)) e(table.insert,t) e(table.insert,t,1,2,3) e(table.insert,t,0,1) e(table.insert,t,8,1) e(table.insert,t,9,1) e(table.insert,t,"a",1) e(table.insert,1,2) e(table.insert,nil,2) table.insert(t,#t+1,"end") p(s(t))
p(table.remove(t),table.remove(t,1),s(t)) e(table.remove,t,20) e(table.remove,t,-1) p(table.remove({}),table.remove({},0)) e(table.remove,{},5) p(table.remove(t,#t+1)) p(table.remove({[0]="z"},0)) p(s(t))
p(table.concat({}),table.concat({1,2.5,"x"},"-"),table.concat({1,2,3},",",2),table.concat({1,2,3},",",2,2),table.concat({1,2,3},",",3,2)) e(table.concat,{1,{},3}) e(table.concat,{1,2},",",1,3) e(table.concat,{},"x",1,2) e(table.concat,1) e(table.concat,{1},{})
p(table.unpack({1,2,3})) p(table.unpack({1,2,3},2)) p(table.unpack({1,2,3},2,5)) p(table.unpack({},1,0)) e(table.unpack,{},1,1e8) e(table.unpack,{},math.mininteger,math.maxinteger) e(table.unpack) p(table.unpack({1,2},"1","2")) e(table.unpack,{},1,1e7)
local k=table.pack(1,nil,3) p(k.n,k[1],k[2],k[3]) p(table.pack().n)
p(s(table.move({1,2,3},1,3,2)),s(table.move({1,2,3},2,3,1)),s(table.move({1,2,3},1,3,1,{9,9,9,9})),s(table.move({1,2,3},1,0,5))) e(table.move,{},math.mininteger,0,1) e(table.move,{},1,math.maxinteger,2) p(type(table.move({1},1,1,math.maxinteger))) e(table.move,1,1,1,1) p(type(table.move({},1,1,1))) 
e(table.create,-1) e(table.create,2^31) e(table.create,10,-1) p(#table.create(10)) e(table.create)
local function sorted(t,f) local ok,m=pcall(table.sort,t,f) return ok and s(t) or m end
p(sorted{3,1,2},sorted{"b","a","C","","ab"},sorted{1.5,1,-1,2^53,3},sorted({3,1,2},function(a,b) return a>b end),sorted{1,"x"},sorted{{},{}},sorted({1,2,3,4,5},function() return true end),sorted({1,2,3},function(a,b) error("E",0) end),sorted{},sorted{1}) e(table.sort,{1,2},5) e(table.sort) e(table.sort,{3,2,1},nil)
local seq={} local u={5,2,8,1,9,3,7,4,6,0} table.sort(u,function(a,b) seq[#seq+1]=a..","..b return a<b end) p(table.concat(seq," "))
local u={} for i=1,200 do u[i]=(i*7919)%211 end local n=0 table.sort(u,function(a,b) n=n+1 return a<b end) p(n,s(u))
local pr=setmetatable({}, {__len=function() return 3 end,__index=function(_,i) return i*10 end,__newindex=function(_,k,v) p("set",k,v) end}) p(table.concat(pr,",")) p(table.unpack(pr)) table.insert(pr,99) table.insert(pr,1,98) p(table.remove(pr)) p(table.remove(pr,1)) p(pcall(table.sort,pr)) table.move(pr,1,2,5)
local ud=setmetatable({}, {__len=function() return "x" end}) e(table.insert,ud,1) local ud=setmetatable({}, {__len=function() return 2.5 end}) e(table.unpack,ud)
p(table.concat(setmetatable({1,2},{__index=function() return "d" end}),",",1,4))
local mt={__lt=function(a,b) return a.v<b.v end} local o={} for i=1,5 do o[i]=setmetatable({v=(i*3)%7},mt) end table.sort(o) for i=1,5 do io.write(o[i].v," ") end print()
