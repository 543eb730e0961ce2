#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod ast;
mod error;
mod lines;
mod names;
mod resolution;

pub use ast::Chunk;
pub use error::{ErrorKind, SyntaxError};
pub use lines::{LineIndex, Span, line_col};
pub use names::{NameId, Names};
pub use resolution::{
    Binding, Constant, EnvBinding, FunctionInfo, Jump, JumpTarget, Label, LabelId, Local, LocalId,
    LocalKind, LocalRange, Resolution, Upvalue, UpvalueId, UpvalueSource,
};
