#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod options;
mod pool;
mod source;
mod span_map;

mod baseline;

mod lower;

mod layout;
mod select;
mod template;
mod vcode;

mod emit;

mod compile;
mod dump;
mod tiers;

pub use compile::{allocate, compile, compile_watching, names_debug, watches_frames};
pub use dump::{STAGES, Stage, dump, dump_stage};
pub use emit::emit;
pub use lower::lower;
pub use options::{OptLevel, Options};
pub use select::select;
pub use source::Source;
pub use tiers::{DEFAULT_PATIENCE, Tiered, compile_tiered};
pub use vcode::{Literal, VCode};
