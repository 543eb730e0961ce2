-- t.x, t["x"], t[k], t[1], chains, calls in between.
local t = { x = { y = { 1, 2, { z = "deep" } } }, f = function(n) return { n = n } end } local k = "x" print(t.x.y[3].z, t["x"]["y"][3]["z"], t[k].y[1], t.x.y[#t.x.y].z, t.f(5).n, (t.f(6)).n, t["f"](7)["n"], ({ 1, 2, 3 })[2], ("abc"):len(), #t.x.y) t.x.y[3].z = "new" t[k]["w"] = 1 print(t.x.y[3].z, t.x.w)
