-- The lines of a function that have code.
local function f()
  local x = 1

  return x
end
local base = debug.getinfo(f, "S").linedefined local lines = {} for l in pairs(debug.getinfo(f, "L").activelines) do lines[#lines + 1] = l - base end table.sort(lines) print(table.concat(lines, " ")) print(debug.getinfo(print, "L").activelines)
