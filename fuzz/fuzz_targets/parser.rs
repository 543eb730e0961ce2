//! Any bytes: the parser never fails, and what the tree prints parses to the same tree.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| perilune_frontend::fuzzing::check(data));
