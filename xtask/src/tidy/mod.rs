//! Rules of the source tree, checked over the files that git tracks.

mod arrows;
mod links;
mod manifests;
pub mod safety;
mod snapshots;
mod sources;

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::workspace::Workspace;

/// One broken rule. Line 0 stands for the whole file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    pub path: PathBuf,
    pub line: usize,
    pub message: String,
}

impl Finding {
    fn new(path: &Path, line: usize, message: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            line,
            message: message.into(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        write!(f, ": {}", self.message)
    }
}

/// A tracked text file, its path relative to the root.
#[derive(Debug)]
struct File {
    path: PathBuf,
    text: String,
}

impl File {
    fn is(&self, extension: &str) -> bool {
        self.path.extension().is_some_and(|e| e == extension)
    }

    /// The folder under `crates/`, for a file of a crate.
    fn crate_name(&self) -> Option<&str> {
        let mut parts = self.path.iter();
        (parts.next()? == "crates").then(|| parts.next()?.to_str())?
    }

    fn is_named(&self, name: &str) -> bool {
        self.path.file_name().is_some_and(|n| n == name)
    }
}

/// Prints what is broken; true if nothing is.
pub fn run() -> Result<bool> {
    let findings = check(&Workspace::load()?)?;
    for finding in &findings {
        println!("{finding}");
    }
    match findings.len() {
        0 => println!("tidy: clean"),
        n => println!("tidy: {n} findings"),
    }
    Ok(findings.is_empty())
}

/// All findings, in order of files.
pub fn check(workspace: &Workspace) -> Result<Vec<Finding>> {
    let paths = workspace.files()?;
    let mut files = Vec::new();
    for path in &paths {
        let bytes =
            std::fs::read(workspace.root.join(path)).with_context(|| format!("cannot read {}", path.display()))?;
        // What is not UTF-8 is data: no rule reads it.
        if let Ok(text) = String::from_utf8(bytes) {
            files.push(File {
                path: path.clone(),
                text,
            });
        }
    }
    let mut findings = arrows::check(workspace);
    for file in &files {
        findings.extend(sources::check(file));
        findings.extend(manifests::check(file));
        findings.extend(links::check(file, &|target| workspace.root.join(target).exists()));
        findings.extend(snapshots::check(file, &|target| workspace.root.join(target).exists()));
    }
    findings.extend(manifests::readmes(&paths));
    findings.extend(safety::check(&files));
    findings.sort();
    Ok(findings)
}
