//! Random functions in SSA: passes keep what they do.
#![no_main]

libfuzzer_sys::fuzz_target!(|case: perilune_ir::fuzzing::TestCase| perilune_ir::fuzzing::check(case));
