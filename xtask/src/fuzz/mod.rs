//! Random cases without end: `cargo xtask fuzz [TARGET] [--time SECONDS]`.

pub mod differential;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::bench::peers;
use crate::test::modes::Build;
use crate::workspace::{Workspace, cargo};
use differential::Grammar;

#[derive(clap::Args)]
pub struct Options {
    /// What is tried: differential, patterns, format, pack, parser, ir, regalloc, bytecode, mutants or compiler
    #[arg(default_value = "differential")]
    target: String,
    /// Seconds to go on for
    #[arg(long, default_value_t = 60)]
    time: u64,
    /// The seed of the cases
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The number of the first case
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Only this many cases
    #[arg(long)]
    cases: Option<u64>,
    /// Only the modes whose name contains this
    #[arg(long)]
    mode: Option<String>,
    /// Batches of programs that are tried at the same time
    #[arg(long, default_value_t = 1)]
    jobs: usize,
    /// `perilune-trials`, optimized, instead of building it
    #[arg(long)]
    binary: Option<PathBuf>,
    /// `perilune-trials` with debug assertions, instead of building it
    #[arg(long)]
    debug_binary: Option<PathBuf>,
    /// PUC Lua 5.5, instead of building it
    #[arg(long)]
    oracle: Option<PathBuf>,
    /// Print the case with this number instead of trying anything
    #[arg(long)]
    print: Option<u64>,
}

/// A target that `cargo test` has a second of: laws that random cases must keep.
struct Laws {
    name: &'static str,
    package: &'static str,
    /// Which tests: the kind of target, and a part of their names.
    tests: &'static [&'static str],
    /// How many tests these are; they share the time.
    count: u64,
}

const LAWS: &[Laws] = &[
    Laws {
        name: "parser",
        package: "perilune-frontend",
        tests: &["--test", "it", "laws::"],
        count: 4,
    },
    Laws {
        name: "ir",
        package: "perilune-ir",
        tests: &["--lib", "random_functions_keep_the_laws"],
        count: 1,
    },
    Laws {
        name: "regalloc",
        package: "perilune-regalloc",
        tests: &["--lib", "random_functions_pass_the_checker"],
        count: 1,
    },
    Laws {
        name: "bytecode",
        package: "perilune-bytecode",
        tests: &["--lib", "keep_the_laws"],
        count: 2,
    },
    Laws {
        name: "mutants",
        package: "perilune-trials",
        tests: &["--lib", "changed_modules_do_the_same_everywhere"],
        count: 1,
    },
    Laws {
        name: "compiler",
        package: "perilune-compiler",
        tests: &["--test", "it", "random_programs_make_verified_code"],
        count: 1,
    },
];

/// Runs the tests of a target for this long, with debug assertions; a failure prints the seed that repeats it.
fn laws(target: &str, seconds: u64, seed: u64) -> Result<bool> {
    let Some(laws) = LAWS.iter().find(|laws| laws.name == target) else {
        bail!("no target {target}");
    };
    let workspace = Workspace::load()?;
    let status = cargo()
        .args(["test", "--package", laws.package])
        .args(laws.tests)
        .args(["--", "--test-threads=1", "--nocapture"])
        .env("PERILUNE_FUZZ_SEED", seed.to_string())
        .env("PERILUNE_FUZZ_MS", (seconds * 1000 / laws.count).to_string())
        .current_dir(&workspace.root)
        .status()?;
    Ok(status.success())
}

/// Builds `perilune-trials`.
pub fn trials(workspace: &Workspace, build: Build) -> Result<PathBuf> {
    let (flag, folder) = match build {
        Build::Dev => (None, "debug"),
        Build::Release => (Some("--release"), "release"),
    };
    let built = cargo()
        .args(["build", "--package", "perilune-trials", "--bin", "perilune-trials"])
        .args(flag)
        .current_dir(&workspace.root)
        .status()?;
    if !built.success() {
        bail!("perilune-trials does not build");
    }
    Ok(workspace.target.join(folder).join("perilune-trials"))
}

/// True if nothing was found.
pub fn run(options: &Options) -> Result<bool> {
    let Some(grammar) = Grammar::of(&options.target) else {
        return laws(&options.target, options.time, options.seed);
    };
    if let Some(index) = options.print {
        print!("{}", grammar.item(options.seed, index).source);
        return Ok(true);
    }
    let workspace = Workspace::load()?;
    let release = match &options.binary {
        Some(path) => path.clone(),
        None => trials(&workspace, Build::Release)?,
    };
    let debug = match &options.debug_binary {
        Some(path) => path.clone(),
        None => trials(&workspace, Build::Dev)?,
    };
    let session = differential::Session {
        grammar,
        oracle: match &options.oracle {
            Some(path) => path.clone(),
            None => peers::build(&workspace, "lua55", Duration::from_secs(600))?,
        },
        release,
        debug,
        folder: workspace.target.join("fuzz"),
        only: options.mode.clone(),
        jobs: options.jobs.max(1),
    };
    let limits = differential::Limits {
        seed: options.seed,
        from: options.from,
        cases: options.cases,
        time: Duration::from_secs(options.time),
    };
    let tally = session.run(&limits)?;
    println!("{tally}");
    Ok(tally.findings.is_empty())
}
