#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod date;
pub mod format;
pub mod pack;
pub mod pattern;
pub mod random;
pub mod sort;
pub mod utf8;
