--! stdin = first line
--! stdin = 42 3.5 word
--! stdin = last
-- Standard input by read, lines and formats.
print(io.read()) print(io.read("n", "n")) print(io.read("l")) print(io.stdin:read("L")) print(io.read("a") == "", io.read("l"), io.read(0), io.read("n"))
