//! Random programs on PUC Lua and on Perilune in every mode: each prints the same.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use perilune_luagen::batch::{self, Answers, Item};
use perilune_luagen::{damaged, program, reduce, seeded};

use crate::child;
use crate::oracle::difference;
use crate::test::modes::Build;

/// Programs of one batch: as many as make the start of a process small beside them.
const BATCH: u64 = 100;

/// Seconds for a batch; one takes less than a second, in the slowest mode about twenty.
const LIMIT: Duration = Duration::from_secs(60);

/// The same while a program is made smaller, which may make it endless.
const SHORT: Duration = Duration::from_secs(4);

/// Seconds for making one program smaller.
const REDUCTION: Duration = Duration::from_secs(30);

/// Findings after which a session ends: there is something to mend.
const MOST_FINDINGS: usize = 20;

/// One way to run a batch on Perilune.
struct Mode {
    name: &'static str,
    flags: &'static [&'static str],
    build: Build,
}

const fn mode(name: &'static str, flags: &'static [&'static str], build: Build) -> Mode {
    Mode { name, flags, build }
}

const MODES: &[Mode] = &[
    mode("O1", &["-O1"], Build::Release),
    mode("O0", &["-O0"], Build::Release),
    mode("loop", &["--dispatch", "loop"], Build::Release),
    mode("registers 4", &["--registers", "4"], Build::Release),
    mode("registers 4, O0", &["--registers", "4", "-O0"], Build::Release),
    mode("stack stress", &["--stack-stress"], Build::Release),
    mode("gc stress", &["--gc-stress"], Build::Release),
    mode("debug assertions", &["--registers", "5"], Build::Dev),
    mode("gc step stress", &["--gc-step-stress"], Build::Dev),
];

/// The commands, and where findings are written.
pub struct Session {
    pub oracle: PathBuf,
    pub release: PathBuf,
    pub debug: PathBuf,
    pub folder: PathBuf,
    /// Only the modes whose name contains this.
    pub only: Option<String>,
}

/// Which cases, and for how long.
pub struct Limits {
    pub seed: u64,
    pub from: u64,
    pub cases: Option<u64>,
    pub time: Duration,
}

/// What `cargo xtask test` tries: always the same.
pub const SMOKE: Limits = Limits {
    seed: 1,
    from: 0,
    cases: Some(300),
    time: Duration::from_secs(60),
};

/// A program on which an answer differs.
pub struct Finding {
    pub index: u64,
    pub mode: &'static str,
    /// Where the reduced program is.
    pub file: PathBuf,
    pub difference: String,
}

/// What a session did.
#[derive(Default)]
pub struct Tally {
    pub programs: u64,
    /// Programs that only say something which implementations need not agree on.
    pub open: u64,
    /// Programs that the oracle did not end in time.
    pub endless: u64,
    pub executions: u64,
    pub next: u64,
    pub findings: Vec<Finding>,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for finding in &self.findings {
            writeln!(
                f,
                "case {} [{}]: {}",
                finding.index,
                finding.mode,
                finding.file.display()
            )?;
            f.write_str(&finding.difference)?;
        }
        write!(
            f,
            "{} programs up to number {}, {} executions, {} left open, {} endless, {} differences",
            self.programs,
            self.next,
            self.executions,
            self.open,
            self.endless,
            self.findings.len()
        )
    }
}

/// The case with this number: nine of ten run, the others are damaged and only compile.
pub fn item(seed: u64, index: u64) -> Item {
    let bytes = seeded::bytes(seed, index, 60, 1500);
    match index % 10 {
        9 => Item::compile(damaged(&bytes)),
        _ => Item::run(program(&bytes)),
    }
}

impl Session {
    /// Tries cases until time is up.
    pub fn run(&self, limits: &Limits) -> Result<Tally> {
        std::fs::create_dir_all(&self.folder)?;
        std::fs::write(self.driver(), batch::DRIVER)?;
        let start = Instant::now();
        let end = limits.cases.map_or(u64::MAX, |cases| limits.from + cases);
        let mut tally = Tally {
            next: limits.from,
            ..Tally::default()
        };
        while tally.next < end && start.elapsed() < limits.time && tally.findings.len() < MOST_FINDINGS {
            let indexes: Vec<u64> = (tally.next..end.min(tally.next + BATCH)).collect();
            self.batch(limits.seed, &indexes, &mut tally)?;
            tally.next += indexes.len() as u64;
        }
        Ok(tally)
    }

    fn driver(&self) -> PathBuf {
        self.folder.join("driver.lua")
    }

    fn modes(&self) -> impl Iterator<Item = &'static Mode> {
        let only = self.only.clone();
        MODES
            .iter()
            .filter(move |m| only.as_ref().is_none_or(|part| m.name.contains(part.as_str())))
    }

    fn batch(&self, seed: u64, indexes: &[u64], tally: &mut Tally) -> Result<()> {
        let mut indexes = indexes.to_vec();
        let (items, expected) = loop {
            let items: Vec<Item> = indexes.iter().map(|&index| item(seed, index)).collect();
            let expected = self.ask(&self.oracle, &[], &items, LIMIT)?;
            if expected.complete {
                break (items, expected);
            }
            if expected.outputs.is_empty() {
                bail!("PUC Lua does not run the driver");
            }
            let endless = indexes.remove(expected.outputs.len() - 1);
            println!("case {endless}: PUC Lua comes to no end");
            tally.endless += 1;
        };
        tally.programs += items.len() as u64;
        let open = expected.outputs.iter().filter(|output| batch::is_open(output));
        tally.open += open.count() as u64;
        for mode in self.modes() {
            let mut rest: Vec<usize> = (0..items.len()).collect();
            while !rest.is_empty() {
                let these: Vec<Item> = rest.iter().map(|&at| items[at].clone()).collect();
                let answers = self.ask(self.binary(mode), mode.flags, &these, LIMIT)?;
                tally.executions += answers.outputs.len() as u64;
                for (nth, (&at, output)) in rest.iter().zip(&answers.outputs).enumerate() {
                    // A machine with other work to do may not get through a batch in time, but through one program.
                    let cut_off = answers.timed_out && nth + 1 == answers.outputs.len();
                    if cut_off && self.agrees_alone(mode, &items[at], &expected.outputs[at])? {
                        continue;
                    }
                    if differs(&expected.outputs[at], output) {
                        let finding = self.finding(seed, indexes[at], mode, &items[at])?;
                        print!("case {} [{}]\n{}", finding.index, finding.mode, finding.difference);
                        tally.findings.push(finding);
                        if tally.findings.len() >= MOST_FINDINGS {
                            return Ok(());
                        }
                    }
                }
                // After a crash, on with what comes after it.
                rest = match answers.complete {
                    true => Vec::new(),
                    false => rest.split_off(answers.outputs.len().max(1)),
                };
            }
        }
        Ok(())
    }

    /// Whether the program, run for itself, gives the answer.
    fn agrees_alone(&self, mode: &Mode, item: &Item, expected: &str) -> Result<bool> {
        let alone = self.ask(self.binary(mode), mode.flags, std::slice::from_ref(item), LIMIT)?;
        Ok(alone.complete && !differs(expected, &alone.outputs.concat()))
    }

    fn binary(&self, mode: &Mode) -> &Path {
        match mode.build {
            Build::Release => &self.release,
            Build::Dev => &self.debug,
        }
    }

    /// Runs the driver over the items.
    fn ask(&self, binary: &Path, flags: &[&str], items: &[Item], limit: Duration) -> Result<Answers> {
        let file = self.folder.join(format!("batch-{}", std::process::id()));
        std::fs::write(&file, batch::write(items)).with_context(|| format!("cannot write {}", file.display()))?;
        let mut command = Command::new(binary);
        command.args(flags).arg(self.driver()).arg(&file);
        let outcome = child::run(&mut command, b"", limit)?;
        std::fs::remove_file(&file)?;
        let mut answers = batch::answers(&outcome.stdout);
        answers.timed_out = outcome.timed_out;
        if !answers.complete {
            // How it ended belongs to the answer of the program that did not end.
            if let Some(last) = answers.outputs.last_mut() {
                *last += &format!("{}\n", outcome.complaint());
            }
        }
        Ok(answers)
    }

    /// Makes the program smaller and writes it down.
    fn finding(&self, seed: u64, index: u64, mode: &'static Mode, item: &Item) -> Result<Finding> {
        let mut failure = None;
        let start = Instant::now();
        let small = reduce::reduce(&item.source, |sources| {
            if start.elapsed() > REDUCTION {
                return None;
            }
            match self.first_difference(mode, item, sources) {
                Ok(found) => found,
                Err(error) => {
                    failure = Some(error);
                    None
                }
            }
        });
        if let Some(error) = failure {
            return Err(error);
        }
        let name = format!("{seed}-{index}-{}.lua", mode.name.replace([' ', ','], "_"));
        let file = self.folder.join(&name);
        std::fs::write(&file, &small)?;
        std::fs::write(self.folder.join(format!("{name}.whole")), &item.source)?;
        let one = [Item {
            source: small.clone(),
            runs: item.runs,
        }];
        let theirs = self.ask(&self.oracle, &[], &one, LIMIT)?.outputs.concat();
        let ours = self.ask(self.binary(mode), mode.flags, &one, LIMIT)?.outputs.concat();
        Ok(Finding {
            index,
            mode: mode.name,
            file,
            difference: format!("{small}{}", difference(&theirs, &ours)),
        })
    }

    /// The first of these programs that still differs and still compiles.
    fn first_difference(&self, mode: &Mode, like: &Item, sources: &[String]) -> Result<Option<usize>> {
        for (chunk, sources) in sources.chunks(25).enumerate() {
            let items: Vec<Item> = sources
                .iter()
                .map(|source| Item {
                    source: source.clone(),
                    runs: like.runs,
                })
                .collect();
            let mut at = 0;
            while at < items.len() {
                let theirs = self.ask(&self.oracle, &[], &items[at..], SHORT)?;
                let ours = self.ask(self.binary(mode), mode.flags, &items[at..], SHORT)?;
                for (offset, (a, b)) in theirs.outputs.iter().zip(&ours.outputs).enumerate() {
                    let compiles = !like.runs || !a.starts_with("syntax: ");
                    let ends = theirs.complete || offset + 1 < theirs.outputs.len();
                    if compiles && ends && differs(a, b) {
                        return Ok(Some(chunk * 25 + at + offset));
                    }
                }
                let seen = theirs.outputs.len().min(ours.outputs.len()).max(1);
                at += seen;
            }
        }
        Ok(None)
    }
}

fn differs(theirs: &str, ours: &str) -> bool {
    theirs != ours && !batch::is_open(theirs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_cover_levels_backends_and_stress() {
        for flag in [
            "-O0",
            "-O1",
            "loop",
            "4",
            "--gc-stress",
            "--gc-step-stress",
            "--stack-stress",
        ] {
            assert!(MODES.iter().any(|m| m.flags.contains(&flag)), "{flag}");
        }
    }

    #[test]
    fn open_answers_do_not_count() {
        assert!(differs("a\n", "b\n"));
        assert!(!differs("error: stack overflow\n", "b\n"));
    }
}
