--! args = 12
--! small = 4
-- Functions of every small shape: parameters 0 to 12 by results 0 to 12.
local checks = 0
for params = 0, tonumber(arg[1]) do
  for results = 0, tonumber(arg[1]) do
    local p, r = {}, {}
    for i = 1, params do p[i] = "p" .. i end
    for i = 1, results do r[i] = i <= params and "p" .. i or "'r" .. i .. "'" end
    local source = "return function(" .. table.concat(p, ", ") .. ") return " .. table.concat(r, ", ") .. " end"
    local f = assert(load(source))()
    for given = 0, 14, 7 do
      local args = {}
      for i = 1, given do args[i] = i * 3 end
      local got = table.pack(f(table.unpack(args, 1, given)))
      assert(got.n == results, source)
      for i = 1, results do
        local want = "r" .. i
        if i <= params then want = args[i] end
        assert(got[i] == want, source)
      end
      checks = checks + 1
    end
  end
end
print(checks)
