-- Runs the programs of a batch file one after the other, each in an environment of its own, and writes what each printed.
local file = assert(io.open(arg[1], "rb"))
local TICKS <const>, LINES <const>, WIDTH <const> = 250, 300, 160

local ticks, lines

local function escape(text)
  if #text > WIDTH then text = text:sub(1, WIDTH) .. "..." end
  return (text:gsub("[%c\\\127-\255]", function(c) return ("\\%d"):format(c:byte()) end))
end

local function plain(text)
  return (text:gsub("0x%x%x%x%x%x%x%x%x%x*", "ADDRESS"))
end

local show

local function less(a, b)
  local s, t = type(a), type(b)
  if s ~= t then return s < t end
  if s == "number" or s == "string" then return a < b end
  return false
end

local function sorted_keys(t)
  local keys = {}
  for k in next, t do
    local kind = type(k)
    if kind == "number" or kind == "string" or kind == "boolean" then keys[#keys + 1] = k end
  end
  table.sort(keys, less)
  return keys
end

function show(v, depth)
  local kind = type(v)
  if kind == "string" then return '"' .. escape(plain(v)) .. '"' end
  if kind == "table" then
    local mt = debug.getmetatable(v)
    if depth > 2 then return mt and "{meta}" or "{...}" end
    local parts = {}
    for _, k in ipairs(sorted_keys(v)) do
      parts[#parts + 1] = "[" .. show(k, 3) .. "]=" .. show(rawget(v, k), depth + 1)
    end
    return (mt and "meta{" or "{") .. table.concat(parts, ",") .. "}"
  end
  if kind == "number" or kind == "nil" or kind == "boolean" then return tostring(v) end
  return kind
end

local function new_environment(write)
  local env = {}
  local function copy(from)
    local to = {}
    for k, v in pairs(from) do to[k] = v end
    return to
  end
  for _, name in ipairs { "string", "table", "math", "coroutine", "utf8" } do env[name] = copy(_G[name]) end
  for _, name in ipairs {
    "assert", "error", "getmetatable", "ipairs", "load", "next", "pairs", "pcall", "rawequal", "rawget", "rawlen",
    "rawset", "select", "setmetatable", "tonumber", "type", "xpcall", "collectgarbage",
  } do
    env[name] = _G[name]
  end
  env.debug = { traceback = debug.traceback, getinfo = debug.getinfo }
  env._G = env

  function env.print(...)
    if lines >= LINES then return end
    lines = lines + 1
    local n = select("#", ...)
    local parts = {}
    for i = 1, n do parts[i] = show((select(i, ...)), 1) end
    write(table.concat(parts, "\t"))
  end

  -- What may change with every run is not text.
  function env.tostring(v)
    local text = tostring(v)
    return (type(text) == "string" and plain(text)) or text
  end

  function env.tick()
    ticks = ticks - 1
    if ticks < 0 then error("no more ticks", 0) end
  end

  -- Keeps strings that programs store from growing without limit.
  function env.cut(s)
    if type(s) == "string" and #s > 100 then return s:sub(1, 100) end
    return s
  end

  -- Traversal in an order that both sides agree on.
  function env.spairs(t)
    local keys, i = sorted_keys(t), 0
    return function()
      i = i + 1
      local k = keys[i]
      if k ~= nil then return k, rawget(t, k) end
    end
  end

  -- The number in an object, or what is none.
  function env.val(x)
    if type(x) == "table" then return rawget(x, "v") end
    return x
  end

  env.ga, env.gb, env.gc, env.gd = 1, "global", { 10, 20, 30 }, 2.5
  return env
end

local index = 0
while true do
  local head = file:read("l")
  if not head then break end
  local kind, size = head:match("^(%a+) (%d+)$")
  local text = file:read(tonumber(size))
  file:read(1)
  io.write("== ", index, "\n")
  io.flush()
  index = index + 1
  ticks, lines = TICKS, 0
  local out = {}
  local function write(line) out[#out + 1] = line end
  local env = new_environment(write)
  local chunk, message = load(text, "=p", "t", env)
  if not chunk then
    write("syntax: " .. escape(message))
  elseif kind == "run" then
    local results = table.pack(pcall(chunk, 1, "two", 3.5))
    for i = 1, results.n do results[i] = show(results[i], 1) end
    write("end: " .. table.concat(results, "\t"))
  else
    write("compiles")
  end
  if #out > 0 then io.write(table.concat(out, "\n"), "\n") end
  io.flush()
end
io.write("== done\n")
