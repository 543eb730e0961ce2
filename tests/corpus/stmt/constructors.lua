-- Table constructors: positions, names, keys, open tails, more than fifty items, nested, nil holes.
local function many(n) local t = {} for i = 1, n do t[i] = i end return table.unpack(t) end
local t = { 1, 2, 3 } print(#t, t[1], t[3]) t = { 1, 2, 3, } print(#t) t = { 1; 2; n = 3; 4 } print(#t, t.n)
t = { [1] = "a", "b" } print(t[1]) t = { "b", [1] = "a" } print(t[1]) t = { [2] = "x", "y", "z" } print(t[1], t[2])
t = { x = 1, y = 2, ["z w"] = 3, [4] = 5, [1.5] = 6, [true] = 7, [-1] = 8 } print(t.x, t.y, t["z w"], t[4], t[1.5], t[true], t[-1])
t = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, x = "x", 61, 62, 63, 64, 65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76, 77, 78, 79, 80, 81, 82, 83, 84, 85, 86, 87, 88, 89, 90, 91, 92, 93, 94, 95, 96, 97, 98, 99, 100, 101, many(7) }
print(#t, t[1], t[50], t[51], t[60], t[61], t[100], t[101], t[102], t[108], t[109], t.x) local s = 0 for i, v in ipairs(t) do s = s + v * i end print(s)
for _, n in ipairs { 0, 1, 49, 50, 51, 99, 100, 101, 128, 200, 513 } do
  local p = {} for i = 1, n do p[i] = tostring(i) end
  local c = load("return {" .. table.concat(p, ",") .. "}")() local d = load("local f = ... return {" .. table.concat(p, ",") .. (n > 0 and "," or "") .. " f(...) }")(function(f, ...) return "end", "more" end)
  local bad = 0 for i = 1, n do if c[i] ~= i or d[i] ~= i then bad = bad + 1 end end print(n, #c, #d, bad, d[n + 1], d[n + 2])
end
t = { many(0) } print(#t) t = { many(3), many(3) } print(#t) t = { (many(3)) } print(#t) t = { many(3), nil } print(t[1], t[2]) t = { many(200) } print(#t, t[200])
local function va(...) return { ... }, { ..., "x" }, { "x", ... }, { n = select("#", ...), ... } end
local a, b, c, d = va(1, 2, 3) print(#a, #b, #c, d.n, c[4], b[2]) a, b, c, d = va() print(#a, #c, d.n)
t = { { 1, 2 }, { x = { y = { 3 } } }, { {}, { {} } }, f = function() return { 4 } end } print(t[1][2], t[2].x.y[1], #t[3], t.f()[1])
t = { nil, nil, 3 } print(t[3]) t = { nil } print(#t, t[1]) t = { n = nil } print(t.n, next(t)) t = { f = many, g = many(2), many(2) } print(t.g, #t)
print(#{}, #{ nil }, ({ 1, 2, 3 })[2], ({ x = 1 }).x, #({ "a", "b" }), type({}), next({}))
local log = {} local function l(x) log[#log + 1] = x return x end t = { l(1), [l("k")] = l("v"), l(2), x = l("x") } print(table.concat(log, " "))
print(pcall(function() return { [nil] = 1 } end)) print(pcall(function() return { [0 / 0] = 1 } end)) print(pcall(load("local k = nil return { [k] = 1 }")))
local grid = {} for y = 1, 3 do grid[y] = {} for x = 1, 3 do grid[y][x] = { x = x, y = y, v = x * y } end end print(grid[2][3].v, grid[3][3].v, #grid)
local matrix = { { 1, 0 }, { 0, 1 } } print(matrix[1][1] * matrix[2][2] - matrix[1][2] * matrix[2][1]) print(#{ 1, 2, nil, 4 } >= 2, { 1 }  == { 1 })
