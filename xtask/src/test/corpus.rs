//! The corpus: every script of `tests/corpus` and every benchmark program at its small size, in every mode.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result};

use super::modes::Mode;
use super::script::Header;
use crate::bench::programs::PROGRAMS;
use crate::child;
use crate::oracle::difference;
use crate::workspace::Workspace;

/// Scripts are small; one that runs longer hangs.
const LIMIT: Duration = Duration::from_secs(60);

/// One script with what it is given and what must come out.
#[derive(Debug)]
pub struct Case {
    /// Relative to the root, which is where it runs, so that messages name the same path everywhere.
    pub script: PathBuf,
    header: Header,
    /// Expected standard output, where the corpus has it: `x.out` for `x.lua`.
    expected: Option<Vec<u8>>,
    /// The same for the small arguments: `x.small.out`.
    expected_small: Option<Vec<u8>>,
}

impl Case {
    /// The version of Lua that the script is for.
    pub fn std(&self) -> &str {
        self.header.std.as_deref().unwrap_or("5.5")
    }
}

/// The scripts of a folder with what is expected of them, in order.
pub fn scripts(workspace: &Workspace, folder: &str) -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    let folder = workspace.root.join(folder);
    let mut scripts = Vec::new();
    if folder.is_dir() {
        collect(&folder, &mut scripts)?;
    }
    scripts.sort();
    for path in scripts {
        let header = Header::read(&path)?;
        let expected = std::fs::read(path.with_extension("out")).ok();
        let script = path
            .strip_prefix(&workspace.root)
            .expect("the corpus lies in the workspace")
            .to_owned();
        let expected_small = std::fs::read(path.with_extension("small.out")).ok();
        cases.push(Case {
            script,
            header,
            expected,
            expected_small,
        });
    }
    Ok(cases)
}

/// All cases: the corpus and the benchmark programs.
pub fn cases(workspace: &Workspace) -> Result<Vec<Case>> {
    let mut cases = scripts(workspace, "tests/corpus")?;
    for program in PROGRAMS {
        let name = program.name;
        let path = workspace.programs().join(format!("small/{name}.out"));
        let expected = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let header = Header {
            args: program.small_args(),
            ..Header::default()
        };
        let script = Path::new("benchmarks/programs").join(format!("{name}.lua"));
        cases.push(Case {
            script,
            header,
            expected: Some(expected),
            expected_small: None,
        });
    }
    Ok(cases)
}

fn collect(folder: &Path, scripts: &mut Vec<PathBuf>) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, scripts)?;
        } else if path.extension().is_some_and(|e| e == "lua") {
            scripts.push(path);
        }
    }
    Ok(())
}

/// Runs all cases in one mode on all cores; the complaints, in order of cases.
pub fn run(binary: &Path, mode: &Mode, cases: &[Case], root: &Path) -> Vec<String> {
    let next = AtomicUsize::new(0);
    let complaints = Mutex::new(Vec::new());
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(case) = cases.get(at) else { break };
                    let complaint = match run_case(binary, mode, case, root) {
                        Ok(complaint) => complaint,
                        Err(err) => Some(format!("{err:#}\n")),
                    };
                    if let Some(text) = complaint {
                        let line = format!("{} [{}]: {text}", case.script.display(), mode.name);
                        complaints.lock().expect("no worker panics").push((at, line));
                    }
                }
            });
        }
    });
    let mut complaints = complaints.into_inner().expect("no worker panics");
    complaints.sort();
    complaints.into_iter().map(|(_, line)| line).collect()
}

/// What is wrong with one run, or nothing.
fn run_case(binary: &Path, mode: &Mode, case: &Case, root: &Path) -> Result<Option<String>> {
    let header = &case.header;
    let (args, expected) = match &header.small {
        Some(small) if mode.small => (small, &case.expected_small),
        _ => (&header.args, &case.expected),
    };
    let mut command = Command::new(binary);
    if let (Some(std), false) = (&header.std, mode.reference) {
        command.args(["--std", std]);
    }
    if !header.options.is_empty() && mode.reference {
        return Ok(None);
    }
    command
        .args(mode.flags)
        .args(&header.options)
        .arg(&case.script)
        .args(args)
        .current_dir(root);
    let outcome = child::run(&mut command, header.stdin.as_bytes(), LIMIT)?;
    Ok(judge(header, expected.as_deref(), &outcome))
}

fn judge(header: &Header, expected: Option<&[u8]>, outcome: &child::Outcome) -> Option<String> {
    let code = header.exit.unwrap_or(i32::from(!header.errors.is_empty()));
    if outcome.timed_out || outcome.status.code() != Some(code) {
        return Some(format!(
            "{}, exit code {code} expected\n{}",
            outcome.complaint(),
            beginning(&String::from_utf8_lossy(&outcome.stderr))
        ));
    }
    let stderr = String::from_utf8_lossy(&outcome.stderr);
    if let Some(missing) = header.errors.iter().find(|e| !stderr.contains(e.as_str())) {
        return Some(format!("stderr lacks {missing:?}\n{}", beginning(&stderr)));
    }
    let expected = expected?;
    (outcome.stdout != expected).then(|| {
        let text = difference(
            &String::from_utf8_lossy(expected),
            &String::from_utf8_lossy(&outcome.stdout),
        );
        format!("wrong output\n{text}")
    })
}

/// The first lines of what a failing run wrote: a backtrace of Rust can be long.
fn beginning(text: &str) -> String {
    const LINES: usize = 8;
    let mut out: String = text.lines().take(LINES).flat_map(|l| [l, "\n"]).collect();
    if text.lines().nth(LINES).is_some() {
        out += "…\n";
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(script: &str) -> child::Outcome {
        child::run(Command::new("sh").args(["-c", script]), b"", Duration::from_secs(10)).unwrap()
    }

    #[test]
    fn a_plain_script_must_exit_with_zero() {
        let header = Header::default();
        assert_eq!(judge(&header, None, &outcome("echo x")), None);
        assert!(judge(&header, None, &outcome("exit 1")).is_some());
        assert_eq!(judge(&header, Some(b"x\n"), &outcome("echo x")), None);
        assert!(
            judge(&header, Some(b"y\n"), &outcome("echo x"))
                .unwrap()
                .contains("wrong output")
        );
    }

    #[test]
    fn a_failing_script_must_say_why() {
        let header = Header {
            errors: vec!["boom".to_owned()],
            ..Header::default()
        };
        assert_eq!(judge(&header, None, &outcome("echo boom >&2; exit 1")), None);
        assert!(
            judge(&header, None, &outcome("echo bang >&2; exit 1"))
                .unwrap()
                .contains("lacks")
        );
        assert!(
            judge(&header, None, &outcome("echo boom >&2"))
                .unwrap()
                .contains("exit code 1 expected")
        );
        assert!(judge(&header, None, &outcome("kill -9 $$")).is_some());
    }

    #[test]
    fn long_complaints_are_cut() {
        assert_eq!(beginning("a\nb"), "a\nb\n");
        assert_eq!(beginning(&"a\n".repeat(20)).lines().count(), 9);
    }

    #[test]
    fn every_mode_runs_every_case() {
        let mode = &Mode {
            name: "O0",
            flags: &[],
            build: super::super::modes::Build::Dev,
            small: false,
            reference: false,
        };
        let case = |args: &str| Case {
            script: "-c".into(),
            header: Header {
                args: vec![args.to_owned()],
                ..Header::default()
            },
            expected: Some(b"ok\n".to_vec()),
            expected_small: None,
        };
        let cases = [case("echo ok"), case("echo no"), case("exit 4")];
        let complaints = run(Path::new("/bin/sh"), mode, &cases, Path::new("."));
        assert_eq!(complaints.len(), 2);
        assert!(complaints[0].contains("wrong output") && complaints[0].contains("[O0]"));
        assert!(complaints[1].contains("exit code 0 expected"));
    }
}
