//! Runs the snapshot tests and lists the changed snapshots by stage.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::workspace::{Workspace, cargo};

#[derive(clap::Args)]
pub struct Options {
    /// Rewrite the snapshots instead of reporting them
    #[arg(long)]
    accept: bool,
}

/// True if no snapshot differs, or if the changes were accepted.
pub fn run(options: &Options) -> Result<bool> {
    let workspace = Workspace::load()?;
    let mut command = cargo();
    command.args(["test", "--quiet"]).current_dir(&workspace.root);
    let users: Vec<&str> = workspace
        .packages
        .iter()
        .filter(|p| p.depends_on("insta"))
        .map(|p| p.name.as_str())
        .collect();
    if users.is_empty() {
        println!("snap: no crate uses insta");
        return Ok(true);
    }
    for package in users {
        command.args(["--package", package]);
    }
    // Without a forced pass, the first difference of a test would hide the rest of its snapshots.
    command
        .env("INSTA_FORCE_PASS", "1")
        .env("INSTA_UPDATE", if options.accept { "always" } else { "new" });
    let tests_pass = command.status().context("cannot run cargo test")?.success();

    let suffix = if options.accept { ".snap" } else { ".snap.new" };
    let changed = changed_files(&workspace.root, suffix)?;
    let stages = by_stage(&changed);
    for (stage, files) in &stages {
        println!("{stage}: {} changed", files.len());
        for file in files {
            println!("  {file}");
        }
    }
    if stages.is_empty() {
        println!("snap: nothing changed");
    }
    Ok(tests_pass && (options.accept || stages.is_empty()))
}

/// Files ending in `suffix` that git sees as new or changed; pending snapshots are ignored by git, so ask for those too.
fn changed_files(root: &Path, suffix: &str) -> Result<Vec<String>> {
    let output = Command::new("git")
        .args([
            "status",
            "--porcelain",
            "--untracked-files=all",
            "--ignored=matching",
            "-z",
        ])
        .current_dir(root)
        .output()
        .context("cannot run git")?;
    if !output.status.success() {
        bail!("git status failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let mut files: Vec<String> = text
        .split('\0')
        .filter_map(|entry| entry.get(3..))
        .filter(|p| p.ends_with(suffix))
        .map(str::to_owned)
        .collect();
    files.sort();
    Ok(files)
}

fn by_stage(files: &[String]) -> BTreeMap<String, Vec<&str>> {
    let mut stages: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for file in files {
        stages.entry(stage_of(file)).or_default().push(file);
    }
    stages
}

/// `crates/ir/tests/data/opt/x.snap` belongs to `ir/opt`; without a stage folder, the crate is the stage.
fn stage_of(path: &str) -> String {
    let parts: Vec<&str> = path.split('/').collect();
    let owner = match parts.as_slice() {
        ["crates", name, ..] => name,
        [first, ..] => first,
        [] => "",
    };
    let stage = parts
        .iter()
        .position(|p| *p == "data")
        .and_then(|at| parts.get(at + 1..parts.len() - 1)?.first());
    match stage {
        Some(stage) if *stage != "snapshots" => format!("{owner}/{stage}"),
        _ => owner.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_come_from_the_data_folders() {
        assert_eq!(stage_of("crates/ir/tests/data/opt/x.snap"), "ir/opt");
        assert_eq!(stage_of("crates/ir/tests/it/snapshots/x.snap"), "ir");
        assert_eq!(stage_of("crates/ir/tests/data/x.snap"), "ir");
        assert_eq!(stage_of("tests/data/output/x.snap"), "tests/output");
    }

    #[test]
    fn files_are_grouped() {
        let files = ["crates/ir/tests/data/opt/a.snap", "crates/ir/tests/data/opt/b.snap"].map(str::to_owned);
        let stages = by_stage(&files);
        assert_eq!(stages.len(), 1);
        assert_eq!(stages["ir/opt"].len(), 2);
    }
}
