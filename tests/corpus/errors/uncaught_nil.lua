--! error = attempt to index a nil value (field 'missing')
--! error = uncaught_nil.lua:6: in field 'get'
--! error = in method 'run'
-- A runtime error in a method.
local obj = {}
function obj.get(o) local v = o.missing.value return v end
function obj:run() local v = obj.get(self) return v end
local r = obj:run()
