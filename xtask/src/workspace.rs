//! The workspace as cargo and git see it: root, target directory, packages, tracked files.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;

/// The part of `cargo metadata --no-deps` that the doors read.
#[derive(Debug, Deserialize)]
pub struct Workspace {
    #[serde(rename = "workspace_root")]
    pub root: PathBuf,
    #[serde(rename = "target_directory")]
    pub target: PathBuf,
    pub packages: Vec<Package>,
}

#[derive(Debug, Deserialize)]
pub struct Package {
    pub name: String,
    pub version: String,
    pub manifest_path: PathBuf,
    pub dependencies: Vec<Dependency>,
    pub targets: Vec<Target>,
    pub features: std::collections::BTreeMap<String, Vec<String>>,
}

#[derive(Debug, Deserialize)]
pub struct Dependency {
    pub name: String,
    /// `None` for a normal dependency, else `dev` or `build`.
    pub kind: Option<String>,
    /// The folder of a path dependency.
    pub path: Option<PathBuf>,
}

#[derive(Debug, Deserialize)]
pub struct Target {
    pub name: String,
    pub kind: Vec<String>,
}

impl Workspace {
    /// Asks cargo about the workspace that this program was built from.
    pub fn load() -> Result<Self> {
        let output = cargo()
            .args(["metadata", "--format-version=1", "--no-deps", "--manifest-path"])
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"))
            .output()
            .context("cannot run cargo metadata")?;
        if !output.status.success() {
            bail!("cargo metadata failed:\n{}", String::from_utf8_lossy(&output.stderr));
        }
        serde_json::from_slice(&output.stdout).context("cargo metadata printed something unexpected")
    }

    pub fn package(&self, name: &str) -> Option<&Package> {
        self.packages.iter().find(|p| p.name == name)
    }

    /// Whether the `perilune` package has its command yet.
    pub fn has_perilune_binary(&self) -> bool {
        self.package("perilune")
            .is_some_and(|p| p.has_target("bin", "perilune"))
    }

    pub fn programs(&self) -> PathBuf {
        self.root.join("benchmarks/programs")
    }

    /// Files that git tracks or would track, relative to the root, in order.
    pub fn files(&self) -> Result<Vec<PathBuf>> {
        let output = Command::new("git")
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .current_dir(&self.root)
            .output()
            .context("cannot run git")?;
        if !output.status.success() {
            bail!(
                "git ls-files failed: {}",
                String::from_utf8_lossy(&output.stderr).trim()
            );
        }
        let list = String::from_utf8(output.stdout).context("a tracked path is not UTF-8")?;
        let mut files: Vec<PathBuf> = list.split_terminator('\0').map(PathBuf::from).collect();
        // A deleted file stays listed until the deletion is committed.
        files.retain(|f| self.root.join(f).is_file());
        files.sort();
        files.dedup();
        Ok(files)
    }
}

impl Package {
    pub fn has_target(&self, kind: &str, name: &str) -> bool {
        self.targets
            .iter()
            .any(|t| t.name == name && t.kind.iter().any(|k| k == kind))
    }

    pub fn depends_on(&self, name: &str) -> bool {
        self.dependencies.iter().any(|d| d.name == name)
    }
}

/// The cargo that runs us, else the one in the path.
pub fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}
