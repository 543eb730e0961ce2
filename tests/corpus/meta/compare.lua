-- __eq, __lt, __le: as values and in conditions, both orders, mixed types, with constants.
local log = {}
local mt = {} local function N(v) return setmetatable({ v = v }, mt) end local function val(x) return type(x) == "table" and x.v or x end
mt.__lt = function(a, b) log[#log + 1] = "lt" return val(a) < val(b) end mt.__le = function(a, b) log[#log + 1] = "le" return val(a) <= val(b) end mt.__eq = function(a, b) log[#log + 1] = "eq" return val(a) == val(b) end
local function flush() local s = table.concat(log, ",") log = {} return s end
local a, b, c = N(1), N(2), N(1)
print(a < b, a <= b, a > b, a >= b, a == b, a ~= b, a == c, a ~= c, a == a, flush()) print(a < 5, 5 < a, a <= 1, 1 <= a, a > 0, 0 > a, a >= 1, 1 >= a, flush()) print(a == 1, 1 == a, a == nil, a ~= "x", flush())
if a < b then log[#log + 1] = "T" else log[#log + 1] = "F" end if a > b then log[#log + 1] = "T" else log[#log + 1] = "F" end if not (a <= b) then log[#log + 1] = "T" else log[#log + 1] = "F" end if a >= b then log[#log + 1] = "T" else log[#log + 1] = "F" end if a == c then log[#log + 1] = "T" end if a ~= c then log[#log + 1] = "wrong" end if a < 5 and 5 > a then log[#log + 1] = "T" end if not (a < 0) then log[#log + 1] = "T" end if 3 <= a then log[#log + 1] = "wrong" end print(flush())
local i, n = N(0), 0 while i < 3 do i = N(i.v + 1) n = n + 1 end repeat i = N(i.v - 1) until i <= 0 print(n, i.v, flush())
local t = { N(3), N(1), N(2) } table.sort(t) print(t[1].v, t[2].v, t[3].v) table.sort(t, function(x, y) return x > y end) print(t[1].v, t[3].v) flush()
-- Results become booleans.
local odd = setmetatable({}, { __lt = function() return nil end, __le = function() return 0 end, __eq = function() return "yes" end }) local other = setmetatable({}, getmetatable(odd)) print(odd < 1, odd <= 1, odd == other, odd ~= other, not (odd == other), odd > other)
local none = setmetatable({}, { __lt = function() end, __eq = function() end }) print(none < none, none == setmetatable({}, getmetatable(none)))
-- __eq of either operand; not for different types; rawequal.
local e1, e2 = setmetatable({}, { __eq = function() return true end }), {} print(e1 == e2, e2 == e1, e1 == 1, e1 == "x", rawequal(e1, e2), e1 ~= e2)
print(pcall(function() return e1 < e2 end)) print(pcall(function() return {} < 1 end)) print(pcall(function() return "x" <= {} end)) print(pcall(function() return nil > 1 end)) print(pcall(function() return {} >= {} end))
local lt_only = setmetatable({}, { __lt = function() return true end }) print(lt_only < 1, 1 < lt_only, lt_only > 1, pcall(function() return lt_only <= 1 end))
print(pcall(function() return setmetatable({}, { __lt = function() error("lt", 0) end }) < 1 end)) print(pcall(function() if setmetatable({}, { __eq = function() error("eq", 0) end }) == {} then end end))
local and_or = (a < b and "less" or "not") .. (a == b and "same" or "other") print(and_or) local x = a < b print(x) local y = not (b < a) print(y) print((a < b) == (b > a), a < b == true)
local set = setmetatable({ 1, 2 }, { __le = function(p, q) for i = 1, #p do local f = false for j = 1, #q do if p[i] == q[j] then f = true end end if not f then return false end end return true end, __lt = function(p, q) return p <= q and not (q <= p) end }) local set2 = setmetatable({ 1, 2, 3 }, getmetatable(set)) print(set <= set2, set < set2, set2 <= set, set >= set2, set2 > set)
