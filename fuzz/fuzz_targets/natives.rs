//! Random calls of the string library: every mode prints the same.
#![no_main]

use perilune_luagen::batch::Item;
use perilune_luagen::{Calls, calls};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((first, rest)) = data.split_first() else { return };
    let of = [Calls::Patterns, Calls::Formats, Calls::Packing][usize::from(first % 3)];
    perilune_trials::check(&Item::run(calls(of, rest)));
});
