//! Drives tests, benchmarks, snapshots and tidiness of the Perilune workspace.
fn main() {}
