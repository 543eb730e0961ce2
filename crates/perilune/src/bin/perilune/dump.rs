//! `perilune dump`: what a stage of the compiler makes of a file.

use crate::options::{Fault, Program, registers, std_version};
use crate::{report, source};
use perilune::OptLevel;

pub fn run(program: &Program, args: &[Vec<u8>]) -> bool {
    match parse(program, args) {
        Ok((options, stage, file)) => dump(program, options, &stage, &file),
        Err(fault) => {
            report::usage(program, &fault);
            false
        }
    }
}

type Request = (perilune_compiler::Options, String, Vec<u8>);

fn parse(program: &Program, args: &[Vec<u8>]) -> Result<Request, Fault> {
    let mut options = perilune_compiler::Options {
        std: program.std(),
        ..Default::default()
    };
    let (mut stage, mut file) = (None, None);
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        let mut value = || {
            rest.next()
                .map(|v| String::from_utf8_lossy(v))
                .ok_or_else(|| Fault::NeedsArgument(arg.clone()))
        };
        match arg.as_slice() {
            b"--stage" => stage = Some(value()?.into_owned()),
            b"--std" => options.std = std_version(&value()?)?,
            b"--registers" => options.registers = registers(&value()?)?,
            b"-O0" => options.opt_level = OptLevel::O0,
            b"-O1" => options.opt_level = OptLevel::O1,
            [b'-', _, ..] => return Err(Fault::Unknown(arg.clone())),
            _ if file.is_none() => file = Some(arg.clone()),
            _ => return Err(Fault::Value("'dump' takes one file".into())),
        }
    }
    let (Some(stage), Some(file)) = (stage, file) else {
        return Err(Fault::Value("'dump' needs --stage STAGE and a file".into()));
    };
    if !perilune_compiler::STAGES.contains(&stage.as_str()) {
        let known = perilune_compiler::STAGES.join(", ");
        return Err(Fault::Value(format!("no stage '{stage}'; the stages are {known}")));
    }
    Ok((options, stage, file))
}

fn dump(program: &Program, mut options: perilune_compiler::Options, stage: &str, file: &[u8]) -> bool {
    let input = match source::read(file) {
        Ok(input) => input,
        Err(message) => {
            report::message(Some(&program.name), &message);
            return false;
        }
    };
    options.chunk_name.clone_from(&input.name);
    match perilune_compiler::dump(&input.text, &options, stage) {
        Some(Ok(out)) => report::text(out.as_bytes()),
        Some(Err(errors)) => {
            report::syntax_errors(Some(&program.name), &input.text, &input.name, &errors, None);
            false
        }
        // The stages were checked.
        None => false,
    }
}
