-- The hidden variables of generic loops keep their places whatever lives beside them.
local H = {}

-- Both parameters live across two loops whose scopes share one depth.
function H.equal(a, b)
  if type(a) ~= "table" or type(b) ~= "table" then return a == b end
  for k, v in pairs(a) do if not H.equal(v, b[k]) then return false end end
  for k in pairs(b) do if a[k] == nil then return false end end
  return true
end
print(H.equal({ 1, { x = 2 } }, { 1, { x = 2 } }), H.equal({ 1 }, { 1, 2 }), H.equal({ { 1 } }, { { 2 } }))

-- Five parameters: more than stand below the places of the scopes.
function H.nested(a, b, c, d, e)
  local out = {}
  for i, x in ipairs(a) do
    for j, y in ipairs(b) do
      for _, z in ipairs(c) do
        if z == d then break end
        out[#out + 1] = x .. y .. z .. i .. j .. e
      end
    end
  end
  return table.concat(out, " "), a, b, c, d, e
end
local text, a, b, c, d, e = H.nested({ 1, 2 }, { 3 }, { 4, 5, 6 }, 6, "e")
print(text, #a, #b, #c, d, e)

-- What is closed is the fourth value, on every way out.
local function closing(log)
  local function iterate(n, i) if i < n then return i + 1 end end
  return function(n, name)
    return iterate, n, 0, setmetatable({}, { __close = function() log[#log + 1] = name end })
  end
end
local log = {}
local loop = closing(log)
local function ways(way, p, q, r)
  for i in loop(3, "outer" .. way) do
    for j in loop(3, "inner" .. way) do
      if way == 1 then return i, j, p, q, r end
      if way == 2 then break end
      if way == 3 then goto out end
      if way == 4 then error("left", 0) end
    end
  end
  ::out::
  return p, q, r
end
for way = 0, 4 do print(way, pcall(ways, way, "p", "q", "r")) end
print(table.concat(log, " "))
