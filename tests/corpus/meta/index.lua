-- __index and __newindex: tables, functions, chains, on every kind of key and value.
local base = { x = "base x", [1] = "base 1", f = function() return "base f" end } local mid = setmetatable({ y = "mid y" }, { __index = base }) local top = setmetatable({ z = "top z" }, { __index = mid })
print(top.x, top.y, top.z, top[1], top.f(), top.none, rawget(top, "x"), top["x"], top[1.0]) base.x = "new" print(top.x) mid.x = "shadow" print(top.x) mid.x = nil print(top.x) top.x = "own" print(top.x, base.x) top.x = nil print(top.x)
local log = {} local f = setmetatable({}, { __index = function(t, k) log[#log + 1] = tostring(k) return k end }) print(f.a, f[1], f[1.5], f[true], f["b c"], f[2 ^ 53], f[-1], f[f] == f, f.a .. f.b) print(#log, log[1], log[2])
print(setmetatable({}, { __index = function() return 1, 2, 3 end }).x, setmetatable({}, { __index = function() end }).x, setmetatable({}, { __index = "str" }).len == string.len) print(pcall(function() return setmetatable({}, { __index = 5 }).x end))
local deep = { v = "deep" } for i = 1, 60 do deep = setmetatable({}, { __index = deep }) end print(deep.v, deep.w) local mixed = setmetatable({}, { __index = setmetatable({}, { __index = function(t, k) return k .. "!" end }) }) print(mixed.k)
local loop = {} setmetatable(loop, { __index = loop }) print(pcall(function() return loop.x end)) local l1, l2 = {}, {} setmetatable(l1, { __index = l2 }) setmetatable(l2, { __index = l1 }) print(pcall(function() return l1.x end)) print(pcall(function() setmetatable(loop, { __newindex = loop }) loop.x = 1 end))
-- __newindex
local store = {} local w = setmetatable({}, { __newindex = store }) w.a = 1 w[1] = 2 w.a = 3 print(rawget(w, "a"), store.a, store[1]) rawset(w, "a", 9) w.a = 10 print(w.a, store.a) w.a = nil w.a = 11 print(rawget(w, "a"), store.a)
local calls = {} local p = setmetatable({}, { __newindex = function(t, k, v) calls[#calls + 1] = tostring(k) .. "=" .. tostring(v) rawset(t, k, v) end }) p.x = 1 p.x = 2 p[1] = 3 p[1] = 4 p.y = nil p.y = 5 p[2.5] = 6 print(table.concat(calls, " "), p.x, p[1]) p.x = nil p.x = 7 print(#calls)
print(pcall(function() setmetatable({}, { __newindex = function() error("no writes", 0) end }).x = 1 end)) print(pcall(function() setmetatable({}, { __newindex = 5 }).x = 1 end))
local n1 = setmetatable({}, { __newindex = setmetatable({}, { __newindex = function(t, k, v) print("second", k, v) end }) }) n1.q = 1 n1[5] = 2
-- Strings, numbers and others.
print(("x").len == string.len, ("x").none, #("abc"):upper()) print(pcall(function() return (5).x end)) print(pcall(function() return nil_global.x end)) print(pcall(function() local s = "str" s.x = 1 end)) print(pcall(function() return ("x").y.z end))
-- Proxies, defaults, read-only, counting reads and writes in place.
local function track(t) local r, wr = 0, 0 local proxy = setmetatable({}, { __index = function(_, k) r = r + 1 return t[k] end, __newindex = function(_, k, v) wr = wr + 1 t[k] = v end, __len = function() return #t end }) return proxy, function() return r, wr end end
local pr, counts = track({ 1, 2, 3, n = 0 }) for i = 1, #pr do pr[i] = pr[i] * 10 end pr.n = pr.n + 1 pr.n = pr.n + pr[1] print(pr.n, pr[3], counts())
local def = setmetatable({}, { __index = function(t, k) local v = k * k rawset(t, k, v) return v end }) print(def[5], rawget(def, 5), def[5], rawget(def, 6))
local memo = setmetatable({}, { __index = function(t, n) local v = n < 2 and n or t[n - 1] + t[n - 2] t[n] = v return v end }) print(memo[50])
local G = setmetatable({}, { __index = function(_, k) return "global " .. k end }) print(load("return x .. y", "c", "t", G)())
