#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod options;
mod source;
mod pool;

mod baseline;

mod compile;

pub use compile::{compile, names_debug};
pub use options::{OptLevel, Options};
