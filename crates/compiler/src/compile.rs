//! From source text to a module, in one call.

use perilune_bytecode as bytecode;
use perilune_frontend::ast::Chunk;
use perilune_frontend::{SyntaxError, first_error, parse, resolve};

use crate::options::{OptLevel, Options};
use crate::source::Source;
use crate::baseline;

/// Compiles a chunk.
///
/// # Errors
/// Every error of the source text. The first is the one that the reference implementation reports.
///
/// # Panics
/// When [`Options::registers`] is out of its range; and, in debug builds, when a stage makes something
/// that its verifier refuses.
pub fn compile(source: &[u8], options: &Options) -> Result<bytecode::Module, Vec<SyntaxError>> {
    let parsed = parse(source, &perilune_frontend::Options { std: options.std, ..Default::default() });
    let names = resolve(&parsed.chunk);
    if let Some(first) = first_error(&parsed, &names) {
        let mut errors = vec![first.clone()];
        errors.extend(parsed.errors.iter().chain(&names.errors).filter(|&error| error != first).cloned());
        return Err(errors);
    }
    let source = Source { chunk: &parsed.chunk, names: &names };
    let level = if names_debug(&parsed.chunk) { OptLevel::O0 } else { options.opt_level };
    let mut module = bytecode::Module { name: options.chunk_name.clone(), functions: Vec::new() };
    match level {
        _ => {
            let numbers = source.function_numbers();
            for func in source.function_order() {
                let function = baseline::compile_function(source, func, &numbers);
                module.functions.push(function.map_err(|error| vec![error])?);
            }
        }
    }
    Ok(module)
}

/// Whether a chunk names the debug library, so that it must show debuggers what the source says.
pub fn names_debug(chunk: &Chunk) -> bool {
    chunk.names.get(b"debug").is_some()
}
