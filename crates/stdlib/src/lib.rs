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

pub use library::{
    Library, NO_ENVIRONMENT, error_text, flush_standard_streams, install, install_basic, install_library, install_safe,
    install_sandbox, is_output_in_line, os_path, read_source, read_standard_line, read_standard_source,
    skip_first_line, write_standard_output,
};
