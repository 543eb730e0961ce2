-- Which border `#` gives of tables with holes: constructors of all shapes, then nils stored and elements appended.
local function constructor(n, mask)
  local parts = {}
  for i = 1, n do parts[i] = mask >> (i - 1) & 1 == 1 and tostring(i) or "nil" end
  return "{" .. table.concat(parts, ",") .. "}"
end

-- One digit for each shape of `n` entries.
local function row(n, name, statements)
  local code = { "local out = {} local t" }
  for mask = 0, (1 << n) - 1 do
    code[#code + 1] = "t = " .. constructor(n, mask) .. " " .. statements .. " out[#out + 1] = #t"
    if #code > 60 or mask == (1 << n) - 1 then
      code[#code + 1] = "return table.concat(out)"
      io.write(n, " ", name, " ", assert(load(table.concat(code, "\n")))(), "\n")
      code = { "local out = {} local t" }
    end
  end
end

for n = 0, 8 do row(n, "made", "") end
for n = 1, 6 do
  for k = 1, n do
    row(n, "nil at " .. k, "t[" .. k .. "] = nil")
    row(n, "asked, nil at " .. k, "local _ = #t t[" .. k .. "] = nil")
  end
end
for n = 2, 5 do
  for k = 1, n - 1 do row(n, "nils at " .. k .. ", " .. k + 1, "t[" .. k .. "] = nil t[" .. k + 1 .. "] = nil") end
  row(n, "popped", "t[#t] = nil")
  row(n, "popped twice", "t[#t] = nil t[#t] = nil")
  row(n, "removed", "table.remove(t)")
  if n ~= 3 then row(n, "appended", "t[#t + 1] = 'a'") end
end

-- Elements that arrive open, and through the library.
local function given(...) return #{ ... }, #table.pack(...), #{ 0, ... } end
print(given(1, nil, 3))
print(given(nil, nil, 3))
print(given(1, 2, nil, 4))
print(given(nil, 2, 3, 4, nil, nil, 7, nil, nil, 10))
print(given())
print(given(nil))
print(#{ given(1, nil, 3), nil, given(1, nil, nil) }, #{ n = 1, 1, nil, 3 }, #{ 1, 2, nil, 4, n = 1, m = 2 })

-- Tables that grew by one element at a time lose one.
for n = 1, 17 do
  local line = {}
  for k = 1, n do
    local t = {}
    for i = 1, n do t[i] = i end
    t[k] = nil
    line[k] = #t
    t[#t + 1] = 0
    line[k] = line[k] .. "+" .. #t
  end
  print(n, table.concat(line, " "))
end

-- Whatever happens to a table: it is a border, and the same one when nothing happened in between.
local seed = 42
local function random(n)
  seed = (seed * 1103515245 + 12345) % 2147483648
  return seed // 65536 % n + 1
end
local function check(t, what)
  local n = #t
  if n ~= #t or n ~= rawlen(t) or n > 0 and t[n] == nil or t[n + 1] ~= nil then error(what .. " leaves no border: " .. n) end
end
for round = 1, 60 do
  local t = ({ {}, { 1, nil, 3 }, { 1, 2, 3, 4, 5, 6, 7, nil, 9 }, table.pack(nil, nil, 1), { x = 1, 1, nil, 2, [20] = 1 } })[random(5)]
  for _ = 1, 40 do
    local what, k = random(9), random(14)
    if what == 1 then t[k] = nil
    elseif what == 2 then t[k] = k
    elseif what == 3 then t[#t + 1] = k
    elseif what == 4 then t[#t] = nil
    elseif what == 5 then table.insert(t, k)
    elseif what == 6 then table.remove(t)
    elseif what == 7 and #t > 0 then table.insert(t, random(#t), k)
    elseif what == 8 and #t > 0 then table.remove(t, random(#t))
    elseif what == 9 and k == 1 then setmetatable({}, t)
    elseif what == 9 and k == 2 then setmetatable(t, {})
    end
    check(t, what)
  end
end

-- A metatable may have holes, and a metamethod that came before or behind them.
local meta = { 1, nil, 3, __add = function() return "added" end }
meta[1] = nil
meta.__sub = function() return "subtracted" end
local o = setmetatable({}, meta)
meta.__mul = function() return "multiplied" end
print(o + 1, o - 1, o * 1, pcall(function() return o / 1 end))
meta.__div = function() return "divided" end
print(o / 1, #meta == 0 or meta[#meta] ~= nil)
