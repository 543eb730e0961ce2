//! Running whole programs, as the command does: one state, not shared, whose results are text.

use crate::loader::CompileOptions;
use perilune_bytecode::Verified;
use perilune_compiler::OptLevel;
use perilune_frontend::SyntaxError;
use perilune_vm::{Backend, Ctx, Raised, Returns, Std, Val, Vm};
use std::fmt;
use std::rc::Rc;

/// What a state is made with.
#[derive(Clone, Debug)]
pub struct Options {
    /// The language version.
    pub std: Std,
    /// How scripts are compiled.
    pub opt_level: OptLevel,
    /// The size of the register file, 4 to 250.
    pub registers: u16,
    /// How many calls of a function without loops come before it is optimized; 0: everything is at once.
    pub patience: u32,
    /// The dispatch back-end.
    pub backend: Backend,
    /// Most bytes that scripts may occupy.
    pub memory_limit: Option<usize>,
    /// Most slots of one register stack (a frame takes as many as it has registers, and two); `None` is a million.
    pub stack_limit: Option<usize>,
    /// How much scripts may do: words of code, and work of natives. A script that needs more ends with an error that it cannot
    /// catch.
    pub fuel: Option<u64>,
    /// Count fuel instruction by instruction from the start, for tests.
    pub fuel_steps: bool,
    /// How long scripts may run, from when the state is made. One that takes longer ends with an error that it cannot catch.
    pub timeout: Option<std::time::Duration>,
    /// Reaching the memory limit ends scripts, which otherwise may catch the error.
    pub memory_final: bool,
    /// Open only what is safe for scripts of strangers: see [`Options::sandboxed`].
    pub sandbox: bool,
    /// Collect at every safepoint and poison what is freed.
    pub gc_stress: bool,
    /// Do a small step of an incremental collection at every safepoint, prove each marking complete, and poison what is
    /// freed.
    pub gc_step_stress: bool,
    /// Do a minor collection at every safepoint, prove each marking complete, and poison what is freed.
    pub gc_minor_stress: bool,
    /// Move the register stack whenever it might be.
    pub stack_stress: bool,
    /// Take no paths from environment variables, as `lua -E`.
    pub ignore_environment: bool,
}

/// The limits of [`Options::sandboxed`], and of `perilune --sandbox`.
pub mod sandbox {
    use std::time::Duration;

    /// Bytes: 64 MiB.
    pub const MEMORY: usize = 64 << 20;
    /// Words of code and work of natives: about five seconds.
    pub const FUEL: u64 = 1_000_000_000;
    /// Time.
    pub const TIMEOUT: Duration = Duration::from_secs(10);
    /// Slots of a register stack.
    pub const STACK: usize = 200_000;
}

impl Options {
    /// What scripts of strangers get. Of the libraries: the basic functions without `dofile`, `loadfile` and `require`;
    /// `coroutine`, `string`, `table`, `math`, `utf8`; of `os` the clock and the calendar; of `debug` the traceback. No binary chunks.
    /// The limits of [`sandbox`]; reaching one, be it that of memory, ends the script.
    pub fn sandboxed() -> Options {
        Options {
            sandbox: true,
            ignore_environment: true,
            memory_limit: Some(sandbox::MEMORY),
            memory_final: true,
            stack_limit: Some(sandbox::STACK),
            fuel: Some(sandbox::FUEL),
            timeout: Some(sandbox::TIMEOUT),
            ..Options::default()
        }
    }

    /// Gives a VM the limits that it is not made with.
    pub(crate) fn limit(&self, vm: &mut Vm) -> std::io::Result<()> {
        vm.set_fuel(self.fuel);
        if self.fuel_steps {
            vm.count_fuel_by_steps();
        }
        vm.set_memory_final(self.memory_final);
        match self.timeout {
            Some(after) => vm.set_timeout(Some(after)),
            None => Ok(()),
        }
    }

    /// What of these the VM is made with.
    pub(crate) fn for_vm(&self) -> perilune_vm::Options {
        perilune_vm::Options {
            std: self.std,
            backend: self.backend,
            memory_limit: self.memory_limit,
            stack_limit: self.stack_limit,
            gc_stress: self.gc_stress,
            gc_step_stress: self.gc_step_stress,
            gc_minor_stress: self.gc_minor_stress,
            stack_stress: self.stack_stress,
            seed: 0,
        }
    }
}

impl Default for Options {
    fn default() -> Options {
        let compile = CompileOptions::default();
        Options {
            std: compile.std,
            opt_level: compile.opt_level,
            registers: compile.registers,
            patience: compile.patience,
            backend: Backend::default(),
            memory_limit: None,
            stack_limit: None,
            fuel: None,
            fuel_steps: false,
            timeout: None,
            memory_final: false,
            sandbox: false,
            gc_stress: false,
            gc_step_stress: false,
            gc_minor_stress: false,
            stack_stress: false,
            ignore_environment: false,
        }
    }
}

/// Why a script did not run to its end.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The source text is wrong; the first error is the one that Lua reports.
    Syntax {
        /// The name of the chunk.
        chunk: Vec<u8>,
        /// All errors.
        errors: Vec<SyntaxError>,
    },
    /// A binary chunk was refused.
    Binary(String),
    /// The script raised an error.
    Runtime {
        /// The error value as text.
        message: Vec<u8>,
        /// The traceback, if the value was not turned into text by its own `__tostring`.
        traceback: Option<Vec<u8>>,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Syntax { chunk, errors } => match errors.first() {
                Some(first) => f.write_str(&first.display(chunk)),
                None => f.write_str("syntax error"),
            },
            Error::Binary(text) => f.write_str(text),
            Error::Runtime { message, traceback } => {
                f.write_str(&String::from_utf8_lossy(message))?;
                match traceback {
                    Some(t) => write!(f, "\n{}", String::from_utf8_lossy(t)),
                    None => Ok(()),
                }
            }
        }
    }
}

impl std::error::Error for Error {}

/// How a protected run ended.
#[derive(Debug)]
pub struct Outcome {
    /// The results as text.
    pub results: Vec<Vec<u8>>,
}

/// A Lua state.
pub struct Lua {
    vm: Box<Vm>,
    compile: CompileOptions,
}

impl Default for Lua {
    fn default() -> Lua {
        Lua::new()
    }
}

/// Turns the error value of a failed run into its message and a traceback.
fn message_handler(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let v = ctx.arg(0);
    let text = if let Some(s) = v.as_str() {
        s.to_vec()
    } else if v.as_num().is_some() {
        ctx.tostring(0)?;
        ctx.slot(ctx.top() - 1).as_str().unwrap_or(b"").to_vec()
    } else if !ctx.metafield(v, "__tostring")?.is_nil() {
        ctx.tostring(0)?;
        return Ok(Returns(1));
    } else {
        format!("(error object is a {} value)", v.type_name()).into_bytes()
    };
    let trace = ctx.traceback(None, 1);
    let pair = ctx.new_table(2, 0)?;
    ctx.push(pair.as_val())?;
    let (text, trace) = (ctx.new_str(&text)?, ctx.new_str(&trace)?);
    if let Some(pair) = ctx.slot(ctx.top() - 1).as_table() {
        pair.set_int(ctx, 1, text)?;
        pair.set_int(ctx, 2, trace)?;
    }
    Ok(Returns(1))
}

impl Lua {
    /// A state with the defaults.
    pub fn new() -> Lua {
        Lua::with(&Options::default())
    }

    /// A state with options.
    ///
    /// # Panics
    /// If the memory limit does not even allow the standard library, or the system gives no thread to watch a time limit.
    pub fn with(options: &Options) -> Lua {
        let compile = CompileOptions {
            std: options.std,
            opt_level: options.opt_level,
            registers: options.registers,
            patience: options.patience,
            ..CompileOptions::default()
        };
        let mut vm = Vm::new(options.for_vm());
        vm.set_loader(Rc::new(compile.clone()));
        let opened = vm.enter(|ctx| {
            if options.ignore_environment {
                ctx.registry()
                    .set_str(ctx, perilune_stdlib::NO_ENVIRONMENT, Val::bool(true))?;
            }
            if options.sandbox {
                return perilune_stdlib::install_sandbox(ctx);
            }
            perilune_vm::install_builtins(ctx)?;
            perilune_stdlib::install(ctx)
        });
        if opened.is_err() {
            panic!("the memory limit does not allow the standard library");
        }
        if let Err(e) = options.limit(&mut vm) {
            panic!("the system gives no thread to watch the time: {e}");
        }
        Lua { vm, compile }
    }

    /// The VM.
    pub fn vm(&mut self) -> &mut Vm {
        &mut self.vm
    }

    /// Compiles a chunk without running it.
    ///
    /// # Errors
    /// Every syntax error.
    pub fn compile(&self, source: &[u8], name: &[u8]) -> Result<Verified, Error> {
        self.compile.compile(source, name).map_err(|errors| Error::Syntax {
            chunk: name.to_vec(),
            errors,
        })
    }

    /// Compiles (or, for a binary chunk, verifies) and runs a chunk with these arguments.
    ///
    /// # Errors
    /// Syntax errors, a refused binary chunk, or what the script raised.
    pub fn run(&mut self, chunk: &[u8], name: &[u8], args: &[&[u8]]) -> Result<Outcome, Error> {
        let module = if chunk.first() == Some(&0x1B) {
            let module = perilune_bytecode::from_bytes(chunk).map_err(|e| {
                Error::Binary(format!(
                    "{}: bad binary format ({e})",
                    String::from_utf8_lossy(&perilune_lang::chunk_display(name))
                ))
            })?;
            perilune_bytecode::verify(module).map_err(|e| {
                Error::Binary(format!(
                    "{}: bad binary format ({e})",
                    String::from_utf8_lossy(&perilune_lang::chunk_display(name))
                ))
            })?
        } else {
            self.compile(chunk, name)?
        };
        self.run_module(module, args)
    }

    /// Sets the global `arg` from a command line; `script` is the index that becomes 0.
    ///
    /// # Errors
    /// Out of memory.
    pub fn set_arg(&mut self, all: &[String], script: usize) -> Result<(), Error> {
        let set = |ctx: &mut Ctx<'_>| -> Result<(), Raised> {
            let table = ctx.new_table(all.len().saturating_sub(script), 0)?;
            for (i, arg) in all.iter().enumerate() {
                let text = ctx.new_str(arg.as_bytes())?;
                table.set_int(ctx, i as i64 - script as i64, text)?;
            }
            ctx.globals().set_str(ctx, "arg", table.as_val())
        };
        self.vm.enter(set).map_err(out_of_memory)
    }

    /// Flushes the standard output of scripts.
    ///
    /// # Errors
    /// What the system says.
    pub fn flush(&mut self) -> std::io::Result<()> {
        self.vm.enter(|ctx| perilune_stdlib::flush_standard_streams(ctx))
    }

    /// Ends the state: finalizers run, files are flushed.
    ///
    /// # Errors
    /// What the system says of the standard output.
    pub fn close(mut self) -> std::io::Result<()> {
        self.vm.close();
        self.flush()
    }

    /// Runs a module's main function with these arguments.
    ///
    /// # Errors
    /// What the script raised.
    pub fn run_module(&mut self, module: Verified, args: &[&[u8]]) -> Result<Outcome, Error> {
        self.vm.enter(|ctx| run_protected(ctx, module, args))
    }
}

fn out_of_memory(_: Raised) -> Error {
    Error::Runtime {
        message: b"not enough memory".to_vec(),
        traceback: None,
    }
}

fn run_protected(ctx: &mut Ctx<'_>, module: Verified, args: &[&[u8]]) -> Result<Outcome, Error> {
    let first = ctx.top();
    ctx.push(ctx.protected_call()).map_err(out_of_memory)?;
    ctx.push_module(module).map_err(out_of_memory)?;
    let handler = ctx
        .new_native("message handler", message_handler, &[])
        .map_err(out_of_memory)?;
    ctx.push(handler).map_err(out_of_memory)?;
    for arg in args {
        ctx.push_str(arg).map_err(out_of_memory)?;
    }
    if let Err(raised) = ctx.call(2 + args.len(), None) {
        let message = ctx
            .take_error(raised)
            .as_str()
            .unwrap_or(b"(error object is not a string)")
            .to_vec();
        return Err(Error::Runtime {
            message,
            traceback: None,
        });
    }
    let ok = ctx.slot(first).truthy();
    let value = ctx.slot(first + 1);
    let outcome = if ok {
        let mut results = Vec::new();
        for i in first + 1..ctx.top() {
            results.push(plain_text(ctx.slot(i)));
        }
        Ok(Outcome { results })
    } else {
        Err(match value.as_table() {
            Some(pair) => Error::Runtime {
                message: pair.get_int(1).as_str().unwrap_or_default().to_vec(),
                traceback: pair.get_int(2).as_str().map(<[u8]>::to_vec),
            },
            None => Error::Runtime {
                message: plain_text(value),
                traceback: None,
            },
        })
    };
    ctx.pop(ctx.top() - first);
    outcome
}

fn plain_text(v: Val<'_>) -> Vec<u8> {
    match (v.as_str(), v.as_num()) {
        (Some(s), _) => s.to_vec(),
        (None, Some(n)) => {
            let mut text = Vec::new();
            perilune_lang::write_num(&mut text, n, Std::default());
            text
        }
        _ => match v.as_bool() {
            Some(b) => b.to_string().into_bytes(),
            None => v.type_name().as_bytes().to_vec(),
        },
    }
}
