-- Line hooks see each line once.
local lines = {} local function f()
  local a = 1
  local b = 2
  if a < b then
    a = b
  end
  return a
end
debug.sethook(function(e, l) lines[#lines + 1] = l end, "l") f() debug.sethook() print(lines[2] - lines[1], #lines > 5) print(debug.gethook()) print(pcall(debug.sethook, 5, "l"))
