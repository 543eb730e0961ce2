-- The line of a concatenation over several lines.
print(pcall(function()
  local s = "a" ..
    "b" ..
    {}
end))
