--! std = 5.4
-- `global` is an ordinary name.
global = 5 print(global, _G.global) local global = { x = 1 } print(global.x) function f(global) return global end print(f(7)) print(load("global x = 1")) print(load("global = 1") ~= nil) goto global do end ::global:: print("after goto")
