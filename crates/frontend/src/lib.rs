#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod ast;
mod dump;
mod error;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod lexer;
mod lines;
mod names;
mod parser;
mod print;
mod resolution;
mod resolver;
mod token;
mod walk;

pub use ast::Chunk;
pub use dump::{dump_ast, dump_resolution, dump_tokens};
pub use error::{ErrorKind, SyntaxError};
pub use resolver::resolve;
pub use walk::{Node, children, walk};

/// The error that the reference implementation would report of a chunk, which stops at the first
/// that it meets while it reads; none if the chunk is right.
pub fn first_error<'e>(parse: &'e Parse, resolution: &'e Resolution) -> Option<&'e SyntaxError> {
    parse
        .errors
        .iter()
        .chain(&resolution.errors)
        .min_by_key(|error| error.order)
}

/// The text after a first line that begins with `#`, which shells read; the line break stays, so
/// that lines keep their numbers. A UTF-8 byte order mark before is skipped as well.
pub fn skip_shebang(source: &[u8]) -> &[u8] {
    let text = source.strip_prefix(b"\xef\xbb\xbf").unwrap_or(source);
    if text.first() != Some(&b'#') {
        return text;
    }
    let end = text.iter().position(|&b| b == b'\n').unwrap_or(text.len());
    &text[end..]
}
pub use lines::{LineIndex, Span, line_col};
pub use names::{NameId, Names};
pub use parser::{Options, Parse, parse};
pub use print::print_source;
pub use resolution::{
    Binding, Constant, EnvBinding, FunctionInfo, Jump, JumpTarget, Label, LabelId, Local, LocalId, LocalKind,
    LocalRange, Resolution, Upvalue, UpvalueId, UpvalueSource,
};
