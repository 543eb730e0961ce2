#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod options;
mod source;
mod pool;

mod baseline;

mod lower;

mod layout;
mod select;
mod template;
mod vcode;

mod emit;

mod compile;
mod dump;

pub use compile::{allocate, compile, names_debug};
pub use dump::{STAGES, Stage, dump, dump_stage};
pub use lower::lower;
pub use select::select;
pub use vcode::{Literal, VCode};
pub use emit::emit;
pub use options::{OptLevel, Options};
pub use source::Source;
