-- compile.lua NAME LINES FILE...: loads programs until so many lines have been compiled, and prints NAME, nanoseconds a line, and the
-- lines. Each time the text is a little different, so that nobody remembers it. With a name that begins with one_chunk, the programs are repeated as
-- functions of one chunk of so many lines instead, which is loaded three times.
local name, wanted = arg[1], tonumber(arg[2])
assert(wanted and arg[3], "usage: compile.lua NAME LINES FILE...")

local function count(text)
  local _, lines = text:gsub("\n", "\n")
  return lines
end

local texts = {}
for i = 3, #arg do
  local file = assert(io.open(arg[i], "rb"))
  local text = file:read("*a"):gsub("^#[^\n]*", "")
  file:close()
  texts[#texts + 1] = text
end

local function time(chunks, rounds)
  local lines, seconds, refused = 0, 0, 0
  for round = 1, rounds do
    for i = 1, #chunks do
      local text = chunks[i] .. "-- " .. round .. "\n"
      local start = os.clock()
      local chunk = load(text, "=" .. i)
      seconds = seconds + (os.clock() - start)
      -- Some programs of the corpus are about errors of syntax.
      if chunk then lines = lines + count(text) else refused = refused + 1 end
    end
  end
  print(name, ("%.1f"):format(seconds * 1e9 / lines), lines .. "+" .. refused)
end

if name:find("one_chunk", 1, true) then
  local parts, lines = {}, 0
  while lines < wanted do
    for i = 1, #texts do
      local part = "do local function run(...)\n" .. texts[i] .. "\nend end\n"
      parts[#parts + 1] = part
      lines = lines + count(part)
      if lines >= wanted then break end
    end
  end
  time({ table.concat(parts) }, 3)
else
  local lines = 0
  for i = 1, #texts do lines = lines + count(texts[i]) end
  time(texts, math.ceil(wanted / lines))
end
