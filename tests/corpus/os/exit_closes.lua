-- os.exit with true as its second argument closes the state: finalizers run.
keep = setmetatable({}, { __gc = function() print("finalizer") end }) print("before") os.exit(0, true)
