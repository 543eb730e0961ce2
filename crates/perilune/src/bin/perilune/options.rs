//! The command line: `lua`'s grammar of options, and those that `lua` does not have.

use perilune::{Backend, OptLevel, Options, Std};

/// What `lua` says about its options.
const LUA_OPTIONS: &str = "usage: {program} [options] [script [args]]
Available options are:
  -e stat   execute string 'stat'
  -i        enter interactive mode after executing 'script'
  -l mod    require library 'mod' into global 'mod'
  -l g=mod  require library 'mod' into global 'g'
  -v        show version information
  -E        ignore environment variables
  -W        turn warnings on
  --        stop handling options
  -         stop handling options and execute stdin
";

/// The options that `lua` does not have.
const MORE_OPTIONS: &str = "
Options of Perilune alone:
  --std V         the language version: 5.5 (default), or 5.4
  -O0, -O1        optimization level (default -O1)
  --errors FORM   syntax errors as 'plain' text, with an 'excerpt' of the source, or
                  'auto' (default): an excerpt at a terminal, else plain
  --memory N      limit on the bytes that the script may occupy
  --stack N       limit on the slots of one register stack (default and most: 1000000)
  --fuel N        limit on what the script may do: words of code, and work of natives
  --timeout S     limit on the time that the script may take, in seconds
  --sandbox       no io, os (but for clock and calendar), debug (but for traceback), package,
                  dofile, loadfile and binary chunks; unless given otherwise,
                  --memory 67108864 --stack 200000 --fuel 1000000000 --timeout 10;
                  reaching the limit of memory ends the script, too
  --registers N   size of the register file, 4 to 250
  --patience N    calls of a function without loops before -O1 optimizes it (default 64);
                  0 optimizes everything when it is compiled
  --dispatch D    'tail' (sibling calls) or 'loop'
  --gc-stats      at the end, write to standard error what the collector did
  --gc-trace F    write the collector's timeline to the file F, as SVG
  --gc-stress     collect at every safepoint and poison what is freed
  --gc-step-stress
                  a small step of a collection at every safepoint, with proof of each marking
  --gc-minor-stress
                  a minor collection at every safepoint, with proof of each marking
  --stack-stress  move the register stack whenever it might be
  --fuel-stats    at the end, write to standard error how much fuel was used
  --fuel-steps    the same, counted instruction by instruction: slow, and with the same result
  --profile-ops   print at the end how often instructions ran, to standard error
  --help          show this text

Subcommands, if the first argument is one (a script of that name: './dump'):
  perilune dump [--std V] [-O0] [--registers N] --stage STAGE FILE
                  print what a stage of the compiler makes of a file
  perilune gc-trace [options] script [args]
                  run a script with --gc-trace gc-trace.svg
  perilune compile [--std V] [-O0] [--registers N] [-s] -o OUT FILE
                  write a binary chunk; -s leaves out what only messages need

Exit codes: 0 if all went well, 1 after an error; 122 the limit of memory with --sandbox,
123 that of fuel, 124 that of time.

Called as 'lua' the command has no subcommands; called as 'lua5.4' it runs Lua 5.4.

Environment: LUA_INIT and LUA_PATH as in the manual, each also as NAME_5_5 (or NAME_5_4).
LUA_CPATH sets package.cpath, but modules in C are not loaded: require says 'dynamic
libraries not enabled; check your Lua installation' where it finds one.
";

/// The name that the command was called under, and what follows from it.
pub struct Program {
    /// As it stands in messages.
    pub name: Vec<u8>,
}

impl Program {
    pub fn new(argument: Option<&Vec<u8>>) -> Program {
        let name = match argument {
            Some(name) if !name.is_empty() => name.clone(),
            _ => b"perilune".to_vec(),
        };
        Program { name }
    }

    /// The name without folders and `.exe`.
    fn base(&self) -> &[u8] {
        let is_separator = |&b: &u8| b == b'/' || cfg!(windows) && b == b'\\';
        let start = self.name.iter().rposition(is_separator).map_or(0, |at| at + 1);
        let base = &self.name[start..];
        base.strip_suffix(b".exe").unwrap_or(base)
    }

    pub fn has_subcommands(&self) -> bool {
        !self.base().starts_with(b"lua")
    }

    /// The version in names such as `lua5.4` and `lua54`.
    pub fn std(&self) -> Std {
        let base = self.base();
        let version = base.strip_prefix(b"lua").or_else(|| base.strip_prefix(b"perilune"));
        match version.map(|v| v.strip_prefix(b"-").unwrap_or(v)) {
            Some(b"5.4" | b"54") => Std::V5_4,
            Some(b"5.5" | b"55") => Std::V5_5,
            _ => Std::default(),
        }
    }
}

/// What runs before the script, in the order of the command line.
pub enum Action {
    /// `-e stat`
    Statement(Vec<u8>),
    /// `-l mod` or `-l g=mod`
    Library(Vec<u8>),
    /// `-W`
    Warnings,
}

pub struct Invocation {
    pub options: Options,
    pub actions: Vec<Action>,
    /// `-i`
    pub interactive: bool,
    /// `-v`, which `-i` implies.
    pub version: bool,
    /// There was a `-e`.
    pub statements: bool,
    /// The index of the script, or of `-`, among all arguments.
    pub script: Option<usize>,
    /// Whether syntax errors come with excerpts; `None` leaves it to the terminal.
    pub excerpts: Option<bool>,
    /// `--fuel-stats`
    pub fuel_stats: bool,
    /// `--gc-stats`
    pub gc_stats: bool,
    /// `--gc-trace F`
    pub gc_trace: Option<String>,
    /// `--profile-ops`
    pub profile_ops: bool,
}

/// What is wrong with a command line.
pub enum Fault {
    /// No such option.
    Unknown(Vec<u8>),
    /// An option at the end, or before another option, that needs an argument.
    NeedsArgument(Vec<u8>),
    /// An argument of an option of ours is none that it takes.
    Value(String),
}

pub enum Parsed {
    Run(Box<Invocation>),
    Help,
    Wrong(Fault),
}

/// Reads all options before anything runs, as `lua` does.
pub fn parse(program: &Program, args: &[Vec<u8>]) -> Parsed {
    let mut invocation = Invocation {
        options: Options {
            std: program.std(),
            ..Options::default()
        },
        actions: Vec::new(),
        interactive: false,
        version: false,
        statements: false,
        script: None,
        excerpts: None,
        fuel_stats: false,
        gc_stats: false,
        gc_trace: None,
        profile_ops: false,
    };
    match parse_into(&mut invocation, args) {
        Ok(true) => Parsed::Run(Box::new(invocation)),
        Ok(false) => Parsed::Help,
        Err(fault) => Parsed::Wrong(fault),
    }
}

/// False if the command line asks for help.
fn parse_into(invocation: &mut Invocation, args: &[Vec<u8>]) -> Result<bool, Fault> {
    let mut sandbox = false;
    let runs = parse_options(invocation, args, &mut sandbox)?;
    if sandbox {
        let given = &mut invocation.options;
        let preset = Options::sandboxed();
        given.memory_limit = given.memory_limit.or(preset.memory_limit);
        given.stack_limit = given.stack_limit.or(preset.stack_limit);
        given.fuel = given.fuel.or(preset.fuel);
        given.timeout = given.timeout.or(preset.timeout);
        given.sandbox = preset.sandbox;
        given.memory_final = preset.memory_final;
        given.ignore_environment = preset.ignore_environment;
    }
    Ok(runs)
}

fn parse_options(invocation: &mut Invocation, args: &[Vec<u8>], sandbox: &mut bool) -> Result<bool, Fault> {
    let mut at = 1;
    while let Some(arg) = args.get(at) {
        match arg.as_slice() {
            b"-" => {
                invocation.script = Some(at);
                return Ok(true);
            }
            b"--" => {
                invocation.script = (at + 1 < args.len()).then_some(at + 1);
                return Ok(true);
            }
            [b'-', b'-', ..] => {
                if arg == b"--help" {
                    return Ok(false);
                }
                let mut value = || {
                    at += 1;
                    args.get(at)
                        .map(|v| String::from_utf8_lossy(v))
                        .ok_or_else(|| Fault::NeedsArgument(arg.clone()))
                };
                match arg.as_slice() {
                    b"--errors" => {
                        invocation.excerpts = match &*value()? {
                            "auto" => None,
                            "plain" => Some(false),
                            "excerpt" => Some(true),
                            other => {
                                return Err(Fault::Value(format!(
                                    "'--errors' takes 'auto', 'plain' or 'excerpt', not '{other}'"
                                )));
                            }
                        }
                    }
                    b"--dispatch" => {
                        invocation.options.backend = match &*value()? {
                            "tail" => Backend::Tail,
                            "loop" => Backend::Loop,
                            other => {
                                return Err(Fault::Value(format!(
                                    "'--dispatch' takes 'tail' or 'loop', not '{other}'"
                                )));
                            }
                        }
                    }
                    b"--fuel" => invocation.options.fuel = Some(number("--fuel", "units", &value()?)?),
                    b"--fuel-stats" => invocation.fuel_stats = true,
                    b"--fuel-steps" => {
                        invocation.fuel_stats = true;
                        invocation.options.fuel_steps = true;
                    }
                    b"--timeout" => invocation.options.timeout = Some(seconds(&value()?)?),
                    b"--sandbox" => *sandbox = true,
                    b"--gc-stats" => invocation.gc_stats = true,
                    b"--gc-trace" => invocation.gc_trace = Some(value()?.into_owned()),
                    b"--profile-ops" => invocation.profile_ops = true,
                    b"--gc-stress" => invocation.options.gc_stress = true,
                    b"--gc-step-stress" => invocation.options.gc_step_stress = true,
                    b"--gc-minor-stress" => invocation.options.gc_minor_stress = true,
                    b"--stack-stress" => invocation.options.stack_stress = true,
                    b"--stack" => invocation.options.stack_limit = Some(number("--stack", "slots", &value()?)?),
                    b"--memory" => invocation.options.memory_limit = Some(number("--memory", "bytes", &value()?)?),
                    b"--std" => invocation.options.std = std_version(&value()?)?,
                    b"--registers" => invocation.options.registers = registers(&value()?)?,
                    b"--patience" => invocation.options.patience = number("--patience", "calls", &value()?)?,
                    _ => return Err(Fault::Unknown(arg.clone())),
                }
            }
            b"-O0" => invocation.options.opt_level = OptLevel::O0,
            b"-O1" => invocation.options.opt_level = OptLevel::O1,
            b"-E" => invocation.options.ignore_environment = true,
            b"-W" => invocation.actions.push(Action::Warnings),
            b"-i" => {
                invocation.interactive = true;
                invocation.version = true;
            }
            b"-v" => invocation.version = true,
            [b'-', kind @ (b'e' | b'l'), joined @ ..] => {
                let text = if joined.is_empty() {
                    at += 1;
                    match args.get(at) {
                        Some(next) if !next.starts_with(b"-") => next.clone(),
                        _ => return Err(Fault::NeedsArgument(arg.clone())),
                    }
                } else {
                    joined.to_vec()
                };
                invocation.actions.push(if *kind == b'e' {
                    invocation.statements = true;
                    Action::Statement(text)
                } else {
                    Action::Library(text)
                });
            }
            [b'-', ..] => return Err(Fault::Unknown(arg.clone())),
            _ => {
                invocation.script = Some(at);
                return Ok(true);
            }
        }
        at += 1;
    }
    Ok(true)
}

fn number<N: std::str::FromStr>(option: &str, what: &str, text: &str) -> Result<N, Fault> {
    text.parse()
        .map_err(|_| Fault::Value(format!("'{option}' takes a number of {what}, not '{text}'")))
}

/// The argument of `--timeout`.
fn seconds(text: &str) -> Result<std::time::Duration, Fault> {
    text.parse()
        .ok()
        .and_then(|s| std::time::Duration::try_from_secs_f64(s).ok())
        .ok_or_else(|| Fault::Value(format!("'--timeout' takes a number of seconds, not '{text}'")))
}

/// The argument of `--registers`.
pub fn registers(text: &str) -> Result<u16, Fault> {
    text.parse()
        .ok()
        .filter(|n| (4..=250).contains(n))
        .ok_or_else(|| Fault::Value(format!("'--registers' takes 4 to 250, not '{text}'")))
}

/// The argument of `--std`.
pub fn std_version(text: &str) -> Result<Std, Fault> {
    text.parse().map_err(|_| {
        let known: Vec<String> = Std::ALL.iter().map(|v| format!("'{v}'")).collect();
        Fault::Value(format!("'--std' takes {}, not '{text}'", known.join(" or ")))
    })
}

/// The text that follows a wrong option.
pub fn usage(program: &Program) -> Vec<u8> {
    let (before, after) = LUA_OPTIONS.split_once("{program}").unwrap_or((LUA_OPTIONS, ""));
    [before.as_bytes(), &program.name, after.as_bytes()].concat()
}

/// The text of `--help`.
pub fn help() -> String {
    LUA_OPTIONS.replace("{program}", "perilune") + MORE_OPTIONS
}
