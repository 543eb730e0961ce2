//! `cargo xtask mlua-tests`: the integration tests of a checkout of mlua, with Perilune in mlua's place.
//!
//! The tests stay out of the repository: they are copied under the target directory, into a package whose dependency `mlua` is the
//! crate `perilune`. What is copied is unchanged, but for functions that `not_applicable.tsv` names, and for those that do not
//! compile: they are blanked so that the others of their file can run, and counted.

mod functions;
mod not_applicable;
mod package;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::workspace::Workspace;
use functions::TestFn;
use not_applicable::NotApplicable;
use package::Package;

/// What the tests of mlua are told about the build: the version of Lua, and that it is part of it.
const ALWAYS: [&str; 2] = ["lua55", "vendored"];

#[derive(clap::Args)]
pub struct Options {
    /// A checkout of mlua
    #[arg(long)]
    suite: PathBuf,
    /// Test these files only (`table`, `userdata`, …)
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Features of mlua that are on beside `lua55`; by default all that Perilune has but `send`
    #[arg(long, value_delimiter = ',')]
    features: Option<Vec<String>>,
    /// Add the feature `send`
    #[arg(long)]
    send: bool,
    /// Show the errors of the compiler and what failed tests print
    #[arg(long)]
    verbose: bool,
    /// Seconds that the tests of a file may take
    #[arg(long, default_value_t = 300)]
    timeout: u64,
}

/// How one test function fared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fate {
    Passed,
    Failed,
    Ignored,
    NotCompiled,
    NotApplicable,
}

/// True if every applicable test passed.
pub fn run(options: &Options) -> Result<bool> {
    let workspace = Workspace::load()?;
    let perilune = workspace.package("perilune").context("no package perilune")?;
    let folder = options.suite.join("tests");
    let mut files = Vec::new();
    for entry in std::fs::read_dir(&folder).with_context(|| format!("no tests in {}", folder.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|e| e == "rs") {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            if options.only.is_empty() || options.only.contains(&name) {
                files.push(name);
            }
        }
    }
    files.sort();
    if files.is_empty() {
        bail!("no test files of these names in {}", folder.display());
    }
    let mut features: Vec<String> = ALWAYS.map(str::to_owned).into();
    match &options.features {
        Some(wanted) => features.extend(wanted.iter().cloned()),
        None => features.extend(
            package::FEATURES
                .iter()
                .filter(|f| **f != "send" && perilune.features.contains_key(**f))
                .map(|f| (*f).to_owned()),
        ),
    }
    if options.send {
        features.push("send".to_owned());
    }
    println!("features: {}\n", features.join(", "));
    let package = Package::make(&workspace, &options.suite, &features)?;
    let listed = NotApplicable::load()?;
    let limit = Duration::from_secs(options.timeout);
    println!("{}", Count::HEAD);
    let mut total = Count::default();
    let mut notes = Vec::new();
    for file in &files {
        if let Some(reason) = listed.file(file) {
            println!("| {file:<15} | not applicable: {reason}");
            continue;
        }
        let text = std::fs::read_to_string(folder.join(format!("{file}.rs")))?;
        let fates = test_file(&package, file, &text, &listed, options.verbose, limit, &mut notes)?;
        let count = Count::of(fates.values().copied());
        println!("{}", count.row(file));
        total.add(&count);
        for (name, fate) in &fates {
            match fate {
                Fate::Failed => notes.push(format!("{file}::{name} failed")),
                Fate::NotCompiled => notes.push(format!("{file}::{name} does not compile")),
                Fate::NotApplicable => {
                    let reason = listed.function(file, name).unwrap_or_default();
                    notes.push(format!("{file}::{name} is not applicable: {reason}"));
                }
                Fate::Passed | Fate::Ignored => {}
            }
        }
    }
    println!("{}", total.row("all"));
    if !notes.is_empty() {
        println!();
    }
    for note in &notes {
        println!("{note}");
    }
    let bad = total.failed + total.not_compiled;
    println!("\n{} passed, {bad} failed, {} skipped", total.passed, total.ignored);
    Ok(bad == 0)
}

/// The fates of the test functions that a file has under the package's features.
fn test_file(
    package: &Package,
    file: &str,
    text: &str,
    listed: &NotApplicable,
    verbose: bool,
    limit: Duration,
    notes: &mut Vec<String>,
) -> Result<BTreeMap<String, Fate>> {
    let found = functions::scan(text, &package.features);
    let mut fates: BTreeMap<String, Fate> = BTreeMap::new();
    let mut blanked: Vec<&TestFn> = Vec::new();
    for f in &found {
        if listed.function(file, &f.name).is_some() {
            fates.insert(f.name.clone(), Fate::NotApplicable);
            blanked.push(f);
        }
    }
    let binary = loop {
        let mut copy = functions::blank(text, &blanked);
        for name in listed.imports(file) {
            copy = functions::without_import(&copy, name);
        }
        package.write(file, &copy)?;
        let build = package.build(file)?;
        if verbose {
            for error in &build.errors {
                eprintln!("{}", error.rendered);
            }
        }
        if let Some(binary) = build.binary {
            break Some(binary);
        }
        let before = blanked.len();
        let mut outside = 0;
        for error in &build.errors {
            match found.iter().find(|f| error.lines.iter().any(|l| f.lines.contains(l))) {
                Some(f) if !blanked.iter().any(|b| b.name == f.name) => {
                    fates.insert(f.name.clone(), Fate::NotCompiled);
                    blanked.push(f);
                }
                Some(_) => {}
                None => outside += 1,
            }
        }
        if blanked.len() == before {
            let first = build.errors.first().map_or("no reason given", |e| e.message.as_str());
            notes.push(format!(
                "{file} does not compile: {outside} errors outside of its tests, such as: {first}"
            ));
            break None;
        }
    };
    let waiting: Vec<&TestFn> = found.iter().filter(|f| !fates.contains_key(&f.name)).collect();
    match binary {
        Some(binary) => {
            let mut ran = package.run(&binary, None, limit, verbose)?;
            for f in &waiting {
                if !ran.contains_key(&f.name) {
                    // The process died in some test: each of those without an outcome gets its own.
                    ran.extend(package.run(&binary, Some(&f.name), limit, verbose)?);
                }
                let fate = ran.get(&f.name).copied().unwrap_or(Fate::Failed);
                fates.insert(f.name.clone(), fate);
            }
        }
        None => fates.extend(waiting.iter().map(|f| (f.name.clone(), Fate::NotCompiled))),
    }
    Ok(fates)
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Count {
    passed: usize,
    failed: usize,
    ignored: usize,
    not_compiled: usize,
    not_applicable: usize,
}

impl Count {
    const HEAD: &str = "\
| file            | passed | failed | ignored | did not compile | not applicable |\n\
|-----------------|-------:|-------:|--------:|----------------:|---------------:|";

    fn of(fates: impl Iterator<Item = Fate>) -> Self {
        let mut count = Self::default();
        for fate in fates {
            *match fate {
                Fate::Passed => &mut count.passed,
                Fate::Failed => &mut count.failed,
                Fate::Ignored => &mut count.ignored,
                Fate::NotCompiled => &mut count.not_compiled,
                Fate::NotApplicable => &mut count.not_applicable,
            } += 1;
        }
        count
    }

    fn add(&mut self, other: &Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.ignored += other.ignored;
        self.not_compiled += other.not_compiled;
        self.not_applicable += other.not_applicable;
    }

    fn row(&self, name: &str) -> String {
        format!(
            "| {name:<15} | {:>6} | {:>6} | {:>7} | {:>15} | {:>14} |",
            self.passed, self.failed, self.ignored, self.not_compiled, self.not_applicable
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fates_are_counted() {
        let count = Count::of([Fate::Passed, Fate::Failed, Fate::Passed, Fate::NotCompiled].into_iter());
        assert_eq!((count.passed, count.failed, count.not_compiled), (2, 1, 1));
        assert!(count.row("table").starts_with("| table           |      2 |      1 |"));
    }
}
