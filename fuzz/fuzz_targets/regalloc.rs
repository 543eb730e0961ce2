//! Random functions: their allocations pass the checker.
#![no_main]

libfuzzer_sys::fuzz_target!(|case: perilune_regalloc::fuzzing::TestCase| perilune_regalloc::fuzzing::check(&case));
