--! error = tests/corpus/errors/uncaught_syntax.lua:5: syntax error near 'error'
-- A script that does not compile runs not at all, and says where.
print("never printed")

syntax error here
