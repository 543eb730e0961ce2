-- Weak tables: values, keys, both, ephemerons, strings and numbers stay.
local function count(t) local n = 0 for _ in pairs(t) do n = n + 1 end return n end
local v = setmetatable({}, { __mode = "v" }) local strong = {} v[1] = {} v[2] = strong v.x = {} v.y = strong v[3] = "string" v[4] = 5 v[5] = function() return strong end v[6] = print collectgarbage() print(v[1], v[2] == strong, v.x, v.y == strong, v[3], v[4], v[6] == print)
local k = setmetatable({}, { __mode = "k" }) k[{}] = 1 k[strong] = 2 k["str"] = {} k[1] = {} collectgarbage() print(count(k), k[strong], type(k.str), type(k[1]))
local kv = setmetatable({}, { __mode = "kv" }) kv[strong] = {} kv[{}] = strong kv.a = strong kv[1] = {} collectgarbage() print(count(kv), kv.a == strong)
local e = setmetatable({}, { __mode = "k" }) do local a = {} e[a] = { a } local b = {} e[b] = b e[strong] = { strong } end collectgarbage() print(count(e), e[strong][1] == strong)
do local first = {} local cur = first for i = 1, 20 do local nxt = {} e[cur] = nxt cur = nxt end collectgarbage() print(count(e)) first, cur = nil, nil end collectgarbage() print(count(e))
local cache = setmetatable({}, { __mode = "v" }) local function get(n) local o = cache[n] if not o then o = { n = n } cache[n] = o end return o end local g1 = get(1) print(get(1) == g1) get(2) collectgarbage() print(cache[1] == g1, cache[2])
local arr = setmetatable({}, { __mode = "v" }) for i = 1, 20 do arr[i] = i % 2 == 0 and strong or {} end collectgarbage() local c = 0 for i = 1, 20 do if arr[i] then c = c + 1 end end print(c) for key, val in pairs(arr) do arr[key] = nil end print(next(arr))
local later = { {} } setmetatable(later, { __mode = "v" }) collectgarbage() print(later[1]) local off = setmetatable({}, { __mode = "v" }) getmetatable(off).__mode = nil setmetatable(off, nil) off[1] = {} collectgarbage() print(type(off[1]))
local dead = setmetatable({}, { __mode = "k" }) for i = 1, 30 do dead[{}] = i end collectgarbage() for i = 1, 30 do dead[i] = i end print(count(dead), dead[17]) local wf = setmetatable({}, { __mode = "k" }) do local o = setmetatable({}, { __gc = function(o) wf.seen = wf[o] end }) wf[o] = "still here" end collectgarbage() collectgarbage() print(wf.seen, count(wf))
local co = setmetatable({}, { __mode = "v" }) co[1] = coroutine.create(print) co[2] = function() return co end co[3] = {} collectgarbage() print(co[1], co[3])
