//! Faults at every place: the ignored tests of `crates/perilune/tests/faults.rs`, which take minutes.

use anyhow::Result;

use crate::workspace::{Workspace, cargo};

/// True if every state stayed usable.
pub fn run() -> Result<bool> {
    let workspace = Workspace::load()?;
    // With debug assertions: they say most of a state that is not whole.
    let status = cargo()
        .args(["test", "--package", "perilune", "--test", "faults"])
        .args(["--", "--ignored", "--nocapture", "--test-threads=1"])
        .current_dir(&workspace.root)
        .status()?;
    Ok(status.success())
}
