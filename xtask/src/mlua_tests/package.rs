//! The package that mlua's tests are built in, under the target directory.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use super::Fate;
use crate::child;
use crate::workspace::{Workspace, cargo};

/// The features of mlua that its tests ask about, but for versions of Lua.
pub const FEATURES: [&str; 7] = [
    "async",
    "send",
    "error-send",
    "serde",
    "macros",
    "anyhow",
    "userdata-wrappers",
];

/// What mlua's tests depend on.
const DEPENDENCIES: &str = "\
anyhow = \"1\"
bstr = \"1\"
futures-util = \"0.3\"
maplit = \"1\"
parking_lot = \"0.12\"
serde = { version = \"1\", features = [\"derive\"] }
serde-value = \"0.7\"
serde_json = { version = \"1\", features = [\"arbitrary_precision\"] }
static_assertions = \"1\"
tempfile = \"3\"
tokio = { version = \"1\", features = [\"full\"] }
trybuild = \"1\"
";

/// How long cargo may take.
const BUILD: Duration = Duration::from_secs(1800);

pub struct Package {
    folder: PathBuf,
    pub features: Vec<String>,
}

/// What came of building one file.
pub struct Build {
    pub binary: Option<PathBuf>,
    pub errors: Vec<CompileError>,
}

/// An error of the compiler.
pub struct CompileError {
    pub message: String,
    pub rendered: String,
    /// Where in the file it has to do with.
    pub lines: Vec<usize>,
}

impl Package {
    /// Makes the folder anew, but for what cargo built there.
    pub fn make(workspace: &Workspace, suite: &Path, features: &[String]) -> Result<Self> {
        let folder = workspace.target.join("mlua-tests");
        for part in ["tests", "src"] {
            let part = folder.join(part);
            if part.exists() {
                std::fs::remove_dir_all(&part)?;
            }
            std::fs::create_dir_all(&part)?;
        }
        std::fs::write(folder.join("src/lib.rs"), "//! Nothing: the tests are all there is.\n")?;
        let perilune = workspace.package("perilune").context("no package perilune")?;
        let path = perilune.manifest_path.parent().unwrap_or(Path::new("."));
        let mut manifest = String::from(
            "[package]\nname = \"mlua-tests\"\nversion = \"0.0.0\"\nedition = \"2024\"\npublish = false\n\n[workspace]\n\n[features]\n",
        );
        for feature in features {
            let there = perilune.features.contains_key(feature);
            let enables = if there {
                format!("\"mlua/{feature}\"")
            } else {
                String::new()
            };
            writeln!(manifest, "{feature} = [{enables}]")?;
        }
        write!(
            manifest,
            "\n[dependencies]\nmlua = {{ package = \"perilune\", path = {path:?} }}\n\n[dev-dependencies]\n{DEPENDENCIES}"
        )?;
        // As this workspace's own: the VM's handlers are jumps only when they are optimized.
        manifest.push_str("\n[profile.dev]\nopt-level = 1\ndebug = \"line-tables-only\"\n");
        std::fs::write(folder.join("Cargo.toml"), manifest)?;
        let lock = folder.join("Cargo.lock");
        if !lock.exists() {
            std::fs::copy(workspace.root.join("Cargo.lock"), &lock)?;
        }
        let compile = suite.join("tests/compile");
        if compile.is_dir() {
            let to = folder.join("tests/compile");
            std::fs::create_dir_all(&to)?;
            for entry in std::fs::read_dir(&compile)? {
                let entry = entry?;
                std::fs::copy(entry.path(), to.join(entry.file_name()))?;
            }
        }
        Ok(Self {
            folder,
            features: features.to_vec(),
        })
    }

    /// Puts a test file in its place.
    pub fn write(&self, file: &str, text: &str) -> Result<()> {
        std::fs::write(self.folder.join(format!("tests/{file}.rs")), text)?;
        Ok(())
    }

    /// Builds one file.
    pub fn build(&self, file: &str) -> Result<Build> {
        let mut command = cargo();
        command
            .args([
                "test",
                "--no-run",
                "--message-format=json",
                "--test",
                file,
                "--features",
            ])
            .arg(self.features.join(","))
            .arg("--target-dir")
            .arg(self.folder.join("target"))
            .current_dir(&self.folder);
        let outcome = child::run(&mut command, b"", BUILD)?;
        let mut build = Build {
            binary: None,
            errors: Vec::new(),
        };
        let here = format!("tests/{file}.rs");
        for line in outcome.stdout.split(|b| *b == b'\n') {
            let Ok(said) = serde_json::from_slice::<serde_json::Value>(line) else {
                continue;
            };
            let target = &said["target"]["name"];
            match said["reason"].as_str() {
                Some("compiler-artifact") if target == file => {
                    build.binary = said["executable"].as_str().map(PathBuf::from);
                }
                Some("compiler-message") if said["message"]["level"] == "error" => {
                    let message = &said["message"];
                    if target != file {
                        bail!(
                            "{}",
                            message["rendered"].as_str().unwrap_or("a dependency does not build")
                        );
                    }
                    let mut lines = Vec::new();
                    for span in message["spans"].as_array().into_iter().flatten() {
                        if span["is_primary"] == true {
                            places(span, &here, &mut lines);
                        }
                    }
                    let text = message["message"].as_str().unwrap_or_default();
                    if text.starts_with("aborting due to") {
                        continue;
                    }
                    build.errors.push(CompileError {
                        message: text.to_owned(),
                        rendered: message["rendered"].as_str().unwrap_or_default().to_owned(),
                        lines,
                    });
                }
                _ => {}
            }
        }
        if build.binary.is_none() && build.errors.is_empty() {
            bail!("cargo failed:\n{}", String::from_utf8_lossy(&outcome.stderr));
        }
        Ok(build)
    }

    /// Runs a built file, or one of its tests; what was printed about each.
    pub fn run(
        &self,
        binary: &Path,
        only: Option<&str>,
        limit: Duration,
        verbose: bool,
    ) -> Result<BTreeMap<String, Fate>> {
        let mut command = Command::new(binary);
        command.current_dir(&self.folder);
        // The harness's manifest directory is the package's, as cargo would say.
        command.env("CARGO_MANIFEST_DIR", &self.folder);
        command.env("CARGO", cargo().get_program());
        if let Some(name) = only {
            command.args(["--exact", name]);
        }
        let outcome = child::run(&mut command, b"", limit)?;
        if verbose && !outcome.success() {
            eprintln!("{}", String::from_utf8_lossy(&outcome.stdout));
            eprintln!("{}", String::from_utf8_lossy(&outcome.stderr));
        }
        Ok(outcomes(&String::from_utf8_lossy(&outcome.stdout)))
    }
}

/// The lines of a file that a span is about, or the expansions it stands in.
fn places(span: &serde_json::Value, file: &str, lines: &mut Vec<usize>) {
    if span["file_name"].as_str().is_some_and(|f| f.ends_with(file)) {
        lines.extend(span["line_start"].as_u64().map(|l| l as usize));
    }
    if span["expansion"].is_object() {
        places(&span["expansion"]["span"], file, lines);
    }
}

/// What the standard test runner says of each test.
fn outcomes(stdout: &str) -> BTreeMap<String, Fate> {
    let mut fates = BTreeMap::new();
    for line in stdout.lines() {
        let Some(rest) = line.strip_prefix("test ") else {
            continue;
        };
        let Some((name, outcome)) = rest.rsplit_once(" ... ") else {
            continue;
        };
        let name = name.split(" - ").next().unwrap_or(name);
        let fate = match outcome {
            "ok" => Fate::Passed,
            "ignored" => Fate::Ignored,
            "FAILED" => Fate::Failed,
            _ => continue,
        };
        fates.insert(name.to_owned(), fate);
    }
    fates
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_are_read() {
        let said =
            "running 3 tests\ntest a ... ok\ntest m::b - should panic ... FAILED\ntest c ... ignored\ntest d ... ";
        let fates = outcomes(said);
        assert_eq!(fates["a"], Fate::Passed);
        assert_eq!(fates["m::b"], Fate::Failed);
        assert_eq!(fates["c"], Fate::Ignored);
        assert_eq!(fates.len(), 3);
    }

    #[test]
    fn lines_are_those_of_the_expansion_in_the_file() {
        let span = serde_json::json!({
            "file_name": "lib/macros.rs", "line_start": 9, "is_primary": true,
            "expansion": {"span": {"file_name": "tests/a.rs", "line_start": 4}},
        });
        let mut lines = Vec::new();
        places(&span, "tests/a.rs", &mut lines);
        assert_eq!(lines, [4]);
    }
}
