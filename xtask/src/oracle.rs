//! The same scripts on Perilune and on PUC Lua 5.5: same output, same errors, same exit code.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::bench::peers;
use crate::child::{self, Outcome};
use crate::test::reference;
use crate::test::script::Header;
use crate::workspace::{Workspace, cargo};

#[derive(clap::Args)]
pub struct Options {
    /// Scripts; their `--! args` and `--! stdin` lines apply
    #[arg(required_unless_present = "check")]
    scripts: Vec<PathBuf>,
    /// Check that PUC Lua prints what the corpus expects
    #[arg(long, conflicts_with = "scripts")]
    check: bool,
    /// Seconds that a run may take
    #[arg(long, default_value_t = 60)]
    timeout: u64,
    /// Options for Perilune, as one word each
    #[arg(last = true)]
    flags: Vec<String>,
}

/// True if both agree on every script.
pub fn run(options: &Options) -> Result<bool> {
    let workspace = Workspace::load()?;
    if options.check {
        return match reference::check(&workspace)? {
            Ok(count) => {
                println!("{} passed, {} failed", count.passed, count.failed);
                Ok(count.failed == 0)
            }
            Err(why) => bail!("cannot check: {why}"),
        };
    }
    if !workspace.has_perilune_binary() {
        bail!("the perilune package has no perilune command yet");
    }
    let oracle = peers::build(&workspace, "lua55", Duration::from_secs(600))?;
    let built = cargo()
        .args(["build", "--package", "perilune"])
        .current_dir(&workspace.root)
        .status()?;
    if !built.success() {
        bail!("perilune does not build");
    }
    let ours = workspace.target.join("debug/perilune");
    let limit = Duration::from_secs(options.timeout);
    let mut equal = true;
    for script in &options.scripts {
        let header = Header::read(script)?;
        let go = |program: &Path, flags: &[String]| -> Result<Outcome> {
            let mut command = Command::new(program);
            command.args(flags).arg(script).args(&header.args);
            child::run(&mut command, header.stdin.as_bytes(), limit)
        };
        let theirs = go(&oracle, &[])?;
        let mine = go(&ours, &options.flags)?;
        let report = compare(&theirs, &mine);
        println!(
            "{}: {}",
            script.display(),
            if report.is_empty() { "equal" } else { "different" }
        );
        print!("{report}");
        equal &= report.is_empty();
    }
    Ok(equal)
}

/// What differs, with `-` before the oracle's lines and `+` before ours; empty if nothing does.
fn compare(theirs: &Outcome, mine: &Outcome) -> String {
    let mut report = String::new();
    if theirs.timed_out || mine.timed_out {
        report += &format!("  timeout: oracle {}, perilune {}\n", theirs.timed_out, mine.timed_out);
    } else if theirs.status.code() != mine.status.code() {
        report += &format!("  exit: oracle {}, perilune {}\n", theirs.status, mine.status);
    }
    // Each program puts its own name before its messages.
    let errors = String::from_utf8_lossy(&mine.stderr);
    let errors = errors
        .strip_prefix("perilune: ")
        .map_or_else(|| errors.to_string(), |rest| format!("lua: {rest}"));
    for (name, a, b) in [
        ("stdout", &theirs.stdout, &mine.stdout),
        ("stderr", &theirs.stderr, &errors.into_bytes()),
    ] {
        if a != b {
            report += &format!(
                "  {name}:\n{}",
                difference(&String::from_utf8_lossy(a), &String::from_utf8_lossy(b))
            );
        }
    }
    report
}

/// The lines between the common beginning and the common end of two texts.
pub fn difference(a: &str, b: &str) -> String {
    let (a, b): (Vec<&str>, Vec<&str>) = (a.lines().collect(), b.lines().collect());
    let head = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let tail = a[head..]
        .iter()
        .rev()
        .zip(b[head..].iter().rev())
        .take_while(|(x, y)| x == y)
        .count();
    let mut text = String::new();
    if head > 0 {
        text += &format!("    … {head} equal lines\n");
    }
    for line in &a[head..a.len() - tail] {
        text += &format!("    - {line}\n");
    }
    for line in &b[head..b.len() - tail] {
        text += &format!("    + {line}\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_trimmed_to_their_middle() {
        assert_eq!(
            difference("a\nb\nc\n", "a\nx\ny\nc\n"),
            "    … 1 equal lines\n    - b\n    + x\n    + y\n"
        );
        assert_eq!(difference("a\n", "a\na\n"), "    … 1 equal lines\n    + a\n");
    }

    #[test]
    fn outcomes_compare_by_code_and_pipes() {
        let go = |script: &str| {
            let mut command = Command::new("sh");
            child::run(command.args(["-c", script]), b"", Duration::from_secs(10)).unwrap()
        };
        assert_eq!(compare(&go("echo a"), &go("echo a")), "");
        assert_eq!(compare(&go("echo a"), &go("echo b")), "  stdout:\n    - a\n    + b\n");
        assert!(compare(&go("exit 1"), &go("exit 2")).contains("exit"));
    }
}
