//! Documents that a crate generates from its own tables.

use anyhow::{Context as _, Result, bail};

use crate::workspace::{Workspace, cargo};

#[derive(clap::Args)]
pub struct Options {
    /// Change nothing; fail if a document differs from what its generator prints
    #[arg(long)]
    pub check: bool,
}

/// An example that prints a document.
struct Generator {
    package: &'static str,
    example: &'static str,
    output: &'static str,
}

const GENERATORS: &[Generator] = &[Generator {
    package: "perilune-bytecode",
    example: "gen_docs",
    output: "docs/bytecode.md",
}];

/// True if every document is (or, with `--check`, was) up to date.
pub fn run(options: &Options) -> Result<bool> {
    let workspace = Workspace::load()?;
    let mut fresh = true;
    for generator in GENERATORS {
        if !exists(&workspace, generator) {
            println!(
                "{}: skipped, {} has no example {}",
                generator.output, generator.package, generator.example
            );
            continue;
        }
        let current = is_current(&workspace, generator, !options.check)?;
        let state = match (current, options.check) {
            (true, _) => "up to date",
            (false, true) => "differs from what its generator prints; run cargo xtask docs",
            (false, false) => "rewritten",
        };
        println!("{}: {state}", generator.output);
        fresh &= current || !options.check;
    }
    Ok(fresh)
}

/// Whether there is anything to check yet.
pub fn any(workspace: &Workspace) -> bool {
    GENERATORS.iter().any(|g| exists(workspace, g))
}

fn exists(workspace: &Workspace, generator: &Generator) -> bool {
    workspace
        .package(generator.package)
        .is_some_and(|p| p.has_target("example", generator.example))
}

fn is_current(workspace: &Workspace, generator: &Generator, rewrite: bool) -> Result<bool> {
    let output = cargo()
        .args([
            "run",
            "--quiet",
            "--package",
            generator.package,
            "--example",
            generator.example,
        ])
        .current_dir(&workspace.root)
        .output()?;
    if !output.status.success() {
        bail!(
            "{} failed:\n{}",
            generator.example,
            String::from_utf8_lossy(&output.stderr)
        );
    }
    let path = workspace.root.join(generator.output);
    let current = std::fs::read(&path).is_ok_and(|old| old == output.stdout);
    if rewrite && !current {
        std::fs::write(&path, &output.stdout).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(current)
}
