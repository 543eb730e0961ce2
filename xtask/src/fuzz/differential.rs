//! Random programs on PUC Lua and on Perilune in every mode: each prints the same.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use perilune_luagen::batch::{self, Answers, Item, Verdict};
use perilune_luagen::{Calls, calls, damaged, program, reduce, seeded};

use crate::child;
use crate::oracle::difference;

/// Programs of one batch: as many as make the start of a process small beside them.
const BATCH: u64 = 300;

/// Seconds for a batch; one takes about two.
const LIMIT: Duration = Duration::from_secs(120);

/// The same while a program is made smaller, which may make it endless.
const SHORT: Duration = Duration::from_secs(4);

/// Seconds for making one program smaller.
const REDUCTION: Duration = Duration::from_secs(30);

/// Findings after which a session ends: there is something to mend.
const MOST_FINDINGS: usize = 20;

/// The commands, and where findings are written.
pub struct Session {
    pub grammar: Grammar,
    /// PUC Lua.
    pub oracle: PathBuf,
    /// `perilune-trials`, optimized.
    pub release: PathBuf,
    /// The same with debug assertions.
    pub debug: PathBuf,
    pub folder: PathBuf,
    /// Only the modes whose name contains this.
    pub only: Option<String>,
    /// Batches that are tried at the same time.
    pub jobs: usize,
}

/// What programs are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grammar {
    /// The whole language: every mode counts.
    Language,
    /// Calls of natives, which do not depend on how the code was compiled.
    Calls(Calls),
}

impl Grammar {
    /// The one of a target.
    pub fn of(target: &str) -> Option<Grammar> {
        Some(match target {
            "differential" => Grammar::Language,
            "patterns" => Grammar::Calls(Calls::Patterns),
            "format" => Grammar::Calls(Calls::Formats),
            "pack" => Grammar::Calls(Calls::Packing),
            _ => return None,
        })
    }

    /// The case with this number.
    pub fn item(self, seed: u64, index: u64) -> Item {
        match self {
            // Nine of ten run, the others are damaged and only compile.
            Grammar::Language => {
                let bytes = seeded::bytes(seed, index, 60, 1500);
                match index % 10 {
                    9 => Item::compile(damaged(&bytes)),
                    _ => Item::run(program(&bytes)),
                }
            }
            Grammar::Calls(of) => Item::run(calls(of, &seeded::bytes(seed, index, 1500, 2500))),
        }
    }

    /// What selects the modes of an optimized build and of one with debug assertions.
    fn modes(self) -> [&'static [&'static str]; 2] {
        match self {
            Grammar::Language => [&[], &["--checked"]],
            Grammar::Calls(_) => [&["--mode", "O0"], &["--mode", "O0, debug assertions"]],
        }
    }
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
    pub mode: String,
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

/// The script that PUC Lua runs, by its name in the folder: its positions show.
const DRIVER: &str = "driver.lua";

impl Tally {
    fn add(&mut self, other: Tally) {
        self.programs += other.programs;
        self.open += other.open;
        self.endless += other.endless;
        self.executions += other.executions;
        self.next = self.next.max(other.next);
        self.findings.extend(other.findings);
    }
}

/// A program and what PUC Lua says of it.
struct Case {
    index: u64,
    item: Item,
    expected: String,
}

/// A case with another answer.
struct Suspect<'a> {
    case: &'a Case,
    mode: String,
    answer: String,
}

impl Session {
    /// Tries cases until time is up.
    pub fn run(&self, limits: &Limits) -> Result<Tally> {
        std::fs::create_dir_all(&self.folder)?;
        std::fs::write(self.folder.join(DRIVER), batch::DRIVER)?;
        let start = Instant::now();
        let end = limits.cases.map_or(u64::MAX, |cases| limits.from + cases);
        let next = Mutex::new(limits.from);
        let tally = Mutex::new(Tally::default());
        let lock = "no job panicked while it held this";
        let job = |number: usize| -> Result<()> {
            loop {
                let from = {
                    let mut next = next.lock().expect(lock);
                    let found = tally.lock().expect(lock).findings.len();
                    if *next >= end || start.elapsed() >= limits.time || found >= MOST_FINDINGS {
                        return Ok(());
                    }
                    let from = *next;
                    *next = end.min(from + BATCH);
                    from
                };
                let indexes: Vec<u64> = (from..end.min(from + BATCH)).collect();
                let mut of_batch = self.batch(number, limits.seed, &indexes)?;
                of_batch.next = from + indexes.len() as u64;
                tally.lock().expect(lock).add(of_batch);
            }
        };
        thread::scope(|scope| {
            let jobs: Vec<_> = (0..self.jobs).map(|number| scope.spawn(move || job(number))).collect();
            jobs.into_iter()
                .try_for_each(|job| job.join().expect("a job reports its errors"))
        })?;
        Ok(tally.into_inner().expect(lock))
    }

    /// The binary for each build, and what selects the modes that it is for.
    fn builds(&self) -> [(&Path, Vec<String>); 2] {
        let part = self.only.iter().flat_map(|part| ["--part".to_owned(), part.clone()]);
        let part: Vec<String> = part.collect();
        let [release, debug] = self.grammar.modes().map(|options| {
            let options: Vec<String> = options.iter().map(|&option| option.to_owned()).collect();
            [options, part.clone()].concat()
        });
        [(&self.release, release), (&self.debug, debug)]
    }

    fn batch(&self, job: usize, seed: u64, indexes: &[u64]) -> Result<Tally> {
        let mut tally = Tally::default();
        let cases = self.cases(job, seed, indexes, &mut tally)?;
        tally.programs = cases.len() as u64;
        tally.open = cases.iter().filter(|case| batch::is_open(&case.expected)).count() as u64;
        for (binary, modes) in self.builds() {
            let mut rest = &cases[..];
            while !rest.is_empty() {
                let (verdict, complaint) = self.try_out(job, binary, &modes, rest, LIMIT)?;
                tally.executions += verdict.executions;
                let suspects = verdict.differences.into_iter().map(|(at, mode, answer)| Suspect {
                    case: &rest[at],
                    mode,
                    answer,
                });
                for suspect in suspects {
                    tally.findings.push(self.finding(job, seed, binary, &suspect)?);
                }
                if verdict.complete {
                    break;
                }
                let Some(last) = verdict.begun.checked_sub(1) else {
                    bail!("{} does not begin: {complaint}", binary.display());
                };
                // A machine with other work to do may not get through a batch in time, but through one program.
                let (alone, complaint) = self.try_out(job, binary, &modes, &rest[last..=last], LIMIT)?;
                if !alone.complete {
                    let suspect = Suspect {
                        case: &rest[last],
                        mode: alone.mode,
                        answer: complaint,
                    };
                    tally.findings.push(self.finding(job, seed, binary, &suspect)?);
                }
                rest = &rest[verdict.begun..];
            }
        }
        Ok(tally)
    }

    /// The cases with what PUC Lua answers, but for those that it does not end.
    fn cases(&self, job: usize, seed: u64, indexes: &[u64], tally: &mut Tally) -> Result<Vec<Case>> {
        let mut cases: Vec<Case> = Vec::new();
        let mut items: Vec<(u64, Item)> = indexes
            .iter()
            .map(|&index| (index, self.grammar.item(seed, index)))
            .collect();
        while !items.is_empty() {
            let only: Vec<Item> = items.iter().map(|(_, item)| item.clone()).collect();
            let answers = self.ask(job, &only, LIMIT)?;
            let mut outputs = answers.outputs;
            if !answers.complete && outputs.pop().is_none() {
                bail!("PUC Lua does not run the driver");
            }
            let answered = outputs.len();
            let pairs = items.drain(..answered).zip(outputs);
            cases.extend(pairs.map(|((index, item), expected)| Case { index, item, expected }));
            if !answers.complete {
                println!("case {}: PUC Lua comes to no end", items.remove(0).0);
                tally.endless += 1;
            }
        }
        Ok(cases)
    }

    /// What PUC Lua answers.
    fn ask(&self, job: usize, items: &[Item], limit: Duration) -> Result<Answers> {
        let file = self.write(job, &batch::write(items))?;
        let mut command = Command::new(&self.oracle);
        command.current_dir(&self.folder).arg(DRIVER).arg(&file);
        let outcome = child::run(&mut command, b"", limit)?;
        Ok(batch::answers(&outcome.stdout))
    }

    /// Runs cases in modes; if that does not come to its end, why.
    fn try_out(
        &self,
        job: usize,
        binary: &Path,
        modes: &[String],
        cases: &[Case],
        limit: Duration,
    ) -> Result<(Verdict, String)> {
        let cases = cases.iter().map(|case| (&case.item, case.expected.as_str()));
        let file = self.write(job, &batch::write_expected(cases))?;
        let mut command = Command::new(binary);
        command.arg(&file).args(modes);
        let outcome = child::run(&mut command, b"", limit)?;
        let verdict = batch::verdict(&outcome.stdout);
        let complaint = match verdict.complete {
            true => String::new(),
            false => format!("{}\n", outcome.complaint()),
        };
        Ok((verdict, complaint))
    }

    /// Writes the batch file of a job.
    fn write(&self, job: usize, bytes: &[u8]) -> Result<PathBuf> {
        let file = self.folder.join(format!("batch-{}-{job}", std::process::id()));
        std::fs::write(&file, bytes).with_context(|| format!("cannot write {}", file.display()))?;
        Ok(file)
    }

    /// Makes the program smaller and writes it down.
    fn finding(&self, job: usize, seed: u64, binary: &Path, suspect: &Suspect<'_>) -> Result<Finding> {
        let (item, index) = (&suspect.case.item, suspect.case.index);
        // Fuel is compared between the modes that count it.
        let modes = match suspect.mode.starts_with("fuel") {
            true => ["--part".to_owned(), "fuel".to_owned()],
            false => ["--mode".to_owned(), suspect.mode.clone()],
        };
        let mut failure = None;
        let start = Instant::now();
        let small = reduce::reduce(&item.source, |sources| {
            if start.elapsed() > REDUCTION {
                return None;
            }
            match self.first_difference(job, binary, &modes, item, sources) {
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
        let name = format!("{seed}-{index}-{}.lua", suspect.mode.replace([' ', ','], "_"));
        let file = self.folder.join(&name);
        std::fs::write(&file, &small)?;
        std::fs::write(self.folder.join(format!("{name}.whole")), &item.source)?;
        let one = [Item {
            source: small.clone(),
            runs: item.runs,
        }];
        let expected = self.ask(job, &one, LIMIT)?.outputs.concat();
        let [item] = one;
        let case = Case { index, item, expected };
        let (verdict, complaint) = self.try_out(job, binary, &modes, std::slice::from_ref(&case), LIMIT)?;
        let ours: String = verdict.differences.iter().map(|(.., answer)| answer.as_str()).collect();
        // What came of a state that other programs had used may not come alone.
        let difference = match ours.is_empty() && complaint.is_empty() {
            true => difference(&suspect.case.expected, &suspect.answer),
            false => difference(&case.expected, &(ours + &complaint)),
        };
        let finding = Finding {
            index,
            mode: suspect.mode.clone(),
            file,
            difference: format!("{small}{difference}"),
        };
        print!("case {} [{}]\n{}", finding.index, finding.mode, finding.difference);
        Ok(finding)
    }

    /// The first of these programs that still differs and still compiles.
    fn first_difference(
        &self,
        job: usize,
        binary: &Path,
        modes: &[String],
        like: &Item,
        sources: &[String],
    ) -> Result<Option<usize>> {
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
                let theirs = self.ask(job, &items[at..], SHORT)?;
                // What PUC Lua does not end is no candidate.
                let ended = theirs.outputs.len() - usize::from(!theirs.complete);
                let cases = items[at..].iter().zip(theirs.outputs).take(ended);
                let cases: Vec<Case> = cases
                    .map(|(item, expected)| Case {
                        index: 0,
                        item: item.clone(),
                        expected,
                    })
                    .collect();
                let (verdict, _) = self.try_out(job, binary, modes, &cases, SHORT)?;
                let differing = verdict.differences.iter().map(|(offset, ..)| *offset);
                let cut_off = (!verdict.complete).then(|| verdict.begun.saturating_sub(1));
                let compiles = |offset: &usize| !like.runs || !cases[*offset].expected.starts_with("syntax: ");
                let found = differing
                    .chain(cut_off)
                    .filter(|offset| *offset < cases.len())
                    .find(compiles);
                if let Some(offset) = found {
                    return Ok(Some(chunk * 25 + at + offset));
                }
                at += match verdict.complete {
                    true => ended + usize::from(!theirs.complete),
                    false => verdict.begun.max(1),
                };
            }
        }
        Ok(None)
    }
}
