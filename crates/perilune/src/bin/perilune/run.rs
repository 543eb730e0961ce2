//! The order in which `lua` does things: version, LUA_INIT, `-e` `-l` `-W`, the script, the prompt.

use crate::call::{self, Fault, What};
use crate::hint::{self, RememberingLoader};
use crate::interrupt::Interrupts;
use crate::options::{Action, Invocation, Program};
use crate::{repl, report};
use perilune::Stop;
use perilune::program::Lua;
use perilune::{CompileOptions, Ctx, Options, Raised, Std};
use std::io::IsTerminal;
use std::rc::Rc;

/// How faults are told.
pub struct Reporter<'a> {
    pub program: &'a Program,
    pub excerpts: Option<bool>,
    pub loader: Rc<RememberingLoader>,
    /// Without `-E`; for the editor's history.
    #[cfg_attr(not(feature = "line-editing"), allow(dead_code))]
    pub use_environment: bool,
}

impl Reporter<'_> {
    /// Writes a fault to standard error, after what the script wrote to its standard output.
    pub fn report(&self, ctx: &Ctx<'_>, fault: &Fault, named: bool) {
        // If standard output cannot be written, the end of the program says so.
        let _ = perilune_stdlib::flush_standard_streams(ctx);
        let name = named.then_some(self.program.name.as_slice());
        match fault {
            Fault::Syntax {
                source, name: chunk, ..
            } if report::excerpts_wanted(self.excerpts) => {
                let errors = self.loader.options().compile(source, chunk).err().unwrap_or_default();
                report::syntax_errors(name, source, chunk, &errors, self.excerpts);
            }
            _ => report::message(name, fault.message()),
        }
        if self.loader.is_5_5_alone(fault.message()) {
            report::error_text(&hint::note(&self.program.name));
        }
    }
}

/// A limit of fuel that nothing reaches.
const NO_LIMIT: u64 = 1 << 61;

/// The exit code after an error.
const FAILED: u8 = 1;

/// The exit code of a script that had to end.
fn exit_code(stop: Stop) -> u8 {
    match stop {
        Stop::Memory => 122,
        Stop::Fuel => 123,
        // As `timeout` of the coreutils.
        Stop::Time => 124,
        // As after the signal.
        Stop::Cancelled => 130,
        _ => FAILED,
    }
}

/// Runs a command line; the exit code.
pub fn run(program: &Program, args: &[Vec<u8>], invocation: &Invocation, interrupts: &Interrupts) -> u8 {
    // What a script used can be told only of a limit.
    let fuel = invocation.options.fuel.or(invocation.fuel_stats.then_some(NO_LIMIT));
    let options = &Options {
        fuel,
        ..invocation.options.clone()
    };
    let mut lua = Lua::with(options);
    let loader = Rc::new(RememberingLoader::new(CompileOptions {
        std: options.std,
        opt_level: options.opt_level,
        registers: options.registers,
        patience: options.patience,
        ..CompileOptions::default()
    }));
    lua.vm().set_loader(loader.clone());
    let reporter = Reporter {
        program,
        excerpts: invocation.excerpts,
        loader,
        use_environment: !options.ignore_environment,
    };
    if invocation.gc_trace.is_some() {
        lua.vm().gc_log().keep_timeline();
    }
    if invocation.profile_ops {
        lua.vm().profile_ops();
    }
    let handle = lua.vm().interrupt_handle();
    let mut code = lua.vm().enter(|ctx| {
        interrupts.attach(ctx, handle);
        match body(ctx, args, invocation, &reporter) {
            Ok(()) => 0,
            Err(fault) => {
                reporter.report(ctx, &fault, true);
                ctx.stopped().map_or(FAILED, exit_code)
            }
        }
    });
    if let (true, Some(given), Some(left)) = (invocation.fuel_stats, fuel, lua.vm().fuel()) {
        report::error_text(format!("fuel: {} used\n", given - left).as_bytes());
    }
    if invocation.gc_stats {
        report::error_text(lua.vm().gc_report().as_bytes());
    }
    if let Some(path) = &invocation.gc_trace
        && let Err(e) = std::fs::write(path, lua.vm().gc_log().svg())
    {
        report::message(Some(&program.name), format!("cannot write '{path}': {e}").as_bytes());
        code = FAILED;
    }
    if let Some(profile) = lua.vm().op_profile() {
        eprint!("{profile}");
    }
    lua.vm().close();
    let flushed = lua.flush();
    // The process ends here: the system takes the memory back faster than the heap gives it up, object by object.
    std::mem::forget(lua);
    match flushed {
        Ok(()) => code,
        Err(e) => {
            report::message(Some(&program.name), &report::output_failure(&e));
            FAILED
        }
    }
}

fn body(ctx: &mut Ctx<'_>, args: &[Vec<u8>], invocation: &Invocation, reporter: &Reporter<'_>) -> Result<(), Fault> {
    if invocation.version {
        print_version(ctx);
    }
    set_arg(ctx, args, invocation.script.unwrap_or(0)).map_err(|raised| call::fault(ctx, raised))?;
    if !invocation.options.ignore_environment {
        init(ctx)?;
    }
    for action in &invocation.actions {
        match action {
            Action::Statement(text) => {
                let name = b"=(command line)";
                call::run(ctx, &What::Text { text, name }, |_| Ok(()))?;
            }
            Action::Library(argument) => call::require(ctx, argument)?,
            // No function of the host gets them here, so none can fail.
            Action::Warnings => drop(ctx.warn(b"@on", false)),
        }
    }
    if let Some(at) = invocation.script {
        let is_stdin = args[at] == b"-" && args[at - 1] != b"--";
        let path = (!is_stdin).then_some(args[at].as_slice());
        call::run(ctx, &What::File(path), push_arguments)?;
    }
    if invocation.interactive {
        return repl::run(ctx, reporter);
    }
    if invocation.script.is_none() && !invocation.statements && !invocation.version {
        if std::io::stdin().is_terminal() {
            print_version(ctx);
            return repl::run(ctx, reporter);
        }
        call::run(ctx, &What::File(None), |_| Ok(()))?;
    }
    Ok(())
}

/// The line that names the version. Programs that ask `lua -v` look for "Lua" and the number at its start.
fn print_version(ctx: &Ctx<'_>) {
    let release = match ctx.std() {
        Std::V5_4 => "5.4.8",
        _ => "5.5.0",
    };
    let line = format!(
        "Lua {release} (Perilune {})  The language is by Lua.org, PUC-Rio\n",
        env!("CARGO_PKG_VERSION")
    );
    perilune_stdlib::write_standard_output(ctx, line.as_bytes());
}

/// The global `arg`: the script at 0, its arguments above, the command and options below.
fn set_arg(ctx: &Ctx<'_>, args: &[Vec<u8>], script: usize) -> Result<(), Raised> {
    let table = ctx.new_table(args.len().saturating_sub(script + 1), 0)?;
    for (i, arg) in args.iter().enumerate() {
        table.set_int(ctx, i as i64 - script as i64, ctx.new_str(arg)?)?;
    }
    ctx.globals().set_str(ctx, "arg", table.as_val())
}

/// Pushes what the table `arg` holds by now from 1 on.
fn push_arguments(ctx: &mut Ctx<'_>) -> Result<(), Raised> {
    let at = ctx.top();
    call::push_global(ctx, b"arg")?;
    if ctx.slot(at).as_table().is_none() {
        return Err(ctx.error_plain("'arg' is not a table"));
    }
    let count = usize::try_from(ctx.len(at)?).unwrap_or(0);
    if ctx.reserve(count + 3).is_err() {
        return Err(ctx.error_plain("stack overflow (too many arguments to script)"));
    }
    for i in 1..=count {
        let value = match ctx.slot(at).as_table() {
            Some(table) => table.get_int(i as i64),
            None => perilune::Val::NIL,
        };
        ctx.push(value)?;
    }
    // The arguments move down over the table.
    for i in at..at + count {
        let value = ctx.slot(i + 1);
        ctx.set_slot(i, value);
    }
    ctx.pop(1);
    Ok(())
}

/// Runs what LUA_INIT says.
fn init(ctx: &mut Ctx<'_>) -> Result<(), Fault> {
    let versioned = format!("LUA_INIT_{}", ctx.std().to_string().replace('.', "_"));
    for name in [versioned.as_str(), "LUA_INIT"] {
        let Some(value) = std::env::var_os(name) else {
            continue;
        };
        let value = value.as_encoded_bytes();
        let chunk = format!("={name}");
        let what = match value.strip_prefix(b"@") {
            Some(path) => What::File(Some(path)),
            None => What::Text {
                text: value,
                name: chunk.as_bytes(),
            },
        };
        return call::run(ctx, &what, |_| Ok(()));
    }
    Ok(())
}
