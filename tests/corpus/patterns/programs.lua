-- Small tasks that scripts do with patterns.
local function split(s, sep) local r = {} for piece in (s .. sep):gmatch("(.-)" .. sep:gsub("%p", "%%%0")) do r[#r + 1] = piece end return r end
print(table.concat(split("a.b..c", "."), "|"), #split("", ","), table.concat(split("x--y", "--"), "|"))
local function trim(s) return (s:gsub("^%s+", ""):gsub("%s+$", "")) end print("[" .. trim("  a b \t\n") .. "]", "[" .. trim("") .. "]", "[" .. trim("   ") .. "]")
local function unescape(s) return (s:gsub("+", " "):gsub("%%(%x%x)", function(h) return string.char(tonumber(h, 16)) end)) end print(unescape("a%20b+c%3D%26"))
local function escape(s) return (s:gsub("[^%w]", function(c) return ("%%%02X"):format(c:byte()) end)) end print(escape("a b&c=é"))
local csv = {} for field in ('1,"two, 2",3'):gmatch('([^",]*)[",]?') do csv[#csv + 1] = field end print(table.concat(csv, ";"))
print(("CamelCaseName"):gsub("%u", function(c) return "_" .. c:lower() end)) print(("snake_case_name"):gsub("_(%l)", string.upper)) print(("1234567"):reverse():gsub("(%d%d%d)", "%1,"):reverse()) print(("%d items"):gsub("%%d", "5")) print(("path/to/file.tar.gz"):match("([^/]+)%.([^.]+)$")) print(("192.168.1.10"):match("^(%d+)%.(%d+)%.(%d+)%.(%d+)$")) print(("<b>bold</b>"):gsub("</?%w+>", "")) print(("word word2"):find("(%w+)%s+(%w+)"))
