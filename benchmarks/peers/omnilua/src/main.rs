//! The `omnilua` crate in its 5.5 dialect as a script runner: `peer-omnilua script.lua [args]`.

use std::process::ExitCode;

use omnilua::{HostHooks, Lua, LuaVersion, Result};

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let Some(script) = args.first() else {
        eprintln!("usage: peer-omnilua script.lua [args]");
        return ExitCode::FAILURE;
    };
    let source = match std::fs::read(script) {
        Ok(source) => source,
        Err(err) => {
            eprintln!("lua: cannot open {script}: {err}");
            return ExitCode::FAILURE;
        }
    };
    match run(script, &source, &args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(err) => {
            eprintln!("lua: {err}");
            ExitCode::FAILURE
        }
    }
}

fn run(script: &str, source: &[u8], args: &[String]) -> Result<()> {
    let lua = Lua::with_hooks_versioned(HostHooks::default(), LuaVersion::V55)?;
    let arg = lua.create_table()?;
    for (i, text) in (0i64..).zip(args) {
        arg.raw_set(i, text.as_str())?;
    }
    lua.globals().set("arg", arg)?;
    lua.load(source).set_name(format!("@{script}")).exec()
}
