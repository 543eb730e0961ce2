#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod date;
pub mod format;
mod library;
pub mod pack;
pub mod pattern;
pub mod random;
pub mod sort;
pub mod utf8;

pub use library::{flush_standard_streams, install, install_safe};
