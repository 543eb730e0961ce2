-- require and package.
local function p(...) show(select("#", ...), ...) end
p(package.loaded._G == _G, package.loaded.string == string, package.loaded.table == table, package.loaded.coroutine == coroutine)
p(require("string") == string)
package.preload.first = function(...) p(...) return {name = ...} end
local first, data = require("first")
p(first.name, data, package.loaded.first == first, require("first") == first)
package.preload.nothing = function() end
p(require("nothing"))
package.preload.setter = function(name) package.loaded[name] = "set by itself" end
p(require("setter"))
package.path = "/no/such/?.lua;/none/?/init.lua"
package.cpath = ""
local ok, message = pcall(require, "a.b")
p(ok, message:match("module 'a.b' not found:\n\tno field package.preload%['a.b'%]\n\tno file '/no/such/a/b.lua'\n\tno file '/none/a/b/init.lua'") ~= nil)
p(package.searchpath("x.y", "/no/?.lua;/none/?"))
p(package.searchpath("x-y", "/no/?.lua", "-", "+"))
package.searchers = nil
p(pcall(require, "zz"))
p(pcall(require))
p(package.config)
