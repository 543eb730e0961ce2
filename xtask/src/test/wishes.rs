//! The wishlist: scripts that may fail. The run says which of them pass by now, so that they move into the corpus.

use std::path::Path;

use anyhow::Result;

use super::corpus;
use super::modes::{Build, MODES};
use crate::workspace::Workspace;

/// Names the wishes that came true.
pub fn report(workspace: &Workspace, binary: &Path) -> Result<()> {
    let mode = MODES
        .iter()
        .find(|m| m.build == Build::Dev)
        .expect("the corpus runs on a dev build");
    let mut open = 0;
    for wish in corpus::scripts(workspace, "tests/wishlist")? {
        let script = wish.script.display().to_string();
        if corpus::run(binary, mode, &[wish], &workspace.root).is_empty() {
            println!("{script}: passes now; move it to tests/corpus");
        } else {
            open += 1;
        }
    }
    println!("{open} wishes are open");
    Ok(())
}
