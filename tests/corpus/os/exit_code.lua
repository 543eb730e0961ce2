--! error =
-- os.exit(false) ends with 1 and flushes what was written.
io.write("flushed") os.exit(false)
