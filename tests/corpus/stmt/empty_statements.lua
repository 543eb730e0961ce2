-- Empty blocks, semicolons, labels and comments alone.
;;; do end do ; end if true then end if false then else end for i = 1, 0 do end while false do end repeat until true local function f() end print(f(), select("#", f())) ::label:: do ::label2:: end for _ in pairs {} do end (function() end)() ; print "end" ;
