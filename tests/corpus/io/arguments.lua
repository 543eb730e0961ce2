--! args = one 2 --flag x=y
-- arg and ... hold the command line.
print(#arg, arg[1], arg[2], arg[3], arg[4], arg[5], select("#", ...), ...) print(arg[0]:match("[^/]*$"), type(arg[-1])) arg[1] = "changed" print((...), arg[1])
