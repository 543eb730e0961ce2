//! The runs: rounds over programs over subjects, so that neighbours in time are what gets compared.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::stats::Spread;
use crate::measure;

/// One row of work: a command line for each subject that can run it.
#[derive(Debug)]
pub struct Job {
    pub name: String,
    pub group: char,
    pub args: Vec<String>,
    pub commands: Vec<Option<Vec<OsString>>>,
    /// What every subject must print; without it, nothing is compared.
    pub expected: Option<Vec<u8>>,
}

/// What a sample is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    /// User and system time of the whole process, in seconds.
    Cpu,
    /// The second word that the program prints, in nanoseconds.
    Printed,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    #[default]
    Pending,
    Ok,
    Unsupported,
    Timeout,
    WrongOutput,
    Failed(String),
}

/// One job on one subject.
#[derive(Debug, Clone, Default)]
pub struct Cell {
    pub state: State,
    pub samples: Vec<f64>,
    pub peak_kib: i64,
}

impl Cell {
    /// The times, if every run so far was right.
    pub fn spread(&self) -> Option<Spread> {
        (self.state == State::Ok).then(|| Spread::of(&self.samples)).flatten()
    }
}

#[derive(Debug)]
pub struct Plan {
    pub metric: Metric,
    pub rounds: usize,
    /// For one run.
    pub limit: Duration,
    /// No run starts after this.
    pub deadline: Instant,
    /// A file for the figures of each run.
    pub scratch: PathBuf,
}

/// Cells by job, then subject, and the number of rounds that all subjects took part in.
#[derive(Debug)]
pub struct Runs {
    pub cells: Vec<Vec<Cell>>,
    pub full_rounds: usize,
}

/// Runs all jobs on all subjects for as many rounds as the plan and the time allow. When a whole round no longer
/// fits, the first subjects of the list go on alone while they fit.
pub fn run(jobs: &[Job], subjects: &[&str], plan: &Plan) -> Result<Runs> {
    let mut cells = vec![vec![Cell::default(); subjects.len()]; jobs.len()];
    for (row, job) in cells.iter_mut().zip(jobs) {
        for (cell, command) in row.iter_mut().zip(&job.commands) {
            if command.is_none() {
                cell.state = State::Unsupported;
            }
        }
    }
    let bar = ProgressBar::new((plan.rounds * jobs.len() * subjects.len()) as u64);
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {elapsed_precise} left {eta} {msg}");
    bar.set_style(style.expect("the template is valid"));
    let mut costs = vec![Duration::ZERO; subjects.len()];
    let mut full_rounds = 0;
    'rounds: for round in 0..plan.rounds {
        let left = plan.deadline.saturating_duration_since(Instant::now());
        let width = if round == 0 {
            subjects.len()
        } else {
            affordable(&costs, left)
        };
        if width == 0 {
            break;
        }
        costs.fill(Duration::ZERO);
        for (job, row) in jobs.iter().zip(&mut cells) {
            for (at, subject) in subjects.iter().enumerate().take(width) {
                bar.set_message(format!("{} {subject}", job.name));
                bar.inc(1);
                let cell = &mut row[at];
                let Some(command) = &job.commands[at] else {
                    continue;
                };
                if !matches!(cell.state, State::Pending | State::Ok) {
                    // Wrong once is wrong; a hang once is enough of it.
                    continue;
                }
                let now = Instant::now();
                if now >= plan.deadline {
                    break 'rounds;
                }
                let limit = plan
                    .limit
                    .min(plan.deadline.saturating_duration_since(now).max(Duration::from_secs(1)));
                let cut_short = limit < plan.limit;
                run_once(command, job, cell, plan, limit, cut_short)?;
                costs[at] += now.elapsed();
            }
        }
        full_rounds += usize::from(width == subjects.len());
    }
    bar.finish_and_clear();
    Ok(Runs { cells, full_rounds })
}

/// How many subjects, from the first, fit another round in `left`; 0 if not even two do (or the only one).
fn affordable(costs: &[Duration], left: Duration) -> usize {
    let mut sum = Duration::ZERO;
    let width = costs
        .iter()
        .take_while(|cost| {
            sum += **cost;
            sum.mul_f64(1.1) <= left
        })
        .count();
    if width >= costs.len().min(2) { width } else { 0 }
}

fn run_once(
    command: &[OsString],
    job: &Job,
    cell: &mut Cell,
    plan: &Plan,
    limit: Duration,
    cut_short: bool,
) -> Result<()> {
    let (outcome, usage) = measure::run(command, &plan.scratch, limit)?;
    if outcome.timed_out && cut_short {
        // Our time ran out, not the subject's.
        return Ok(());
    }
    let right = job.expected.as_ref().is_none_or(|expected| *expected == outcome.stdout);
    cell.state = match usage {
        _ if outcome.timed_out => State::Timeout,
        _ if !outcome.status.success() => State::Failed(outcome.complaint()),
        None => State::Failed("no figures".to_owned()),
        Some(_) if !right => State::WrongOutput,
        Some(usage) => match plan.metric {
            Metric::Cpu => {
                cell.samples.push(usage.cpu_seconds);
                cell.peak_kib = cell.peak_kib.max(usage.peak_kib);
                State::Ok
            }
            Metric::Printed => match printed(&String::from_utf8_lossy(&outcome.stdout)) {
                Some(ns) => {
                    cell.samples.push(ns);
                    State::Ok
                }
                None => State::Unsupported,
            },
        },
    };
    Ok(())
}

/// The figure in `name figure checksum`; a program that lacks the operation prints no number.
fn printed(line: &str) -> Option<f64> {
    line.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_subjects_go_on_alone() {
        let costs = [1, 2, 10].map(Duration::from_secs);
        assert_eq!(affordable(&costs, Duration::from_secs(20)), 3);
        assert_eq!(affordable(&costs, Duration::from_secs(13)), 2);
        assert_eq!(affordable(&costs, Duration::from_secs(3)), 0);
        assert_eq!(affordable(&costs[..1], Duration::from_secs(2)), 1);
        assert_eq!(affordable(&costs[..1], Duration::from_millis(500)), 0);
    }

    #[test]
    fn printed_figures() {
        assert_eq!(printed("call_local 19.5 123\n"), Some(19.5));
        assert_eq!(printed("bitops absent\n"), None);
    }

    #[test]
    fn only_right_runs_have_a_spread() {
        let mut cell = Cell {
            state: State::Ok,
            samples: vec![1.0, 2.0],
            peak_kib: 0,
        };
        assert_eq!(cell.spread().unwrap().median, 1.5);
        cell.state = State::WrongOutput;
        assert_eq!(cell.spread(), None);
    }
}
