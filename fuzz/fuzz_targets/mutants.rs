//! Changed module files: what verifies runs, within its fuel, the same in every state.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    perilune_trials::mutants::check(data);
});
