-- Runs programs one after the other, each in an environment of its own, and writes what each printed. Its argument is the
-- name of a batch file; or a table of functions of a host, which then gets the function that runs one.
local host = ...
if type(host) ~= "table" then host = nil end
local find, gsub, byte, format = string.find, string.gsub, string.byte, string.format
local TICKS <const>, LINES <const>, WIDTH <const> = 250, 300, 160
local HIDDEN <const> = "0x%x%x%x%x%x%x%x%x%x*"

local ticks, lines, out

local function code(c) return format("\\%d", byte(c)) end

local function escape(text)
  if #text > WIDTH then text = text:sub(1, WIDTH) .. "..." end
  if find(text, "[%c\\\127-\255]") then text = gsub(text, "[%c\\\127-\255]", code) end
  return text
end

-- What need not be the same everywhere: addresses, and the frames below a program.
local function plain(text)
  if find(text, "0x", 1, true) then text = gsub(text, HIDDEN, "ADDRESS") end
  local below = find(text, "driver.lua:", 1, true) and find(text, "[^\n]*driver%.lua:%d+: in ")
  return below and text:sub(1, below - 1) or text
end

local show

local function less(a, b)
  local s, t = type(a), type(b)
  if s ~= t then return s < t end
  if s == "boolean" then return not a and b end
  return a < b
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

local function joined(...)
  local parts = table.pack(...)
  for i = 1, parts.n do parts[i] = show(parts[i], 1) end
  return table.concat(parts, "\t")
end

local function print_lines(...)
  if lines >= LINES then return end
  lines = lines + 1
  out[#out + 1] = joined(...)
end

local function finished(...)
  out[#out + 1] = "end: " .. joined(...)
end

local function copied(from)
  local to = {}
  for k, v in pairs(from) do to[k] = v end
  return to
end

if host then print_lines, finished, copied = host.print, host.finished, host.copied end

local function new_environment()
  local env = {}
  for _, name in ipairs { "string", "table", "math", "coroutine", "utf8" } do env[name] = copied(_G[name]) end
  for _, name in ipairs {
    "assert", "error", "getmetatable", "ipairs", "load", "next", "pairs", "pcall", "rawequal", "rawget", "rawlen",
    "rawset", "select", "setmetatable", "tonumber", "type", "xpcall", "collectgarbage",
  } do
    env[name] = _G[name]
  end
  env.debug = { traceback = debug.traceback, getinfo = debug.getinfo }
  env._G = env
  env.print = print_lines

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

if host then
  local enclose <const> = host.enclose
  return function(chunk)
    ticks = TICKS
    enclose(new_environment(), chunk)
    finished(pcall(chunk, 1, "two", 3.5))
  end
end

local file = assert(io.open(..., "rb"))
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
  ticks, lines, out = TICKS, 0, {}
  local chunk, message = load(text, "=p", "t", new_environment())
  if not chunk then
    out[1] = "syntax: " .. escape(message)
  elseif kind == "run" then
    finished(pcall(chunk, 1, "two", 3.5))
  else
    out[1] = "compiles"
  end
  if #out > 0 then io.write(table.concat(out, "\n"), "\n") end
  io.flush()
end
io.write("== done\n")
