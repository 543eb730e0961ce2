//! Lua's standard library on the public native API of the virtual machine.
