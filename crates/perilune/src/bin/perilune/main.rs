//! The `perilune` command: `lua` as a drop-in, with options of its own and three subcommands.
//!
//! `perilune dump ...`, `perilune compile ...` and `perilune gc-trace ...` are subcommands if that word is the first argument; a
//! script of that name runs as `perilune ./dump` or `perilune -- dump`. Under a name that begins with `lua` there are none.
#![forbid(unsafe_code)]

mod call;
mod compile;
mod dump;
#[cfg(feature = "line-editing")]
mod editor;
mod hint;
mod interrupt;
mod options;
mod repl;
mod report;
mod run;
mod source;

use interrupt::Interrupts;
use options::{Parsed, Program};
use std::process::ExitCode;

fn main() -> ExitCode {
    let interrupts = Interrupts::new();
    let ending = EndWatch(interrupts.clone());
    // Scripts nest no Rust frames, but the parser and natives that call back do: give them room. This thread waits for
    // signals meanwhile.
    let run = std::thread::Builder::new().stack_size(64 << 20).spawn(move || {
        let code = real_main(&ending.0);
        // Without a way back through the other thread.
        std::process::exit(i32::from(code))
    });
    match run {
        Ok(running) => {
            interrupts.watch();
            // It ends the process itself, unless it panics.
            let _: Result<(), _> = running.join();
            ExitCode::from(134)
        }
        Err(e) => {
            eprintln!("perilune: cannot start: {e}");
            ExitCode::FAILURE
        }
    }
}

/// Ends the watch for signals, be it by a panic.
struct EndWatch(Interrupts);

impl Drop for EndWatch {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// Runs the command line; the exit code.
fn real_main(interrupts: &Interrupts) -> u8 {
    let args: Vec<Vec<u8>> = std::env::args_os().map(|a| a.as_encoded_bytes().to_vec()).collect();
    let program = Program::new(args.first());
    match args.get(1).map(Vec::as_slice) {
        Some(b"dump") if program.has_subcommands() => u8::from(!dump::run(&program, &args[2..])),
        // The words after it are a command line of their own.
        Some(b"gc-trace") if program.has_subcommands() => {
            let timeline = [b"--gc-trace".to_vec(), b"gc-trace.svg".to_vec()];
            let args: Vec<Vec<u8>> = args[..1].iter().chain(&timeline).chain(&args[2..]).cloned().collect();
            execute(&program, &args, interrupts)
        }
        Some(b"compile") if program.has_subcommands() => u8::from(!compile::run(&program, &args[2..])),
        _ => execute(&program, &args, interrupts),
    }
}

/// Does what a command line without a subcommand says.
fn execute(program: &Program, args: &[Vec<u8>], interrupts: &Interrupts) -> u8 {
    match options::parse(program, args) {
        Parsed::Run(invocation) => run::run(program, args, &invocation, interrupts),
        Parsed::Help => u8::from(!report::text(options::help().as_bytes())),
        Parsed::Wrong(fault) => {
            report::usage(program, &fault);
            1
        }
    }
}
