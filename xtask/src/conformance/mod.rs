//! `cargo xtask conformance`: the public test suites, each file alone in a fresh copy of the folder.
//!
//! The suites stay out of the repository: give a `testes` folder, or run `cargo xtask test`, whose step `conformance`
//! gets those of a package and judges the files by `exceptions.tsv`.

pub mod exceptions;
pub mod fetch;
mod guards;
mod suite;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::child::Input;
use crate::measure;
use crate::workspace::{Workspace, cargo};
pub use guards::Guards;
pub use suite::{Mode, Suite};

#[derive(clap::Args)]
pub struct Options {
    /// The folder with the suite's files
    #[arg(long)]
    suite: PathBuf,
    /// The version of Lua; without it, the one that the suite is for
    #[arg(long, value_parser = ["5.4", "5.5"])]
    std: Option<String>,
    #[arg(long, value_enum, default_value = "user")]
    mode: Mode,
    /// Run each file through string.dump and load, as the suite's all.lua does
    #[arg(long)]
    dump: bool,
    /// Run these files only (`heavy.lua` and `all.lua` run only when named)
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    #[arg(long, value_parser = ["tail", "loop"])]
    dispatch: Option<String>,
    #[arg(long)]
    registers: Option<u8>,
    #[arg(long)]
    gc_stress: bool,
    /// Switch these checks off: classes of guards.tsv, `all`, or a file like it
    #[arg(long, value_name = "FILE|CLASSES")]
    guards: Option<String>,
    /// Seconds that a file may take
    #[arg(long, default_value_t = 600)]
    timeout: u64,
    /// The command to test instead of a release build
    #[arg(long)]
    binary: Option<PathBuf>,
}

/// True if every file passed.
pub fn run(options: &Options) -> Result<bool> {
    let workspace = Workspace::load()?;
    let suite = Suite::open(&options.suite, options.std.as_deref())?;
    let guards = match &options.guards {
        Some(words) => Guards::select(words)?,
        None => Guards::default(),
    };
    let files = suite.files(&options.only)?;
    let binary = match &options.binary {
        Some(path) => std::path::absolute(path)?,
        None => build(&workspace)?,
    };
    let mut flags = Vec::new();
    if let Some(dispatch) = &options.dispatch {
        flags.extend(["--dispatch".to_owned(), dispatch.clone()]);
    }
    if let Some(registers) = options.registers {
        flags.extend(["--registers".to_owned(), registers.to_string()]);
    }
    if options.gc_stress {
        flags.push("--gc-stress".to_owned());
    }
    let job = Job {
        suite: &suite,
        binary: &binary,
        flags: &flags,
        mode: options.mode,
        dump: options.dump,
        limit: Duration::from_secs(options.timeout),
        scratch: &workspace.target.join("conformance"),
    };
    println!("{}", Row::HEAD);
    let (mut passed, mut failed) = (0, 0);
    for file in &files {
        let row = job.run(file, &guards)?;
        println!("{row}");
        if row.passed() {
            passed += 1;
        } else {
            failed += 1;
        }
    }
    println!("\n{passed} passed, {failed} failed");
    Ok(failed == 0)
}

fn build(workspace: &Workspace) -> Result<PathBuf> {
    let status = cargo()
        .args(["build", "--release", "--package", "perilune", "--bin", "perilune"])
        .current_dir(&workspace.root)
        .status()?;
    if !status.success() {
        bail!("perilune does not build");
    }
    Ok(workspace.target.join("release/perilune"))
}

/// One way to run the files of a suite.
pub struct Job<'a> {
    pub suite: &'a Suite,
    pub binary: &'a Path,
    pub flags: &'a [String],
    pub mode: Mode,
    pub dump: bool,
    pub limit: Duration,
    /// Where the copies of the suite are made; two files at once need two names, which their own are.
    pub scratch: &'a Path,
}

impl Job<'_> {
    /// Runs one file in a fresh copy of the suite.
    pub fn run(&self, file: &str, guards: &Guards) -> Result<Row> {
        let place = self.scratch.join(format!("{}-{file}", self.suite.std));
        if place.exists() {
            std::fs::remove_dir_all(&place).with_context(|| format!("cannot clear {}", place.display()))?;
        }
        let folder = place.join("testes");
        self.suite.copy(&folder)?;
        let guarded = guards.apply(&self.suite.std, file, &folder)?;
        // Warnings are on, since the suite's own checks of warnings need them.
        let mut command: Vec<OsString> = vec![self.binary.into(), "--std".into(), (&self.suite.std).into()];
        command.extend(self.flags.iter().map(OsString::from));
        command.push("-W".into());
        command.extend(["-e", suite::prelude(self.mode, file)].map(OsString::from));
        command.extend(["-e", &suite::driver(file, self.dump)].map(OsString::from));
        let start = Instant::now();
        let (outcome, usage) = measure::run_in(
            &command,
            &place.join("usage.json"),
            &folder,
            Input::Pipe(b""),
            self.limit,
        )?;
        let seconds = start.elapsed().as_secs_f64();
        let result = match outcome.status.code() {
            _ if outcome.timed_out => Err("timeout".to_owned()),
            Some(0) => Ok(()),
            Some(code) => Err(format!("exit {code}")),
            None => Err(outcome.status.to_string()),
        };
        let said = last_line(&outcome.stdout, &outcome.stderr, result.is_ok());
        std::fs::remove_dir_all(&place)?;
        Ok(Row {
            file: file.to_owned(),
            result,
            guarded,
            seconds,
            peak_mib: usage.map(|u| u.peak_kib / 1024),
            said,
        })
    }
}

/// What a file said last, or first if it failed and told where.
fn last_line(stdout: &[u8], stderr: &[u8], passed: bool) -> String {
    let (out, err) = (String::from_utf8_lossy(stdout), String::from_utf8_lossy(stderr));
    let blame = err.lines().find(|l| l.contains(".lua:") || l.contains("perilune: "));
    let last = |text: &str| text.lines().rfind(|l| !l.trim().is_empty()).map(str::to_owned);
    let line = match blame {
        Some(line) if !passed => Some(line.to_owned()),
        _ if passed => last(&out).or_else(|| last(&err)),
        _ => last(&err).or_else(|| last(&out)),
    };
    line.unwrap_or_default().trim().to_owned()
}

/// What came of one file.
#[derive(Debug)]
pub struct Row {
    pub file: String,
    /// `Err` says how it ended.
    result: Result<(), String>,
    /// Lines that guards switched off.
    guarded: usize,
    seconds: f64,
    /// Missing when the run did not end by itself.
    peak_mib: Option<i64>,
    said: String,
}

impl Row {
    const HEAD: &str = "\
| file           | result          | seconds | peak MiB | last line\n\
|----------------|-----------------|--------:|---------:|----------";
    /// Characters of the last line that are shown.
    const SAID: usize = 110;

    pub fn passed(&self) -> bool {
        self.result.is_ok()
    }
}

impl std::fmt::Display for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let result = match &self.result {
            Ok(()) if self.guarded > 0 => format!("ok, {} guarded", self.guarded),
            Ok(()) => "ok".to_owned(),
            Err(how) => format!("FAIL: {how}"),
        };
        let peak = self.peak_mib.map_or("?".to_owned(), |m| m.to_string());
        let said: String = self.said.chars().take(Self::SAID).collect();
        let said = said.replace('|', "\\|");
        let (file, seconds) = (&self.file, self.seconds);
        write!(f, "| {file:<14} | {result:<15} | {seconds:>7.2} | {peak:>8} | {said}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_say_what_happened() {
        let mut row = Row {
            file: "pm.lua".to_owned(),
            result: Ok(()),
            guarded: 0,
            seconds: 0.25,
            peak_mib: Some(7),
            said: "OK".to_owned(),
        };
        assert_eq!(
            row.to_string(),
            "| pm.lua         | ok              |    0.25 |        7 | OK"
        );
        row.guarded = 3;
        assert!(row.to_string().contains("ok, 3 guarded"));
        row.result = Err("exit 1".to_owned());
        row.said = "a | b".to_owned();
        row.peak_mib = None;
        assert!(row.to_string().contains("FAIL: exit 1") && row.to_string().ends_with("a \\| b"));
        assert!(!row.passed());
    }

    #[test]
    fn failures_show_the_message_and_successes_the_end() {
        let stderr = b"Lua warning: x\nperilune: pm.lua:3: assertion failed!\nstack traceback:\n";
        assert_eq!(
            last_line(b"testing\n", stderr, false),
            "perilune: pm.lua:3: assertion failed!"
        );
        assert_eq!(last_line(b"testing\nOK\n\n", b"", true), "OK");
        assert_eq!(last_line(b"", b"", false), "");
    }
}
