//! Random cases without end: `cargo xtask fuzz [TARGET] [--time SECONDS]`.

pub mod differential;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::bench::peers;
use crate::workspace::{Workspace, cargo};

#[derive(clap::Args)]
pub struct Options {
    /// What is tried
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
    /// The optimized command, instead of building it
    #[arg(long)]
    binary: Option<PathBuf>,
    /// The command with debug assertions, instead of building it
    #[arg(long)]
    debug_binary: Option<PathBuf>,
    /// Print the case with this number instead of trying anything
    #[arg(long)]
    print: Option<u64>,
}

/// True if nothing was found.
pub fn run(options: &Options) -> Result<bool> {
    if options.target != "differential" {
        bail!("no target {}", options.target);
    }
    if let Some(index) = options.print {
        print!("{}", differential::item(options.seed, index).source);
        return Ok(true);
    }
    let workspace = Workspace::load()?;
    let build = |flag: &[&str], folder: &str| -> Result<PathBuf> {
        let built = cargo()
            .args(["build", "--package", "perilune", "--bin", "perilune"])
            .args(flag)
            .current_dir(&workspace.root)
            .status()?;
        if !built.success() {
            bail!("perilune does not build");
        }
        Ok(workspace.target.join(folder).join("perilune"))
    };
    let release = match &options.binary {
        Some(path) => path.clone(),
        None => build(&["--release"], "release")?,
    };
    let debug = match &options.debug_binary {
        Some(path) => path.clone(),
        None => build(&[], "debug")?,
    };
    let session = differential::Session {
        oracle: peers::build(&workspace, "lua55", Duration::from_secs(600))?,
        release,
        debug,
        folder: workspace.target.join("fuzz"),
        only: options.mode.clone(),
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
