//! What goes to the standard streams beside the output of scripts.

use crate::options::{Fault, Program, usage as usage_text};
use perilune_frontend::SyntaxError;
use std::io::{IsTerminal, Write};

/// Writes a message to standard error, with the command's name in front if there is one.
pub fn message(program: Option<&[u8]>, text: &[u8]) {
    let mut line = Vec::new();
    if let Some(name) = program {
        line.extend_from_slice(name);
        line.extend_from_slice(b": ");
    }
    line.extend_from_slice(text);
    line.push(b'\n');
    error_text(&line);
}

/// Writes to standard error.
pub fn error_text(bytes: &[u8]) {
    // Nothing can be done about a standard error that cannot be written.
    let _ = std::io::stderr().lock().write_all(bytes);
}

/// A wrong command line: what is wrong, and how it is used.
pub fn usage(program: &Program, fault: &Fault) {
    let text = match fault {
        Fault::Unknown(option) => [b"unrecognized option '", &option[..], b"'"].concat(),
        Fault::NeedsArgument(option) => [b"'", &option[..], b"' needs argument"].concat(),
        Fault::Value(text) => text.clone().into_bytes(),
    };
    message(Some(&program.name), &text);
    error_text(&usage_text(program));
    error_text(b"(--help shows the options that 'lua' does not have)\n");
}

/// Writes to standard output; false if that fails.
pub fn text(bytes: &[u8]) -> bool {
    let mut out = std::io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Ok(()) => true,
        Err(e) => {
            message(Some(b"perilune"), &output_failure(&e));
            false
        }
    }
}

/// Standard output cannot be written.
pub fn output_failure(error: &std::io::Error) -> Vec<u8> {
    format!("cannot write to stdout: {}", perilune_stdlib::error_text(error)).into_bytes()
}

/// Syntax errors: the first as Lua words it, or, if `excerpts` or a terminal asks for it, all with their places.
pub fn syntax_errors(
    program: Option<&[u8]>,
    source: &[u8],
    chunk_name: &[u8],
    errors: &[SyntaxError],
    excerpts: Option<bool>,
) {
    if excerpts_wanted(excerpts) {
        let color = std::io::stderr().is_terminal();
        error_text(perilune::render(source, chunk_name, errors, color).as_bytes());
    } else if let Some(first) = errors.first() {
        message(program, &first.message(chunk_name));
    }
}

/// Whether syntax errors come with excerpts of the source.
pub fn excerpts_wanted(asked: Option<bool>) -> bool {
    asked.unwrap_or_else(|| std::io::stderr().is_terminal())
}
