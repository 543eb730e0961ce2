//! LuaJIT as its stand-alone interpreter runs a script: `peer-luajit [--joff] script.lua [args]`.

#[path = "../../standalone.rs"]
mod standalone;

use std::ffi::c_int;
use std::process::ExitCode;

use mlua::ffi;

/// `LUAJIT_MODE_ENGINE | LUAJIT_MODE_OFF`: interpret everything.
const ENGINE_OFF: c_int = 0;

unsafe extern "C-unwind" {
    fn luaJIT_setmode(state: *mut ffi::lua_State, index: c_int, mode: c_int) -> c_int;
}

fn main() -> ExitCode {
    let mut args: Vec<_> = std::env::args_os().skip(1).collect();
    if args.first().is_some_and(|a| a == "--joff") {
        args.remove(0);
        return standalone::run(args, compiler_off);
    }
    standalone::run(args, compiler_on)
}

unsafe fn compiler_off(state: *mut ffi::lua_State) {
    // SAFETY: the caller passes a live state.
    let done = unsafe { luaJIT_setmode(state, 0, ENGINE_OFF) };
    assert_eq!(done, 1, "LuaJIT switches its compiler off");
}

unsafe fn compiler_on(_: *mut ffi::lua_State) {}
