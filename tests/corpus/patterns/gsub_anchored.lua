-- Anchors and limits in gsub.
print(("aaa"):gsub("^a", "b")) print(("aaa"):gsub("a$", "b")) print(("aaa"):gsub("a", "b", 2)) print(("aaa"):gsub("a", "b", -1)) print(("aaa"):gsub("a", "b", 10)) print(("a b"):gsub("^", ">")) print(("a b"):gsub("$", "<")) print(("abc"):gsub("^b", "x"))
