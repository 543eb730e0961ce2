//! Random code: what verifies never reads a slot that has not been written.
#![no_main]

libfuzzer_sys::fuzz_target!(|case: perilune_bytecode::fuzzing::TestCase| {
    perilune_bytecode::fuzzing::check(case);
});
