--! std = 5.4
-- 5.4 finds a break outside of loops where its function or block ends.
print(load("break", "=s"))
print(load("break\n\nx = 1\n", "=s"))
print(load("if x then\nbreak\nend\ny = 2", "=s"))
