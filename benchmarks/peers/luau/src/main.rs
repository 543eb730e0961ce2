//! Luau as its stand-alone interpreter runs a script, plus a global `arg`: `peer-luau [--native] script.lua [args]`.
//!
//! Like that interpreter it sandboxes the libraries, which lets the VM import them, compiles at level 1 and
//! generates native code only on request.

use std::ffi::{CString, OsString, c_char, c_int};
use std::io::Write as _;
use std::os::unix::ffi::OsStringExt as _;
use std::process::ExitCode;

use mlua::{Lua, ffi};

/// Flags that feed call counts to the code generator; without them it inlines nothing.
const NATIVE_FLAGS: [&str; 5] = [
    "LuauCallFeedback",
    "LuauEmitCallFeedback",
    "LuauCIProto",
    "LuauPromoteProto",
    "LuauVirtualBcBuilder",
];

fn main() -> ExitCode {
    let mut args: Vec<OsString> = std::env::args_os().skip(1).collect();
    let native = args.first().is_some_and(|a| a == "--native");
    if native {
        args.remove(0);
    }
    match run(args, native) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            let line = [b"lua: ", message.as_slice(), b"\n"].concat();
            // A closed stderr leaves nowhere to report to.
            let _ = std::io::stderr().write_all(&line);
            ExitCode::FAILURE
        }
    }
}

/// Runs `command[0]` with the rest in `arg`; an error is the message with its traceback.
fn run(command: Vec<OsString>, native: bool) -> Result<(), Vec<u8>> {
    let strings: Vec<CString> = command
        .into_iter()
        .map(|s| CString::new(s.into_vec()).expect("an argument of a process holds no NUL"))
        .collect();
    let Some(script) = strings.first() else {
        return Err(b"usage: peer-luau [--native] script.lua [args]".to_vec());
    };
    let path = script.to_string_lossy().into_owned();
    let source =
        std::fs::read(&path).map_err(|e| format!("cannot open {path}: {e}").into_bytes())?;
    let chunk_name = CString::new(format!("@{path}")).expect("a path holds no NUL");
    if native {
        for flag in NATIVE_FLAGS {
            // A release drops the flags of what it has made permanent.
            let _ = Lua::set_fflag(flag, true);
        }
    }
    let bytecode = ffi::lua_CompileOptions::default();
    // SAFETY: the options are the defaults, all pointers in them null.
    let bytecode = unsafe { ffi::luau_compile(&source, bytecode) };

    // SAFETY: one state, used by this thread alone; what can raise runs inside `lua_pcall`.
    unsafe {
        let state = ffi::luaL_newstate();
        if native && ffi::luau_codegen_supported() == 0 {
            return Err(b"Luau's code generator does not support this machine".to_vec());
        }
        if native {
            ffi::luau_codegen_create(state);
        }
        ffi::luaL_openlibs(state);
        ffi::lua_pushcfunction(state, load_string);
        ffi::lua_setglobal(state, c"loadstring".as_ptr());
        ffi::lua_createtable(state, strings.len() as c_int, 0);
        for (i, text) in (0..).zip(&strings) {
            ffi::lua_pushstring_(state, text.as_ptr());
            ffi::lua_rawseti_(state, -2, i);
        }
        ffi::lua_setglobal(state, c"arg".as_ptr());
        ffi::luaL_sandbox_(state);
        let thread = ffi::lua_newthread(state);
        ffi::luaL_sandboxthread(thread);

        ffi::lua_pushcfunction(thread, message_handler);
        let data = bytecode.as_ptr().cast::<c_char>();
        let mut status = ffi::luau_load(thread, chunk_name.as_ptr(), data, bytecode.len(), 0);
        if status == ffi::LUA_OK {
            if native {
                ffi::luau_codegen_compile(thread, -1);
            }
            status = ffi::lua_pcall(thread, 0, 0, -2);
        }
        let result = if status == ffi::LUA_OK {
            Ok(())
        } else {
            Err(text_at_top(thread))
        };
        ffi::lua_close(state);
        result
    }
}

/// `loadstring(text)`: the function, or nil and a message.
unsafe extern "C-unwind" fn load_string(state: *mut ffi::lua_State) -> c_int {
    // SAFETY: Lua calls this with its arguments on the stack.
    unsafe {
        let mut len = 0;
        let text = ffi::luaL_checklstring(state, 1, &mut len);
        if ffi::luaL_loadbuffer(state, text, len, c"=loadstring".as_ptr()) == ffi::LUA_OK {
            return 1;
        }
        ffi::lua_pushnil(state);
        ffi::lua_insert(state, -2);
        2
    }
}

unsafe extern "C-unwind" fn message_handler(state: *mut ffi::lua_State) -> c_int {
    // SAFETY: Lua calls this with the error object as the only argument.
    unsafe {
        let message = ffi::luaL_tolstring(state, 1, std::ptr::null_mut());
        ffi::luaL_traceback(state, state, message, 1);
        1
    }
}

unsafe fn text_at_top(state: *mut ffi::lua_State) -> Vec<u8> {
    let mut len = 0;
    // SAFETY: the state has an error object on top.
    let text = unsafe { ffi::lua_tolstring(state, -1, &mut len) };
    if text.is_null() {
        return b"(error message not a string)".to_vec();
    }
    // SAFETY: Lua gave the address and the length of a string that is still on the stack.
    unsafe { std::slice::from_raw_parts(text.cast::<u8>(), len).to_vec() }
}
