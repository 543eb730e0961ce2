-- warn writes to standard error only when switched on, and checks its arguments.
warn("not shown") warn("@on") warn("@off") print(pcall(warn)) print(pcall(warn, {})) print(pcall(warn, "a", nil)) print(pcall(warn, "a", "b", 5)) print(select("#", warn("x"))) print(pcall(warn, "@unknown"))
