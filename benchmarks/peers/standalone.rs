//! The stand-alone interpreter of PUC Lua, rebuilt on the C API: same libraries, same `arg`, same message handler,
//! same report on stderr, same exit code. Shared by the peers whose C API is PUC's.
//!
//! Lua raises errors by `longjmp`, so no frame below that can raise owns anything with a destructor.

use std::ffi::{CStr, CString, OsString, c_char, c_int, c_void};
use std::io::Write as _;
use std::os::unix::ffi::OsStringExt as _;
use std::process::ExitCode;

use mlua::ffi;

/// Configures a state after its libraries are open: the collector's mode, the compiler's switch.
pub type Setup = unsafe fn(*mut ffi::lua_State);

/// The name that the stand-alone interpreter puts before its messages.
const PROGRAM: &CStr = c"lua";

/// What `pmain` needs, passed through the state as a light userdata.
struct Job {
    script: *const c_char,
    args: *const *const c_char,
    arg_count: c_int,
    setup: Setup,
}

/// Runs `command[0]` with the rest as its arguments, and reports as `lua` does.
pub fn run(command: Vec<OsString>, setup: Setup) -> ExitCode {
    let strings: Vec<CString> = command
        .into_iter()
        .map(|s| CString::new(s.into_vec()).expect("an argument of a process holds no NUL"))
        .collect();
    let Some((script, args)) = strings.split_first() else {
        eprintln!("usage: peer [options] script.lua [args]");
        return ExitCode::FAILURE;
    };
    let pointers: Vec<*const c_char> = args.iter().map(|s| s.as_ptr()).collect();
    let mut job = Job {
        script: script.as_ptr(),
        args: pointers.as_ptr(),
        arg_count: pointers.len() as c_int,
        setup,
    };
    // SAFETY: the state is fresh and used by this thread alone; `job` outlives the protected call.
    let ok = unsafe {
        let state = ffi::luaL_newstate();
        if state.is_null() {
            eprintln!("lua: cannot create state: not enough memory");
            return ExitCode::FAILURE;
        }
        ffi::lua_gc(state, ffi::LUA_GCSTOP, 0);
        ffi::lua_pushcfunction(state, pmain);
        ffi::lua_pushlightuserdata(state, (&raw mut job).cast::<c_void>());
        let status = ffi::lua_pcall(state, 1, 1, 0);
        let ok = ffi::lua_toboolean(state, -1) != 0;
        report(state, status);
        ffi::lua_close(state);
        ok && status == ffi::LUA_OK
    };
    if ok {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

unsafe extern "C-unwind" fn pmain(state: *mut ffi::lua_State) -> c_int {
    // SAFETY: `run` passes a live `Job` as the only argument.
    unsafe {
        let job = &*ffi::lua_touserdata(state, 1).cast::<Job>();
        ffi::luaL_openlibs(state);
        create_arg_table(state, job);
        ffi::lua_gc(state, ffi::LUA_GCRESTART, 0);
        (job.setup)(state);
        let mut status = ffi::luaL_loadfile(state, job.script);
        if status == ffi::LUA_OK {
            ffi::luaL_checkstack(
                state,
                job.arg_count + 3,
                c"too many arguments to script".as_ptr(),
            );
            for i in 0..job.arg_count as usize {
                ffi::lua_pushstring(state, *job.args.add(i));
            }
            status = call(state, job.arg_count);
        }
        report(state, status);
        ffi::lua_pushboolean(state, c_int::from(status == ffi::LUA_OK));
        1
    }
}

unsafe fn create_arg_table(state: *mut ffi::lua_State, job: &Job) {
    // SAFETY: the stack has room for the table and one value (LUA_MINSTACK).
    unsafe {
        ffi::lua_createtable(state, job.arg_count, 2);
        ffi::lua_pushstring(state, PROGRAM.as_ptr());
        ffi::lua_rawseti(state, -2, -1);
        ffi::lua_pushstring(state, job.script);
        ffi::lua_rawseti(state, -2, 0);
        for i in 0..job.arg_count {
            ffi::lua_pushstring(state, *job.args.add(i as usize));
            ffi::lua_rawseti(state, -2, (i + 1).into());
        }
        ffi::lua_setglobal(state, c"arg".as_ptr());
    }
}

/// Calls the function below its `arg_count` arguments with the message handler under it.
unsafe fn call(state: *mut ffi::lua_State, arg_count: c_int) -> c_int {
    // SAFETY: the function and its arguments are on the stack.
    unsafe {
        let base = ffi::lua_gettop(state) - arg_count;
        ffi::lua_pushcfunction(state, message_handler);
        ffi::lua_insert(state, base);
        let status = ffi::lua_pcall(state, arg_count, ffi::LUA_MULTRET, base);
        ffi::lua_remove(state, base);
        status
    }
}

unsafe extern "C-unwind" fn message_handler(state: *mut ffi::lua_State) -> c_int {
    // SAFETY: Lua calls this with the error object as the only argument.
    unsafe {
        let mut message = ffi::lua_tolstring(state, 1, std::ptr::null_mut());
        if message.is_null() {
            if ffi::luaL_callmeta(state, 1, c"__tostring".as_ptr()) != 0
                && ffi::lua_type(state, -1) == ffi::LUA_TSTRING
            {
                return 1;
            }
            let name = ffi::lua_typename(state, ffi::lua_type(state, 1));
            message = ffi::lua_pushfstring(state, c"(error object is a %s value)".as_ptr(), name);
        }
        ffi::luaL_traceback(state, state, message, 1);
        1
    }
}

/// Prints the message on top of the stack, if `status` is an error, and pops it.
unsafe fn report(state: *mut ffi::lua_State, status: c_int) {
    if status == ffi::LUA_OK {
        return;
    }
    // SAFETY: on an error, the message is on top of the stack.
    unsafe {
        let mut len = 0;
        let text = ffi::lua_tolstring(state, -1, &mut len);
        let text: &[u8] = if text.is_null() {
            b"(error message not a string)"
        } else {
            std::slice::from_raw_parts(text.cast(), len)
        };
        let line = [PROGRAM.to_bytes(), b": ", text, b"\n"].concat();
        // A closed stderr leaves nowhere to report to.
        let _ = std::io::stderr().write_all(&line);
        ffi::lua_settop(state, -2);
    }
}
