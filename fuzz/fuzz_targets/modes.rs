//! Random programs: every mode prints the same.
#![no_main]

use perilune_luagen::batch::Item;
use perilune_luagen::{damaged, program};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let source = match data.last() {
        Some(9) => Item::compile(damaged(data)),
        _ => Item::run(program(data)),
    };
    perilune_trials::check(&source);
});
