#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod audit;
mod bench;
mod child;
mod conformance;
mod disasm;
mod docs;
mod faults;
mod fuzz;
mod layout;
mod measure;
mod mlua_tests;
mod oracle;
mod rust_text;
mod snap;
mod test;
mod tidy;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Drives tests, benchmarks, snapshots and tidiness of the Perilune workspace.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    door: Door,
}

#[derive(Subcommand)]
enum Door {
    /// Run everything that must hold and close with a plain count
    Test(test::Options),
    /// Run the benchmark programs on Perilune and on its peers and print who is faster
    Bench(bench::Options),
    /// Check the rules of the source tree: arrows, heads of files, unsafe, links
    Tidy,
    /// Count unsafe code by crate and file, with the invariants that it cites and the tests that are there
    Audit(audit::Options),
    /// Run the snapshot tests and list what changed by stage
    Snap(snap::Options),
    /// Check in the release binary that handlers are jumps without prologues
    Disasm(disasm::Options),
    /// Find out which functions of the command run, and have the linker put them side by side
    Layout,
    /// Regenerate the generated documents
    Docs(docs::Options),
    /// Run the files of a public test suite one by one
    Conformance(conformance::Options),
    /// Run the integration tests of a checkout of mlua on Perilune
    MluaTests(mlua_tests::Options),
    /// Run scripts on Perilune and on PUC Lua 5.5 and show where they differ
    Oracle(oracle::Options),
    /// Try random cases: programs on PUC Lua and on Perilune in every mode
    Fuzz(fuzz::Options),
    /// Put a fault at every place of the corpus's programs and see that the state stays usable
    Faults,
    /// Run one command and write what it used to a file (used by `bench`)
    #[command(hide = true)]
    Measure(measure::Options),
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().door {
        Door::Test(options) => test::run(&options),
        Door::Bench(options) => bench::run(&options),
        Door::Tidy => tidy::run(),
        Door::Audit(options) => audit::run(&options),
        Door::Snap(options) => snap::run(&options),
        Door::Disasm(options) => disasm::run(&options),
        Door::Layout => layout::run(),
        Door::Docs(options) => docs::run(&options),
        Door::Conformance(options) => conformance::run(&options),
        Door::MluaTests(options) => mlua_tests::run(&options),
        Door::Oracle(options) => oracle::run(&options),
        Door::Faults => faults::run(),
        Door::Fuzz(options) => fuzz::run(&options),
        Door::Measure(options) => return measure::child(&options),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(err) => {
            eprintln!("error: {err:#}");
            ExitCode::FAILURE
        }
    }
}
