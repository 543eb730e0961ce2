-- Shortest and longest matches.
local s = "<a><b>text</b></a>" print(s:match("<(.-)>"), s:match("<(.+)>"), s:match("<([^>]*)>"), s:match(".*<(.-)>"), s:gsub("<.->", ""), s:match("^(.-)text"), s:match("(.*)text(.*)")) print(("aaa"):match("a-"), ("aaa"):match("a-$"), ("aaab"):match("a-b"), ("aaab"):match("a*b"), ("a,b,c"):match("(.-),"), ("a,b,c"):match("(.*),"))
