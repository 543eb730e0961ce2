-- Arithmetic and bitwise metamethods, with the object left, right, both, and against constants.
local names = { "__add", "__sub", "__mul", "__div", "__mod", "__pow", "__idiv", "__band", "__bor", "__bxor", "__shl", "__shr", "__unm", "__bnot" }
local function text(x) return type(x) == "table" and x.name or tostring(x) end
local mt = {} for _, n in ipairs(names) do mt[n] = function(a, b) return n .. "(" .. text(a) .. "," .. text(b) .. ")" end end
local x, y, n, f, s = setmetatable({ name = "x" }, mt), setmetatable({ name = "y" }, mt), 3, 2.5, "s"
print(x + 1, 1 + x, x + y, x + n, n + x, x + f, f + x, x + s, s + x, x + nil, nil + x, x + 2.5, 2.5 + x)
print(x - 1, 1 - x, x - y, x - n, n - x, x - -1, x - 2.5, 2.5 - x) print(x * 2, 2 * x, x * y, x * n, n * x) print(x / 2, 2 / x, x / y, x / n, n / x) print(x % 2, 2 % x, x % y, x % n, n % x)
print(x ^ 2, 2 ^ x, x ^ y, x ^ n, n ^ x) print(x // 2, 2 // x, x // y, x // n, n // x) print(x & 1, 1 & x, x & y, x & n, n & x) print(x | 1, 1 | x, x | y, x | n, n | x) print(x ~ 1, 1 ~ x, x ~ y, x ~ n, n ~ x)
print(x << 1, 1 << x, x << y, x << n, n << x) print(x >> 1, 1 >> x, x >> y, x >> n, n >> x) print(-x, ~x, - -5, x & 1.5, 1.5 | x, x & s, "a" | x)
-- The first operand's handler wins; missing ones fall to the second.
local left, right = setmetatable({}, { __add = function() return "left" end }), setmetatable({}, { __add = function() return "right" end, __sub = function() return "right" end })
print(left + right, right + left, left - right, pcall(function() return left * right end))
-- One result only; handlers that are callable objects; nested.
local m = setmetatable({}, { __add = function() return 1, 2, 3 end, __sub = setmetatable({}, { __call = function(self, a, b) return "called", b end }), __mul = function(a, b) if b == 0 then return "end" end return a * (b - 1) end, __unm = function(a) return nil end })
print(m + 1, (m - 2), m * 5, -m) print(pcall(function() return m / 1 end)) print(pcall(function() return m // m end)) print(pcall(function() return ~m end)) print(pcall(function() return m & 1 end))
-- A vector class, in expressions with many values alive.
local V = {} V.__index = V local function vec(a, b) return setmetatable({ a = a, b = b }, V) end
V.__add = function(p, q) return vec(p.a + q.a, p.b + q.b) end V.__sub = function(p, q) return vec(p.a - q.a, p.b - q.b) end V.__unm = function(p) return vec(-p.a, -p.b) end V.__eq = function(p, q) return p.a == q.a and p.b == q.b end
V.__mul = function(p, q) if type(p) == "number" then return vec(p * q.a, p * q.b) elseif type(q) == "number" then return vec(p.a * q, p.b * q) else return p.a * q.a + p.b * q.b end end V.__tostring = function(p) return "(" .. p.a .. "," .. p.b .. ")" end V.__len = function(p) return (p * p) ^ 0.5 end V.__concat = function(p, q) return tostring(p) .. tostring(q) end
local p, q = vec(1, 2), vec(3, 4) print(tostring(p + q), tostring(p - q), tostring(-p), p * q, tostring(2 * p + q * 3 - -p), #q, p .. q, p .. "x", "x" .. p, 1 .. p .. 2, p == vec(1, 2), p ~= q)
local sum = vec(0, 0) for i = 1, 10 do sum = sum + vec(i, 1) * i end print(tostring(sum))
for _, n in ipairs(names) do local o = setmetatable({}, { [n] = function() error("in " .. n, 0) end }) local op = ({ __add = "+", __sub = "-", __mul = "*", __div = "/", __mod = "%", __pow = "^", __idiv = "//", __band = "&", __bor = "|", __bxor = "~", __shl = "<<", __shr = ">>", __unm = "u-", __bnot = "u~" })[n] local src = op:sub(1, 1) == "u" and "local o = ... return " .. op:sub(2) .. "o" or "local o = ... return o " .. op .. " 1" print(n, pcall(load(src), o)) end
