//! PUC Lua 5.5 as its stand-alone interpreter runs a script: `peer-lua55 script.lua [args]`.

#[path = "../../standalone.rs"]
mod standalone;

use std::process::ExitCode;

use mlua::ffi;

fn main() -> ExitCode {
    standalone::run(std::env::args_os().skip(1).collect(), generational)
}

/// The stand-alone interpreter runs the collector in generational mode; a bare state is incremental.
unsafe fn generational(state: *mut ffi::lua_State) {
    // SAFETY: the caller passes a live state.
    unsafe { ffi::lua_gc(state, ffi::LUA_GCGEN) };
}
