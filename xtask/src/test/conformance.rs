//! The step `conformance`: the files of the public test suites that pass today must go on passing.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::Result;

use super::Count;
use crate::conformance::exceptions::{self, Exception, Fate};
use crate::conformance::{Guards, Job, Mode, Suite, fetch};
use crate::workspace::Workspace;

/// The slowest file takes a few seconds.
const LIMIT: Duration = Duration::from_secs(120);

/// Runs both suites, save what `exceptions.tsv` leaves out; `Err` is a reason to skip the step.
pub fn run(workspace: &Workspace, binary: &Path) -> Result<Result<Count, String>> {
    let suites = match fetch::suites(&workspace.target) {
        Ok(folders) => folders,
        Err(err) => return Ok(Err(format!("{err:#}"))),
    };
    let listed = exceptions::listed()?;
    let mut count = Count::default();
    for folder in &suites {
        count.add(run_suite(workspace, binary, &Suite::open(folder, None)?, &listed)?);
    }
    Ok(Ok(count))
}

fn run_suite(workspace: &Workspace, binary: &Path, suite: &Suite, listed: &[Exception]) -> Result<Count> {
    let mut files = Vec::new();
    for file in suite.files(&[])? {
        let exception = listed.iter().find(|e| e.std == suite.std && e.file == file);
        match exception.map(|e| (&e.fate, &e.why)) {
            Some((Fate::LeftOut, why)) => println!("{} {file}: left out: {why}", suite.std),
            Some((Fate::Guarded(guards), _)) => files.push((file, guards.clone())),
            None => files.push((file, Guards::default())),
        }
    }
    let job = Job {
        suite,
        binary,
        flags: &[],
        mode: Mode::User,
        dump: false,
        limit: LIMIT,
        scratch: &workspace.target.join("conformance"),
    };
    let next = AtomicUsize::new(0);
    let failures = Mutex::new(Vec::new());
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some((file, guards)) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let complaint = match job.run(file, guards) {
                        Ok(row) if row.passed() => continue,
                        Ok(row) => row.to_string(),
                        Err(err) => format!("{file}: {err:#}"),
                    };
                    failures.lock().expect("no worker panics").push(complaint);
                }
            });
        }
    });
    let mut failures = failures.into_inner().expect("no worker panics");
    failures.sort();
    for failure in &failures {
        println!("{} {failure}", suite.std);
    }
    Ok(Count {
        passed: files.len() - failures.len(),
        failed: failures.len(),
    })
}
