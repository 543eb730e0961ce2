--! error = : my error
-- An error object with __tostring ends the script with its text.
print("before")
error(setmetatable({}, { __tostring = function() return "my error" end }))
