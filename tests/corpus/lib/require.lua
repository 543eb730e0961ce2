-- require and its searchers.
local function file(text)
  local name = os.tmpname()
  local f = assert(io.open(name, "w"))
  f:write(text)
  f:close()
  return name
end
local function shown(name, message) return (tostring(message):gsub(name, "FILE", nil)) end

-- preloaded modules: the loader gets the name and ":preload:", and its data is the second result
package.preload["some.module"] = function(...) print(...) return "value" end
print(require("some.module"))
print(require("some.module"))
print(package.loaded["some.module"])
package.preload.nothing = function() end
print(require("nothing"), package.loaded.nothing)
package.preload.itself = function(name) package.loaded[name] = "set" end
print(require("itself"))
package.preload.untrue = function() return false end
print(require("untrue"))
print(require("untrue"))
package.preload.fails = function() error("no", 0) end
print(pcall(require, "fails"))
print(package.loaded.fails)

-- files along package.path
package.path = "?.none;?"
package.cpath = ""
local name = file("local name, path = ... return { name == path, select('#', ...) }")
local module, data = require(name)
print(module[1], module[2], data == name, package.loaded[name] == module)
print(os.remove(name))
name = file("return +")
local ok, message = pcall(require, name)
print(ok, shown(name, message))
os.remove(name)
print(package.searchpath(name, "?.x;?.y") == nil)
ok, message = package.searchpath(name, "?.x;?.y")
print(ok, shown(name, message))
print(package.searchpath("a.b-c", "?;x?y;"))
print(package.searchpath("a.b-c", "?", "-", "::"))
print(package.searchpath("a.b-c", "?", ""))
print(package.searchpath("a", ""))

-- what is not found
package.path, package.cpath = "?.lua;?/?", "?.so;?/init"
print(pcall(require, "no.such"))
package.path = {}
print(pcall(require, "no.such"))
package.path, package.cpath = "", nil
print(pcall(require, "no.such"))
package.cpath = 12
print(pcall(require, "no.such"))

-- a module in C cannot be loaded, and the error says so
name = file("")
package.cpath = "?"
ok, message = pcall(require, name)
print(ok, message:match("^error loading module"))
ok, message = pcall(require, name .. ".sub")
print(ok, message:match("^error loading module"))
os.remove(name)

-- own searchers
package.cpath = ""
local searchers = package.searchers
table.insert(searchers, 2, function(n) return "\n\tmine has no " .. n end)
table.insert(searchers, 3, function() return nil end)
table.insert(searchers, 4, function() return 42 end)
print(pcall(require, "x"))
searchers[3] = function(n) return function(a, b) print(a, b[1]) return n:upper() end, { 1 } end
local value, extra = require("x")
print(value, type(extra), extra[1])
package.searchers = { function() return print end }
print(require("y"))
package.searchers = nil
print(pcall(require, "z"))
print(select("#", require("x")))

-- metamethods of package.loaded count
setmetatable(package.loaded, { __index = function(_, n) if n == "virtual" then return "from __index" end end })
print(require("virtual"))
setmetatable(package.loaded, nil)
print(pcall(require))
print(pcall(require, {}))
