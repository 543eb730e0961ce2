//! Everything that must hold, step by step, closed by one plain count.

mod conformance;
mod corpus;
pub mod modes;
pub mod reference;
pub mod script;
mod wishes;

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};

use crate::fuzz::differential::Grammar;
use crate::workspace::{Workspace, cargo};
use crate::{disasm, docs, fuzz, tidy};
use modes::Build;

#[derive(clap::Args)]
pub struct Options {
    /// Run only the steps whose name contains this
    #[arg(long)]
    only: Option<String>,
}

/// Counts over all steps.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    pub passed: usize,
    pub failed: usize,
}

impl Count {
    fn one(passed: bool) -> Self {
        Self {
            passed: usize::from(passed),
            failed: usize::from(!passed),
        }
    }

    fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

/// How a step ended.
enum Step {
    Ran(Count),
    /// What the step needs does not exist here.
    Skipped(String),
}

/// True if nothing failed.
pub fn run(options: &Options) -> Result<bool> {
    let workspace = Workspace::load()?;
    let mut run = Run {
        only: options.only.clone(),
        total: Count::default(),
        notes: Vec::new(),
    };

    run.step("tidy", || run_tidy(&workspace));
    run.step("clippy", || {
        check(
            "clippy",
            &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"],
            &workspace,
        )
    });
    run.step("format", || check("fmt", &["fmt", "--all", "--check"], &workspace));
    run.step("documents", || {
        if !docs::any(&workspace) {
            return Ok(Step::Skipped("no crate generates a document".to_owned()));
        }
        Ok(Step::Ran(Count::one(docs::run(&docs::Options { check: true })?)))
    });
    run.step("cargo test", || cargo_test(&["--workspace"], &workspace));
    for (package, features) in features(&workspace) {
        run.step(&format!("cargo test, {package} with {}", features.join(", ")), || {
            cargo_test(&["--package", &package, "--features", &features.join(",")], &workspace)
        });
        if features.len() > 1 {
            run.step(&format!("cargo check, {package} with one feature at a time"), || {
                check_each(&package, &features, &workspace)
            });
        }
    }
    run_corpus(&workspace, &mut run);
    run.step("oracle", || {
        Ok(match reference::check(&workspace)? {
            Ok(count) => Step::Ran(count),
            Err(why) => Step::Skipped(why),
        })
    });

    println!();
    for note in &run.notes {
        println!("{note}");
    }
    println!("{} passed, {} failed", run.total.passed, run.total.failed);
    Ok(run.total.failed == 0)
}

struct Run {
    only: Option<String>,
    total: Count,
    /// Failed and skipped steps, repeated before the closing line.
    notes: Vec<String>,
}

impl Run {
    fn wants(&self, name: &str) -> bool {
        self.only.as_ref().is_none_or(|part| name.contains(part.as_str()))
    }

    fn step(&mut self, name: &str, body: impl FnOnce() -> Result<Step>) {
        if !self.wants(name) {
            return;
        }
        println!("\n== {name}");
        let start = Instant::now();
        let end = match body() {
            Ok(Step::Ran(count)) => {
                self.total.add(count);
                if count.failed > 0 {
                    self.notes.push(format!("failed: {name}"));
                }
                format!("{} passed, {} failed", count.passed, count.failed)
            }
            Ok(Step::Skipped(why)) => {
                self.notes.push(format!("skipped: {name}: {why}"));
                format!("skipped: {why}")
            }
            Err(err) => {
                self.total.add(Count::one(false));
                self.notes.push(format!("failed: {name}: {err:#}"));
                format!("failed: {err:#}")
            }
        };
        println!("-- {name}: {end} in {:.1} s", start.elapsed().as_secs_f64());
    }
}

fn run_tidy(workspace: &Workspace) -> Result<Step> {
    let findings = tidy::check(workspace)?;
    for finding in &findings {
        println!("{finding}");
    }
    Ok(Step::Ran(Count::one(findings.is_empty())))
}

/// A cargo command that passes or fails as one; skipped where its component is not installed.
fn check(component: &str, args: &[&str], workspace: &Workspace) -> Result<Step> {
    let installed = cargo()
        .args([component, "--version"])
        .output()
        .is_ok_and(|o| o.status.success());
    if !installed {
        return Ok(Step::Skipped(format!("cargo {component} is not installed")));
    }
    let status = cargo().args(args).current_dir(&workspace.root).status()?;
    Ok(Step::Ran(Count::one(status.success())))
}

/// Whether the library and the programs of a package compile with each feature alone.
fn check_each(package: &str, features: &[String], workspace: &Workspace) -> Result<Step> {
    let mut count = Count::default();
    for feature in features {
        let status = cargo()
            .args([
                "check",
                "--quiet",
                "--lib",
                "--bins",
                "--package",
                package,
                "--features",
                feature,
            ])
            .current_dir(&workspace.root)
            .status()?;
        if !status.success() {
            println!("{package} does not compile with the feature {feature} alone");
        }
        count.add(Count::one(status.success()));
    }
    Ok(Step::Ran(count))
}

/// The features of each crate that the plain run does not have. Those that change nothing, which exist so that a manifest
/// may name them, would build and run the same again.
fn features(workspace: &Workspace) -> Vec<(String, Vec<String>)> {
    let mut packages = Vec::new();
    for package in &workspace.packages {
        let default = package.features.get("default");
        let is_default = |f: &String| f == "default" || default.is_some_and(|d| d.contains(f));
        let folder = package.manifest_path.parent().unwrap_or(&package.manifest_path);
        let changes = |(f, enables): &(&String, &Vec<String>)| {
            !enables.is_empty() || mentions(folder, &format!("feature = \"{f}\""))
        };
        let optional = package.features.iter().filter(|(f, _)| !is_default(f));
        let features: Vec<String> = optional.filter(changes).map(|(f, _)| f.clone()).collect();
        if !features.is_empty() {
            packages.push((package.name.clone(), features));
        }
    }
    packages
}

/// Whether a source file below `folder` contains `text`. What cannot be read may contain it.
fn mentions(folder: &Path, text: &str) -> bool {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return true;
    };
    entries.flatten().any(|entry| {
        let path = entry.path();
        if path.is_dir() {
            return mentions(&path, text);
        }
        path.extension().is_some_and(|e| e == "rs")
            && std::fs::read_to_string(&path).map_or(true, |source| source.contains(text))
    })
}

fn cargo_test(args: &[&str], workspace: &Workspace) -> Result<Step> {
    let mut command = cargo();
    // A snapshot that differs fails here, and is reviewed through `cargo xtask snap`.
    command
        .arg("test")
        .arg("--no-fail-fast")
        .args(args)
        .env("INSTA_UPDATE", "no")
        .current_dir(&workspace.root);
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot run cargo test")?;
    let mut count = Count::default();
    for line in BufReader::new(child.stdout.take().expect("stdout is piped")).split(b'\n') {
        let line = String::from_utf8_lossy(&line?).into_owned();
        count.add(test_result(&line).unwrap_or_default());
        println!("{line}");
    }
    if !child.wait()?.success() && count.failed == 0 {
        // It did not compile, or a test binary died.
        count.failed = 1;
    }
    Ok(Step::Ran(count))
}

/// The counts of a closing line of the test harness.
fn test_result(line: &str) -> Option<Count> {
    let counts = line.strip_prefix("test result: ")?.split_once(". ")?.1;
    let number = |what: &str| {
        let part = counts.split(';').map(str::trim).find(|p| p.ends_with(what))?;
        part.split(' ').next()?.parse().ok()
    };
    Some(Count {
        passed: number(" passed")?,
        failed: number(" failed")?,
    })
}

fn run_corpus(workspace: &Workspace, run: &mut Run) {
    if !workspace.has_perilune_binary() {
        run.step("corpus", || {
            Ok(Step::Skipped(
                "the perilune package has no perilune command yet".to_owned(),
            ))
        });
        return;
    }
    let mut binaries = Binaries::default();
    run.step("disasm", || {
        let binary = binaries.build(workspace, Build::Release)?;
        Ok(match disasm::disassemble(&binary)? {
            Some(code) => Step::Ran(Count::one(disasm::report(&code))),
            None => Step::Skipped(disasm::UNAVAILABLE.to_owned()),
        })
    });
    run.step("conformance", || {
        let binary = binaries.build(workspace, Build::Release)?;
        Ok(match conformance::run(workspace, &binary)? {
            Ok(count) => Step::Ran(count),
            Err(why) => Step::Skipped(why),
        })
    });
    run.step("wishlist", || {
        let binary = binaries.build(workspace, Build::Dev)?;
        wishes::report(workspace, &binary)?;
        Ok(Step::Ran(Count::default()))
    });
    for target in ["differential", "patterns", "format", "pack"] {
        run.step(target, || differential(workspace, target));
    }
    for mode in modes::MODES {
        run.step(&format!("corpus, {}", mode.name), || {
            let binary = binaries.build(workspace, mode.build)?;
            let cases = corpus::cases(workspace)?;
            let complaints = corpus::run(&binary, mode, &cases, &workspace.root);
            for complaint in &complaints {
                print!("{complaint}");
            }
            Ok(Step::Ran(Count {
                passed: cases.len() - complaints.len(),
                failed: complaints.len(),
            }))
        });
    }
}

/// The commands that the corpus runs on, each built once.
#[derive(Default)]
struct Binaries {
    built: BTreeMap<Build, PathBuf>,
}

impl Binaries {
    fn build(&mut self, workspace: &Workspace, build: Build) -> Result<PathBuf> {
        if let Some(path) = self.built.get(&build) {
            return Ok(path.clone());
        }
        let (flag, folder) = match build {
            Build::Dev => (None, "debug"),
            Build::Release => (Some("--release"), "release"),
        };
        let status = cargo()
            .args(["build", "--package", "perilune", "--bin", "perilune"])
            .args(flag)
            .current_dir(&workspace.root)
            .status()?;
        if !status.success() {
            bail!("perilune does not build");
        }
        let path = workspace.target.join(folder).join("perilune");
        self.built.insert(build, path.clone());
        Ok(path)
    }
}

/// Some random programs on PUC Lua and in every mode.
fn differential(workspace: &Workspace, target: &str) -> Result<Step> {
    let oracle = match reference::oracle(workspace) {
        Ok(binary) => binary,
        Err(why) => return Ok(Step::Skipped(why)),
    };
    // The corpus tries the release build; here that would be one more to link.
    let trials = fuzz::trials(workspace, Build::Dev)?;
    let session = fuzz::differential::Session {
        grammar: Grammar::of(target).context("the target has a grammar")?,
        oracle,
        release: trials.clone(),
        debug: trials,
        folder: workspace.target.join("fuzz"),
        only: None,
        jobs: 2,
    };
    let tally = session.run(&fuzz::differential::SMOKE)?;
    println!("{tally}");
    Ok(Step::Ran(Count {
        passed: (tally.programs as usize).saturating_sub(tally.findings.len()),
        failed: tally.findings.len(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_of_the_harness_count() {
        let line = "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.00s";
        assert_eq!(test_result(line), Some(Count { passed: 12, failed: 0 }));
        let line = "test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out";
        assert_eq!(test_result(line), Some(Count { passed: 1, failed: 2 }));
        assert_eq!(test_result("test a ... ok"), None);
    }

    #[test]
    fn failures_and_skips_are_repeated_and_summed() {
        let mut run = Run {
            only: None,
            total: Count::default(),
            notes: Vec::new(),
        };
        run.step("a", || Ok(Step::Ran(Count { passed: 3, failed: 0 })));
        run.step("b", || Ok(Step::Ran(Count { passed: 1, failed: 2 })));
        run.step("c", || Ok(Step::Skipped("why".to_owned())));
        run.step("d", || bail!("gone"));
        assert_eq!(run.total, Count { passed: 4, failed: 3 });
        assert_eq!(run.notes, ["failed: b", "skipped: c: why", "failed: d: gone"]);
    }

    #[test]
    fn features_that_change_nothing_are_not_tested_again() {
        let packages = features(&Workspace::load().unwrap());
        let has = |package: &str, feature: &str| {
            let features = packages.iter().find(|(p, _)| p == package).map(|(_, f)| f);
            features.is_some_and(|all| all.iter().any(|f| f == feature))
        };
        assert!(has("perilune-vm", "loop-dispatch") && has("perilune-bytecode", "fuzzing"));
        assert!(has("perilune", "error-send") && !has("perilune", "vendored"));
    }

    #[test]
    fn steps_can_be_selected() {
        let run = Run {
            only: Some("corpus".to_owned()),
            total: Count::default(),
            notes: Vec::new(),
        };
        assert!(run.wants("corpus, O0") && !run.wants("tidy"));
    }
}
