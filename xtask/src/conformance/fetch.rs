//! Gets the public test suites, which the source package of lupa carries, through `pip`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::child;

/// Its third-party folders hold the suites of 5.4.8 and 5.5.1.
const PACKAGE: (&str, &str) = ("lupa", "2.8");
const SUITES: [&str; 2] = ["third-party/lua54/testes", "third-party/lua55/testes"];

/// The suites under `target`, downloaded once; an error says what is missing here.
pub fn suites(target: &Path) -> Result<Vec<PathBuf>> {
    let place = target.join("suites");
    let (name, version) = PACKAGE;
    let package = format!("{name}-{version}");
    let folders: Vec<PathBuf> = SUITES.iter().map(|s| place.join(&package).join(s)).collect();
    if folders.iter().all(|f| f.join("all.lua").is_file()) {
        return Ok(folders);
    }
    std::fs::create_dir_all(&place)?;
    let archive = place.join(format!("{package}.tar.gz"));
    if !archive.is_file() {
        download(&place)?;
    }
    let mut command = Command::new("tar");
    command.arg("-xzf").arg(&archive).arg("-C").arg(&place);
    command.args(SUITES.map(|s| format!("{package}/{s}")));
    let outcome = child::run(&mut command, b"", Duration::from_secs(60))?;
    if !outcome.success() {
        bail!("tar cannot unpack {}: {}", archive.display(), outcome.complaint());
    }
    Ok(folders)
}

fn download(place: &Path) -> Result<()> {
    let (name, version) = PACKAGE;
    let mut command = Command::new("python3");
    command
        .args([
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--no-binary",
            name,
            "--dest",
        ])
        .arg(place)
        .arg(format!("{name}=={version}"))
        // pip asks the package for its metadata, and the package would build LuaJIT before it answers.
        .env("LUPA_NO_LUAJIT", "true");
    let outcome = child::run(&mut command, b"", Duration::from_secs(300)).context("python3 with pip is needed")?;
    if !outcome.success() {
        bail!("pip cannot download {name}: {}", outcome.complaint());
    }
    Ok(())
}
