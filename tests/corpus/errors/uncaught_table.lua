--! error = (error object is a table value)
-- An error object without text.
error({})
