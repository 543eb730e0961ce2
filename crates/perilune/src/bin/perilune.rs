//! The `perilune` command.
#![forbid(unsafe_code)]

use perilune::{Backend, Error, Lua, OptLevel, Options, chunk_source, render};
use std::io::{IsTerminal, Read, Write};
use std::process::ExitCode;

const USAGE: &str = "usage: perilune [options] [script [args]]
  -e stat         execute string 'stat'
  -v              show version information
  -               execute stdin and stop handling options
  --              stop handling options
  -O0, -O1        optimization level (default -O1)
  --registers N   size of the register file, 4 to 250
  --dispatch D    'tail' (sibling calls) or 'loop'
  --gc-stress     collect at every safepoint and poison what is freed
  --stack-stress  move the register stack whenever it might be
  --memory N      limit on the bytes that the script may occupy
  --stack N       limit on the slots of one register stack (default and most: 1000000)
  --errors FORM   syntax errors as 'plain' text, with an 'excerpt' of the source, or
                  'auto' (default): an excerpt at a terminal, else plain
perilune dump --stage STAGE FILE   print what a stage of the compiler makes of a file
perilune compile [-s] -o OUT FILE  write a module file
";

struct Invocation {
    options: Options,
    statements: Vec<String>,
    version: bool,
    script: Option<String>,
    args: Vec<String>,
    /// Whether syntax errors come with excerpts; `None` leaves it to the terminal.
    excerpts: Option<bool>,
}

enum Failure {
    Usage(String),
    Message(String),
    Script {
        error: Box<Error>,
        source: Vec<u8>,
        excerpts: Option<bool>,
    },
}

fn main() -> ExitCode {
    // Scripts nest no Rust frames, but the parser and natives that call back do: give them room.
    let run = std::thread::Builder::new().stack_size(64 << 20).spawn(real_main);
    match run.map(std::thread::JoinHandle::join) {
        Ok(Ok(code)) => code,
        Ok(Err(_)) => ExitCode::from(134),
        Err(e) => {
            eprintln!("perilune: cannot start: {e}");
            ExitCode::FAILURE
        }
    }
}

fn real_main() -> ExitCode {
    let args: Vec<String> = std::env::args_os()
        .skip(1)
        .map(|a| a.to_string_lossy().into_owned())
        .collect();
    let result = match args.first().map(String::as_str) {
        Some("dump") => dump(&args[1..]),
        Some("compile") => compile(&args[1..]),
        _ => parse(args).and_then(run),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            report(failure);
            ExitCode::FAILURE
        }
    }
}

fn report(failure: Failure) {
    let mut err = std::io::stderr().lock();
    // Nothing can be done about a closed standard error.
    let _ = match failure {
        Failure::Usage(text) => write!(err, "perilune: {text}\n{USAGE}"),
        Failure::Message(text) => writeln!(err, "perilune: {text}"),
        Failure::Script {
            error,
            source,
            excerpts,
        } => match *error {
            Error::Syntax { chunk, errors } if excerpts.unwrap_or(err.is_terminal()) => {
                let color = err.is_terminal();
                err.write_all(render(&source, &chunk, &errors, color).as_bytes())
            }
            Error::Runtime { message, traceback } => {
                let mut text = b"perilune: ".to_vec();
                text.extend_from_slice(&message);
                if let Some(t) = traceback {
                    text.push(b'\n');
                    text.extend_from_slice(&t);
                }
                text.push(b'\n');
                err.write_all(&text)
            }
            other => writeln!(err, "perilune: {other}"),
        },
    };
}

fn parse(args: Vec<String>) -> Result<Invocation, Failure> {
    let mut options = Options::default();
    let mut invocation = Invocation {
        options: Options::default(),
        statements: Vec::new(),
        version: false,
        script: None,
        args: Vec::new(),
        excerpts: None,
    };
    let mut rest = args.into_iter();
    while let Some(arg) = rest.next() {
        let mut value = |name: &str| {
            rest.next()
                .ok_or_else(|| Failure::Usage(format!("'{name}' needs argument")))
        };
        match arg.as_str() {
            "-" => {
                invocation.script = Some(arg);
                break;
            }
            "--" => {
                invocation.script = rest.next();
                break;
            }
            "-v" => invocation.version = true,
            "-e" => {
                let statement = value("-e")?;
                invocation.statements.push(statement);
            }
            "-O0" => options.opt_level = OptLevel::O0,
            "-O1" => options.opt_level = OptLevel::O1,
            "--registers" => {
                let text = value("--registers")?;
                options.registers = text
                    .parse()
                    .ok()
                    .filter(|n| (4..=250).contains(n))
                    .ok_or_else(|| Failure::Usage(format!("'--registers' takes 4 to 250, not '{text}'")))?;
            }
            "--dispatch" => {
                options.backend = match value("--dispatch")?.as_str() {
                    "tail" => Backend::Tail,
                    "loop" => Backend::Loop,
                    other => {
                        return Err(Failure::Usage(format!(
                            "'--dispatch' takes 'tail' or 'loop', not '{other}'"
                        )));
                    }
                }
            }
            "--errors" => {
                invocation.excerpts = match value("--errors")?.as_str() {
                    "auto" => None,
                    "plain" => Some(false),
                    "excerpt" => Some(true),
                    other => {
                        return Err(Failure::Usage(format!(
                            "'--errors' takes 'auto', 'plain' or 'excerpt', not '{other}'"
                        )));
                    }
                }
            }
            "--gc-stress" => options.gc_stress = true,
            "--stack-stress" => options.stack_stress = true,
            "--stack" => {
                let text = value("--stack")?;
                let slots = text
                    .parse()
                    .map_err(|_| Failure::Usage(format!("'--stack' takes a number of slots, not '{text}'")))?;
                options.stack_limit = Some(slots);
            }
            "--memory" => {
                let text = value("--memory")?;
                options.memory_limit = Some(
                    text.parse()
                        .map_err(|_| Failure::Usage(format!("'--memory' takes a number of bytes, not '{text}'")))?,
                );
            }
            _ if arg.starts_with("-e") => invocation.statements.push(arg[2..].to_string()),
            _ if arg.starts_with('-') => return Err(Failure::Usage(format!("unrecognized option '{arg}'"))),
            _ => {
                invocation.script = Some(arg);
                break;
            }
        }
    }
    invocation.args = rest.collect();
    invocation.options = options;
    Ok(invocation)
}

fn run(invocation: Invocation) -> Result<(), Failure> {
    if invocation.version {
        println!(
            "Perilune {} ({})",
            env!("CARGO_PKG_VERSION"),
            invocation.options.std.version_string()
        );
    }
    let mut lua = Lua::with(&invocation.options);
    set_args(&mut lua, &invocation)?;
    for statement in &invocation.statements {
        execute(
            &mut lua,
            statement.as_bytes(),
            b"=(command line)",
            &[],
            invocation.excerpts,
        )?;
    }
    let args: Vec<&[u8]> = invocation.args.iter().map(String::as_bytes).collect();
    match &invocation.script {
        Some(path) if path != "-" => {
            let file = read(path)?;
            let name = [b"@", path.as_bytes()].concat();
            execute(&mut lua, chunk_source(&file), &name, &args, invocation.excerpts)?;
        }
        Some(_) => execute_stdin(&mut lua, &args, invocation.excerpts)?,
        None if invocation.statements.is_empty() && !invocation.version => {
            execute_stdin(&mut lua, &args, invocation.excerpts)?
        }
        None => {}
    }
    lua.close()
        .map_err(|e| Failure::Message(format!("cannot write to stdout ({e})")))
}

fn read(path: &str) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|e| Failure::Message(format!("cannot open {path} ({e})")))
}

fn execute_stdin(lua: &mut Lua, args: &[&[u8]], excerpts: Option<bool>) -> Result<(), Failure> {
    let mut text = Vec::new();
    std::io::stdin()
        .lock()
        .read_to_end(&mut text)
        .map_err(|e| Failure::Message(format!("cannot read stdin ({e})")))?;
    execute(lua, chunk_source(&text), b"=stdin", args, excerpts)
}

fn execute(lua: &mut Lua, source: &[u8], name: &[u8], args: &[&[u8]], excerpts: Option<bool>) -> Result<(), Failure> {
    let result = lua.run(source, name, args);
    match result {
        Ok(_) => Ok(()),
        Err(error) => {
            lua.flush()
                .map_err(|e| Failure::Message(format!("cannot write to stdout ({e})")))?;
            Err(Failure::Script {
                error: Box::new(error),
                source: source.to_vec(),
                excerpts,
            })
        }
    }
}

/// The global `arg`: the script at 0, its arguments above, the command and options below.
fn set_args(lua: &mut Lua, invocation: &Invocation) -> Result<(), Failure> {
    let all: Vec<String> = std::env::args_os().map(|a| a.to_string_lossy().into_owned()).collect();
    let script = match invocation.script {
        Some(_) => all.len() - invocation.args.len() - 1,
        None => 0,
    };
    lua.set_arg(&all, script).map_err(|e| script_failure(e, b""))
}

fn script_failure(error: Error, source: &[u8]) -> Failure {
    Failure::Script {
        error: Box::new(error),
        source: source.to_vec(),
        excerpts: None,
    }
}

fn dump(args: &[String]) -> Result<(), Failure> {
    let mut stage = None;
    let mut file = None;
    let mut options = perilune_compiler::Options::default();
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        match arg.as_str() {
            "--stage" => stage = rest.next().cloned(),
            "-O0" => options.opt_level = OptLevel::O0,
            "-O1" => options.opt_level = OptLevel::O1,
            "--registers" => {
                options.registers = rest
                    .next()
                    .and_then(|n| n.parse().ok())
                    .filter(|n| (4..=250).contains(n))
                    .ok_or_else(|| Failure::Usage("'--registers' takes 4 to 250".into()))?;
            }
            _ => file = Some(arg.clone()),
        }
    }
    let (Some(stage), Some(file)) = (stage, file) else {
        return Err(Failure::Usage("'dump' needs --stage STAGE and a file".into()));
    };
    let text = read(&file)?;
    let source = chunk_source(&text);
    options.chunk_name = [b"@", file.as_bytes()].concat();
    match perilune_compiler::dump(source, &options, &stage) {
        Some(Ok(out)) => {
            print!("{out}");
            Ok(())
        }
        Some(Err(errors)) => {
            let error = Error::Syntax {
                chunk: options.chunk_name,
                errors,
            };
            Err(script_failure(error, source))
        }
        None => Err(Failure::Usage(format!(
            "no stage '{stage}'; the stages are {}",
            perilune_compiler::STAGES.join(", ")
        ))),
    }
}

fn compile(args: &[String]) -> Result<(), Failure> {
    let mut out = None;
    let mut file = None;
    let mut strip = false;
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        match arg.as_str() {
            "-o" => out = rest.next().cloned(),
            "-s" => strip = true,
            _ => file = Some(arg.clone()),
        }
    }
    let (Some(out), Some(file)) = (out, file) else {
        return Err(Failure::Usage("'compile' needs -o OUT and a file".into()));
    };
    let text = read(&file)?;
    let source = chunk_source(&text);
    let name = [b"@", file.as_bytes()].concat();
    let module = Lua::new()
        .compile(source, &name)
        .map_err(|e| script_failure(e, source))?;
    std::fs::write(&out, perilune_bytecode::to_bytes(&module, strip))
        .map_err(|e| Failure::Message(format!("cannot write {out} ({e})")))
}
