//! CPU time and peak memory of one child.
//!
//! The kernel reports both for all children together, so each measured command runs under a fresh copy of this program
//! (`cargo xtask measure`) whose only child it is. That also keeps the floor of the peak low: a child's peak begins with
//! the memory of the process that spawned it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::{Context as _, Result};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;
use serde::{Deserialize, Serialize};

use crate::child::{self, Input, Outcome};

#[derive(clap::Args)]
pub struct Options {
    /// File that receives the figures
    #[arg(long)]
    report: PathBuf,
    /// The command and its arguments
    #[arg(last = true, required = true)]
    command: Vec<OsString>,
}

/// What a finished child used.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    /// User and system time of the child and all that it waited for, in seconds.
    pub cpu_seconds: f64,
    pub peak_kib: i64,
}

/// Runs `command` under a measuring parent. `None` stands for a run that did not end by itself.
pub fn run(command: &[OsString], report: &Path, limit: Duration) -> Result<(Outcome, Option<Usage>)> {
    run_in(command, report, Path::new("."), Input::Null, limit)
}

/// The same in a folder and with an input.
pub fn run_in(
    command: &[OsString],
    report: &Path,
    folder: &Path,
    input: Input<'_>,
    limit: Duration,
) -> Result<(Outcome, Option<Usage>)> {
    let this = std::env::current_exe().context("cannot find this program")?;
    let mut parent = Command::new(this);
    parent.args(["measure", "--report"]).arg(report).arg("--").args(command);
    parent.current_dir(folder);
    if report.exists() {
        std::fs::remove_file(report)?;
    }
    let outcome = child::run_with(&mut parent, input, limit)?;
    let usage = match std::fs::read(report) {
        Ok(text) if !outcome.timed_out => Some(serde_json::from_slice(&text)?),
        _ => None,
    };
    Ok((outcome, usage))
}

/// The measuring parent: passes on the child's exit code and writes its figures.
pub fn child(options: &Options) -> ExitCode {
    let (program, args) = options.command.split_first().expect("clap requires a command");
    let status = match Command::new(program).args(args).status() {
        Ok(status) => status,
        Err(err) => {
            eprintln!("cannot run {}: {err}", program.display());
            return ExitCode::from(127);
        }
    };
    if let Err(err) = write_report(&options.report) {
        eprintln!("cannot measure: {err:#}");
        return ExitCode::from(126);
    }
    match status.code() {
        Some(code) => ExitCode::from(u8::try_from(code).unwrap_or(u8::MAX)),
        None => {
            eprintln!("ended by {status}");
            ExitCode::from(125)
        }
    }
}

fn write_report(path: &Path) -> Result<()> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let cpu_seconds = seconds(usage.user_time()) + seconds(usage.system_time());
    let usage = Usage {
        cpu_seconds,
        peak_kib: usage.max_rss(),
    };
    std::fs::write(path, serde_json::to_vec(&usage)?)?;
    Ok(())
}

fn seconds(time: TimeVal) -> f64 {
    time.tv_sec() as f64 + time.tv_usec() as f64 * 1e-6
}
