//! The `luars` crate as a script runner: `peer-luars script.lua [args]`.

use std::process::ExitCode;

use luars::{Lua, LuaApi as _, SafeOption, Stdlib};

/// Call depth that PUC Lua reaches; the crate's default of 1024 stops correct programs.
const MAX_CALL_DEPTH: usize = 200_000;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let Some(script) = args.first() else {
        eprintln!("usage: peer-luars script.lua [args]");
        return ExitCode::FAILURE;
    };
    let source = match std::fs::read_to_string(script) {
        Ok(source) => source,
        Err(err) => {
            eprintln!("lua: cannot open {script}: {err}");
            return ExitCode::FAILURE;
        }
    };
    let mut lua = Lua::new(SafeOption {
        max_call_depth: MAX_CALL_DEPTH,
        ..SafeOption::default()
    });
    let run = |lua: &mut Lua| {
        lua.open_stdlib(Stdlib::All)?;
        let arg = lua.create_table()?;
        for (i, text) in (0i64..).zip(&args) {
            arg.raw_seti(i, text.as_str())?;
        }
        lua.set_global("arg", arg)?;
        lua.load("collectgarbage('generational')").exec()?;
        lua.load(&source).set_name(format!("@{script}")).exec()
    };
    match run(&mut lua) {
        Ok(()) => ExitCode::SUCCESS,
        Err(err) => {
            eprintln!("lua: {}", lua.get_error_message(err));
            ExitCode::FAILURE
        }
    }
}
