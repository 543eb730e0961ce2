//! Any bytes as code and as a module file.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| perilune_bytecode::fuzzing::check_bytes(data));
