-- Patterns: find, match, gmatch, gsub.
local function p(...) show(select("#", ...), ...) end
local function e(f, ...) p(pcall(f, ...)) end
local function plain(s) return (tostring(s):gsub("0x%x+", "ADDRESS")) end
local line = {}
local io = {write=function(...) for i=1,select("#",...) do line[#line+1]=tostring((select(i,...))) end local all=table.concat(line) if all:sub(-1)=="\n" then show((all:sub(1,-2))) line={} end end}
local print = function() io.write("\n") end
local subs={"","abc","  key = value  ","aaa","aXb","f(a(b)c)","x=1, y=22","[[x]]","%d"}
local pats={"","a","^a","a$","%a+","%w*","[^%s]+","(%w+)%s*=%s*(%w+)","()","(.)(.)","(.-)b","%b()","%f[%a]%a+","a*","a-b","a?a?b","^(%s*)(.-)%s*$","[a-c]+","[]]","[^]]","[%a_][%w_]*","%","[a","[]","(","a)","%1","(a)%1","(a*(.)%w(%s*))","%g+","[\0]","$","^","^$",".-","(.*)(x)","%%","[%%]","(()(a))","[a-]","x*y","(%d+)","%f","%b","%f[%w]()%w+()","((a)(b))","%D+","-","a-","a--","*a"}
for _,pa in ipairs(pats) do for _,s in ipairs(subs) do io.write(("%q %q "):format(pa,s)) p(pcall(string.find,s,pa)) p(pcall(string.match,s,pa)) p(pcall(string.gsub,s,pa,"<%0>")) p(pcall(string.gsub,s,pa,"%1")) p(pcall(string.gsub,s,pa,function(...) local n=select('#',...) return n>1 and (select(2,...)) end)) p(pcall(string.gsub,s,pa,{a="A",hello=1,b=false},2)) local r={} e(function() for a,b in s:gmatch(pa) do r[#r+1]=tostring(a)..":"..tostring(b) end end) p(table.concat(r,",")) end end
for i=-4,6 do p(("hello"):find("l",i)) p(("hello"):find("",i)) p(("hello"):match(".",i)) p(("hello"):find("l.",i)) p(("a.b.c"):find(".",i,true)) local r={} for w in ("abcd"):gmatch(".",i) do r[#r+1]=w end p(table.concat(r)) end
e(string.gsub,"abc","b","%2") e(string.gsub,"abc","b","%") e(string.gsub,"abc","b","%a") e(string.gsub,"abc","b","%%") e(string.gsub,"abc","(b)","%1%1") e(string.gsub,"abc","(b)","%2") e(string.gsub,"abc","()b","%1") e(string.gsub,"abc","b") e(string.gsub,"abc","b",true) e(string.gsub,"abc","b",function() return {} end) e(string.gsub,"abc","b",{b={}}) e(string.gsub,"abc","b",function() error("E",0) end) e(string.gsub,"abc","(b","x") e(string.gsub,"abc","(b","%1") e(string.gsub,"abc",".","x",2) e(string.gsub,"abc",".","x",0) e(string.gsub,"abc",".","x",-1) e(string.gsub,"abc",".",5) e(string.gsub,"abc","",'-') e(string.gsub,"abc","^a","x",5) e(string.gsub,"hello world","o*","x") e(string.gsub) e(string.find,"a") e(string.gmatch,"a") e(string.find,"abc","b",1.5)
e(string.gsub,"abc","%w",setmetatable({}, {__index=function(t,k) return k..k end}))
e(string.find,("a"):rep(300),("a?"):rep(300)..("a"):rep(300)) e(string.find,"a",("(a)"):rep(40)) e(string.find,("a"):rep(50),("(a)"):rep(33))
local r={} for k,v in ("a=1, b=2"):gmatch("(%w+)=(%w+)") do r[#r+1]=k..v end p(table.concat(r)) for x in ("abc"):gmatch("^a") do p(x) end p(("x"):gmatch("x")())
