//! PUC Lua must print what the corpus expects: `cargo xtask oracle --check` and the step `oracle`.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use super::{Count, corpus, modes};
use crate::bench::peers;
use crate::workspace::Workspace;

/// The peers by the version of Lua that they are.
const PEERS: [(&str, &str); 2] = [("5.5", "lua55"), ("5.4", "lua54")];

/// Time for a peer to build, which is mostly the download.
const BUILD: Duration = Duration::from_secs(600);

/// PUC Lua 5.5, or why there is none.
pub fn oracle(workspace: &Workspace) -> Result<PathBuf, String> {
    peers::build(workspace, "lua55", BUILD).map_err(|err| format!("lua55: {err:#}"))
}

/// Runs every script of the corpus on its PUC Lua; `Err` is a reason to skip that.
pub fn check(workspace: &Workspace) -> Result<Result<Count, String>> {
    if !Command::new("cc")
        .arg("--version")
        .output()
        .is_ok_and(|o| o.status.success())
    {
        return Ok(Err("no C compiler".to_owned()));
    }
    let mut count = Count::default();
    for (std, peer) in PEERS {
        let mut cases = corpus::cases(workspace)?;
        cases.retain(|c| c.std() == std);
        if cases.is_empty() {
            continue;
        }
        let binary = match peers::build(workspace, peer, BUILD) {
            Ok(binary) => binary,
            Err(err) => return Ok(Err(format!("{peer}: {err:#}"))),
        };
        let complaints = corpus::run(&binary, &modes::REFERENCE, &cases, &workspace.root);
        for complaint in &complaints {
            print!("{complaint}");
        }
        count.add(Count {
            passed: cases.len() - complaints.len(),
            failed: complaints.len(),
        });
    }
    Ok(Ok(count))
}
