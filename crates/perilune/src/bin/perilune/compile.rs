//! `perilune compile`: a source file to a binary chunk.

use crate::options::{Fault, Program, registers, std_version};
use crate::{hint, report, source};
use perilune::{CompileOptions, OptLevel, Std};

struct Request {
    options: CompileOptions,
    strip: bool,
    out: Vec<u8>,
    file: Vec<u8>,
}

pub fn run(program: &Program, args: &[Vec<u8>]) -> bool {
    match parse(program, args) {
        Ok(request) => compile(program, &request),
        Err(fault) => {
            report::usage(program, &fault);
            false
        }
    }
}

fn parse(program: &Program, args: &[Vec<u8>]) -> Result<Request, Fault> {
    let mut options = CompileOptions {
        std: program.std(),
        // A file has no source text, from which functions could be compiled again.
        patience: 0,
        ..CompileOptions::default()
    };
    let (mut strip, mut out, mut file) = (false, None, None);
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        let mut value = || rest.next().ok_or_else(|| Fault::NeedsArgument(arg.clone()));
        match arg.as_slice() {
            b"-o" => out = Some(value()?.clone()),
            b"-s" => strip = true,
            b"--std" => options.std = std_version(&String::from_utf8_lossy(value()?))?,
            b"--registers" => options.registers = registers(&String::from_utf8_lossy(value()?))?,
            b"-O0" => options.opt_level = OptLevel::O0,
            b"-O1" => options.opt_level = OptLevel::O1,
            [b'-', _, ..] => return Err(Fault::Unknown(arg.clone())),
            _ if file.is_none() => file = Some(arg.clone()),
            _ => return Err(Fault::Value("'compile' takes one file".into())),
        }
    }
    match (out, file) {
        (Some(out), Some(file)) => Ok(Request {
            options,
            strip,
            out,
            file,
        }),
        _ => Err(Fault::Value("'compile' needs -o OUT and a file".into())),
    }
}

fn compile(program: &Program, request: &Request) -> bool {
    let fail = |message: &[u8]| {
        report::message(Some(&program.name), message);
        false
    };
    let input = match source::read(&request.file) {
        Ok(input) => input,
        Err(message) => return fail(&message),
    };
    let module = match request.options.compile(&input.text, &input.name) {
        Ok(module) => module,
        Err(errors) => {
            report::syntax_errors(Some(&program.name), &input.text, &input.name, &errors, None);
            if request.options.std == Std::V5_5 && hint::is_5_4(&request.options, &input.text, &input.name) {
                report::error_text(&hint::note(&program.name));
            }
            return false;
        }
    };
    let path = perilune_stdlib::os_path(&request.out);
    match std::fs::write(path, perilune_bytecode::to_bytes(&module, request.strip)) {
        Ok(()) => true,
        Err(e) => {
            let reason = perilune_stdlib::error_text(&e);
            fail(&[b"cannot write ", &request.out[..], b": ", reason.as_bytes()].concat())
        }
    }
}
