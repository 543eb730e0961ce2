//! Runs a child under a time limit, with its output collected; a child that overstays dies with its whole group.

use std::io::{Read, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

/// How long we sleep between looks at a running child.
const POLL: Duration = Duration::from_millis(2);

#[derive(Debug)]
pub struct Outcome {
    pub status: ExitStatus,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
    pub timed_out: bool,
}

impl Outcome {
    pub fn success(&self) -> bool {
        self.status.success() && !self.timed_out
    }

    /// One line that says how the run ended badly.
    pub fn complaint(&self) -> String {
        if self.timed_out {
            return "timeout".to_owned();
        }
        let stderr = String::from_utf8_lossy(&self.stderr);
        match stderr.lines().find(|l| !l.trim().is_empty()) {
            Some(line) => format!("{} ({})", self.status, line.trim()),
            None => self.status.to_string(),
        }
    }
}

/// What a child reads.
#[derive(Debug, Clone, Copy)]
pub enum Input<'a> {
    /// The null device.
    Null,
    Pipe(&'a [u8]),
}

/// Runs `command` with `stdin` as its input and kills its process group after `limit`.
pub fn run(command: &mut Command, stdin: &[u8], limit: Duration) -> Result<Outcome> {
    let input = match stdin {
        [] => Input::Null,
        bytes => Input::Pipe(bytes),
    };
    run_with(command, input, limit)
}

/// The same with the kind of input chosen.
pub fn run_with(command: &mut Command, input: Input<'_>, limit: Duration) -> Result<Outcome> {
    let what = command.get_program().to_owned();
    let (stdio, stdin) = match input {
        Input::Null => (Stdio::null(), &b""[..]),
        Input::Pipe(bytes) => (Stdio::piped(), bytes),
    };
    let mut child = command
        .stdin(stdio)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
        .with_context(|| format!("cannot run {}", what.display()))?;
    let group = Pid::from_raw(child.id().try_into().expect("a process id fits pid_t"));
    let start = Instant::now();
    let mut pipe = child.stdin.take();
    let mut out = child.stdout.take().expect("stdout is piped");
    let mut err = child.stderr.take().expect("stderr is piped");
    thread::scope(|scope| {
        scope.spawn(|| {
            if let Some(pipe) = pipe.as_mut() {
                // A child may end without reading its input.
                let _ = pipe.write_all(stdin);
            }
            drop(pipe);
        });
        let stdout = scope.spawn(move || collect(&mut out));
        let stderr = scope.spawn(move || collect(&mut err));
        let mut timed_out = false;
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break status;
            }
            if start.elapsed() >= limit {
                timed_out = true;
                // It may have ended just now; then there is no group left to kill.
                let _ = killpg(group, Signal::SIGKILL);
                break child.wait()?;
            }
            thread::sleep(POLL);
        };
        let stdout = stdout.join().expect("the reader does not panic")?;
        let stderr = stderr.join().expect("the reader does not panic")?;
        Ok(Outcome {
            status,
            stdout,
            stderr,
            timed_out,
        })
    })
}

fn collect(pipe: &mut dyn Read) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    pipe.read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn collects_both_pipes_and_the_status() {
        let outcome = run(&mut shell("cat; echo bad >&2; exit 3"), b"in", Duration::from_secs(10)).unwrap();
        assert_eq!(outcome.stdout, b"in");
        assert_eq!(outcome.stderr, b"bad\n");
        assert_eq!(outcome.status.code(), Some(3));
        assert!(!outcome.success());
        assert!(outcome.complaint().contains("bad"));
    }

    #[test]
    fn input_is_a_pipe_or_the_null_device() {
        let limit = Duration::from_secs(10);
        let pipe = run_with(&mut shell("test -p /dev/stdin"), Input::Pipe(b""), limit).unwrap();
        let null = run_with(&mut shell("test -p /dev/stdin"), Input::Null, limit).unwrap();
        assert!(pipe.success() && !null.success());
    }

    #[test]
    fn kills_the_grandchildren_too() {
        let start = Instant::now();
        let outcome = run(&mut shell("sleep 30 & sleep 30"), b"", Duration::from_millis(100)).unwrap();
        assert!(outcome.timed_out);
        assert_eq!(outcome.complaint(), "timeout");
        assert!(
            start.elapsed() < Duration::from_secs(10),
            "the pipes closed with the group"
        );
    }
}
