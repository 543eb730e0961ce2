//! The peers: how each is found or built, and what it can run.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, bail};

use super::machine::line_of;
use super::programs::Program;
use crate::child;
use crate::workspace::{Workspace, cargo};

/// One peer as the table knows it.
#[derive(Debug)]
pub struct Peer {
    pub name: &'static str,
    source: Source,
    /// Runs programs that need 64-bit integers.
    integers: bool,
}

#[derive(Debug)]
enum Source {
    /// A package of `benchmarks/peers`; its version is that of a crate in its lock file.
    Package {
        folder: &'static str,
        args: &'static [&'static str],
        engine: &'static str,
    },
    /// An interpreter of another language, which runs `FOLDER/NAME.EXTENSION` where that exists.
    Language {
        program: &'static str,
        folder: &'static str,
        extension: &'static str,
    },
}

/// The peer that ratios refer to.
pub const REFERENCE: &str = "lua55";

const fn package(
    name: &'static str,
    folder: &'static str,
    args: &'static [&'static str],
    engine: &'static str,
) -> Peer {
    Peer {
        name,
        source: Source::Package { folder, args, engine },
        integers: true,
    }
}

const fn without_integers(peer: Peer) -> Peer {
    Peer {
        integers: false,
        ..peer
    }
}

/// In the order in which they keep their turn when time runs short.
pub const PEERS: &[Peer] = &[
    package("lua55", "lua55", &[], "lua-src"),
    without_integers(package("luajit-joff", "luajit", &["--joff"], "luajit-src")),
    without_integers(package("luajit", "luajit", &[], "luajit-src")),
    package("lua54", "lua54", &[], "lua-src"),
    without_integers(package("luau", "luau", &[], "luau0-src")),
    without_integers(package("luau-native", "luau", &["--native"], "luau0-src")),
    package("luars", "luars", &[], "luars"),
    package("omnilua", "omnilua", &[], "omnilua"),
    Peer {
        name: "python3",
        source: Source::Language {
            program: "python3",
            folder: "python",
            extension: "py",
        },
        integers: true,
    },
    Peer {
        name: "node",
        source: Source::Language {
            program: "node",
            folder: "node",
            extension: "js",
        },
        integers: true,
    },
];

/// Something that runs programs: Perilune in one configuration, or a peer.
#[derive(Debug, Clone)]
pub struct Subject {
    pub name: String,
    pub version: String,
    /// The program and its options, before the script.
    command: Vec<OsString>,
    integers: bool,
    /// Folder and extension of another language's programs.
    language: Option<(&'static str, &'static str)>,
}

impl Subject {
    /// The command line for a program, or `None` if the subject cannot run it.
    pub fn command(&self, program: &Program, folder: &Path, args: &[String]) -> Option<Vec<OsString>> {
        if program.needs_integers() && !self.integers {
            return None;
        }
        let script = match self.language {
            None => folder.join(format!("{}.lua", program.name)),
            Some((sub, extension)) => folder.join(format!("{sub}/{}.{extension}", program.name)),
        };
        script.is_file().then(|| self.script_command(&script, args))
    }

    /// The command line for a Lua script of any kind.
    pub fn script_command(&self, script: &Path, args: &[String]) -> Vec<OsString> {
        let mut command = self.command.clone();
        command.push(script.into());
        command.extend(args.iter().map(OsString::from));
        command
    }

    pub fn is_lua(&self) -> bool {
        self.language.is_none()
    }
}

/// What was asked for but cannot run, with the reason.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Skipped {
    pub name: String,
    pub why: String,
}

/// The rows that `names` selects; without names, all.
pub fn select(names: &[String]) -> Result<Vec<&'static Peer>> {
    for name in names {
        if !PEERS.iter().any(|p| p.name == name) {
            let known: Vec<&str> = PEERS.iter().map(|p| p.name).collect();
            bail!("no peer is named {name}; there are {}", known.join(", "));
        }
    }
    Ok(PEERS
        .iter()
        .filter(|p| names.is_empty() || names.iter().any(|n| n == p.name))
        .collect())
}

/// Finds or builds one peer.
pub fn prepare(workspace: &Workspace, peer: &Peer, limit: Duration) -> Result<Subject> {
    let (command, version, language) = match peer.source {
        Source::Package { folder, args, engine } => {
            let binary = build(workspace, folder, limit)?;
            let mut command = vec![binary.into_os_string()];
            command.extend(args.iter().map(OsString::from));
            let lock = workspace.root.join("benchmarks/peers").join(folder).join("Cargo.lock");
            let lock = std::fs::read_to_string(lock).unwrap_or_default();
            let version = locked_version(&lock, engine).unwrap_or("unknown");
            (command, format!("{engine} {version}"), None)
        }
        Source::Language {
            program,
            folder,
            extension,
        } => {
            // A shim in the path would add its own start to every run.
            let found = match program {
                "python3" => line_of(Command::new(program).args(["-c", "import sys; print(sys.executable)"])),
                "node" => line_of(Command::new(program).args(["-p", "process.execPath"])),
                other => other.to_owned(),
            };
            if found.is_empty() {
                bail!("not installed");
            }
            let version = line_of(Command::new(&found).arg("--version"));
            (vec![found.into()], version, Some((folder, extension)))
        }
    };
    Ok(Subject {
        name: peer.name.to_owned(),
        version,
        command,
        integers: peer.integers,
        language,
    })
}

/// Builds a package of `benchmarks/peers`; the path of its program.
pub fn build(workspace: &Workspace, folder: &str, limit: Duration) -> Result<PathBuf> {
    let target = workspace.target.join("peers");
    let mut command = cargo();
    command
        .args(["build", "--release", "--locked", "--manifest-path"])
        .arg(workspace.root.join("benchmarks/peers").join(folder).join("Cargo.toml"))
        .arg("--target-dir")
        .arg(&target);
    let outcome = child::run(&mut command, b"", limit)?;
    if outcome.timed_out {
        bail!("did not build within {} s", limit.as_secs());
    }
    if !outcome.status.success() {
        let log = String::from_utf8_lossy(&outcome.stderr);
        bail!("does not build: {}", build_error(&log));
    }
    Ok(target.join("release").join(format!("peer-{folder}")))
}

/// The line of a build log that says most.
fn build_error(log: &str) -> &str {
    log.lines()
        .map(str::trim)
        .find(|l| l.starts_with("error"))
        .unwrap_or("cargo build failed")
}

/// The version of `package` in a lock file.
fn locked_version<'a>(lock: &'a str, package: &str) -> Option<&'a str> {
    let name = format!("name = \"{package}\"");
    let mut lines = lock.lines().skip_while(|l| *l != name);
    lines.next()?;
    Some(lines.next()?.strip_prefix("version = \"")?.trim_end_matches('"'))
}

/// Builds Perilune and gives one subject for each optimization level asked for, or one with its defaults.
pub fn perilune(workspace: &Workspace, levels: &[u8], dispatch: Option<&str>, limit: Duration) -> Result<Vec<Subject>> {
    if !workspace.has_perilune_binary() {
        bail!("the perilune package has no perilune command yet");
    }
    let mut command = cargo();
    command
        .args(["build", "--release", "--package", "perilune", "--bin", "perilune"])
        .current_dir(&workspace.root);
    let outcome = child::run(&mut command, b"", limit)?;
    if !outcome.success() {
        bail!(
            "does not build: {}",
            build_error(&String::from_utf8_lossy(&outcome.stderr))
        );
    }
    let binary = workspace.target.join("release/perilune");
    let version = workspace.package("perilune").map_or("unknown", |p| p.version.as_str());
    let flag_sets: Vec<Vec<String>> = match levels {
        [] => vec![Vec::new()],
        levels => levels.iter().map(|level| vec![format!("-O{level}")]).collect(),
    };
    let subject = |mut flags: Vec<String>| {
        if let Some(dispatch) = dispatch {
            flags.extend(["--dispatch".to_owned(), dispatch.to_owned()]);
        }
        let name = std::iter::once("perilune")
            .chain(flags.iter().map(String::as_str))
            .collect::<Vec<_>>()
            .join(" ");
        let command = std::iter::once(binary.clone().into())
            .chain(flags.iter().map(OsString::from))
            .collect();
        Subject {
            name,
            version: version.to_owned(),
            command,
            integers: true,
            language: None,
        }
    };
    Ok(flag_sets.into_iter().map(subject).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_package_has_its_folder_and_engine() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../benchmarks/peers");
        for peer in PEERS {
            if let Source::Package {
                folder: name, engine, ..
            } = peer.source
            {
                let lock = std::fs::read_to_string(folder.join(name).join("Cargo.lock")).unwrap();
                assert!(locked_version(&lock, engine).is_some(), "{name} locks {engine}");
                let manifest = std::fs::read_to_string(folder.join(name).join("Cargo.toml")).unwrap();
                assert!(manifest.contains(&format!("name = \"peer-{name}\"")));
                assert!(manifest.contains("[workspace]"), "{name} stands outside the workspace");
            }
        }
    }

    #[test]
    fn names_select() {
        assert_eq!(select(&[]).unwrap().len(), PEERS.len());
        let two = select(&["luau".to_owned(), "lua55".to_owned()]).unwrap();
        assert_eq!(two.iter().map(|p| p.name).collect::<Vec<_>>(), ["lua55", "luau"]);
        assert!(select(&["lua56".to_owned()]).is_err());
    }

    #[test]
    fn versions_come_from_the_lock_file() {
        let lock = "[[package]]\nname = \"a-src\"\nversion = \"1.2.3+x\"\n";
        assert_eq!(locked_version(lock, "a-src"), Some("1.2.3+x"));
        assert_eq!(locked_version(lock, "b"), None);
    }

    #[test]
    fn the_first_error_of_a_build_is_shown() {
        assert_eq!(
            build_error("   Compiling x\nerror: linker `cc` not found\nmore"),
            "error: linker `cc` not found"
        );
        assert_eq!(build_error(""), "cargo build failed");
    }

    #[test]
    fn what_a_subject_cannot_run_is_left_out() {
        let subject = Subject {
            name: "x".to_owned(),
            version: String::new(),
            command: vec!["x".into(), "--joff".into()],
            integers: false,
            language: None,
        };
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../benchmarks/programs");
        let program = |name| {
            super::super::programs::PROGRAMS
                .iter()
                .find(|p| p.name == name)
                .unwrap()
        };
        assert!(subject.command(program("b5_bits"), &folder, &[]).is_none());
        let command = subject.command(program("a1_fib"), &folder, &["7".to_owned()]).unwrap();
        assert_eq!(command[..2], ["x", "--joff"]);
        assert_eq!(command[3], "7");
        let python = Subject {
            language: Some(("python", "py")),
            ..subject
        };
        assert!(python.command(program("d3_lexer"), &folder, &[]).is_none());
    }
}
