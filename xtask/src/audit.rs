//! `audit`: where unsafe code is, which invariants it cites, and which tests watch over them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Result;
use comfy_table::{CellAlignment, Table, presets};

use crate::rust_text::code_only;
use crate::tidy::safety::{cited_in, defined_in};
use crate::workspace::Workspace;

#[derive(clap::Args)]
pub struct Options {
    /// Also list the tests by name
    #[arg(long)]
    tests: bool,
}

/// What a file has.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    blocks: usize,
    functions: usize,
    impls: usize,
    /// How often each invariant is cited.
    cited: BTreeMap<String, usize>,
    tests: Vec<String>,
}

impl Counts {
    fn of(text: &str) -> Counts {
        let mut counts = Counts::default();
        let code = code_only(text);
        let words: Vec<&str> = code.split_whitespace().collect();
        for (at, word) in words.iter().enumerate() {
            // `(unsafe` and the like.
            if word.rsplit(|c: char| !c.is_alphanumeric() && c != '_').next() != Some("unsafe") {
                continue;
            }
            match words.get(at + 1).copied().unwrap_or_default() {
                "impl" => counts.impls += 1,
                "fn" | "extern" => counts.functions += 1,
                next if next.starts_with('{') => counts.blocks += 1,
                _ => {}
            }
        }
        for (_, id) in cited_in(text) {
            *counts.cited.entry(id).or_default() += 1;
        }
        let mut lines = code.lines();
        while let Some(line) = lines.next() {
            if line.trim() == "#[test]" {
                let name = lines.by_ref().find_map(|line| line.trim().strip_prefix("fn "));
                counts
                    .tests
                    .extend(name.and_then(|name| name.split('(').next()).map(str::to_owned));
            }
        }
        counts
    }

    fn is_unsafe(&self) -> bool {
        self.blocks + self.functions + self.impls > 0
    }
}

/// Prints the audit; true.
pub fn run(options: &Options) -> Result<bool> {
    let workspace = Workspace::load()?;
    let mut crates: BTreeMap<String, BTreeMap<PathBuf, (Counts, String)>> = BTreeMap::new();
    for path in workspace.files()? {
        let name = match path.strip_prefix("crates").ok().and_then(|rest| rest.iter().next()) {
            Some(name) => name.to_string_lossy().into_owned(),
            None => continue,
        };
        if path.extension().is_some_and(|e| e == "rs") {
            let text = std::fs::read_to_string(workspace.root.join(&path))?;
            let counts = Counts::of(&text);
            crates.entry(name).or_default().insert(path, (counts, text));
        }
    }
    for (name, files) in &crates {
        let tests: usize = files.values().map(|(counts, _)| counts.tests.len()).sum();
        if !files.values().any(|(counts, _)| counts.is_unsafe()) {
            println!("{name}: no unsafe code; {tests} tests");
            continue;
        }
        println!("{name}: {tests} tests\n{}", table_of(files));
        println!("{}", invariants_of(files));
        if options.tests {
            for (path, (counts, _)) in files {
                for test in &counts.tests {
                    println!("  {}: {test}", path.display());
                }
            }
        }
    }
    println!("Which tests guard which invariant of the whole: ARCHITECTURE.md, Invariants.");
    Ok(true)
}

fn table_of(files: &BTreeMap<PathBuf, (Counts, String)>) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY);
    table.set_header(["file", "blocks", "functions", "impls", "cites"]);
    for column in table.column_iter_mut().skip(1).take(3) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let mut sum = (0, 0, 0);
    for (path, (counts, _)) in files.iter().filter(|(_, (counts, _))| counts.is_unsafe()) {
        sum = (sum.0 + counts.blocks, sum.1 + counts.functions, sum.2 + counts.impls);
        let cites: Vec<&str> = counts.cited.keys().map(String::as_str).collect();
        table.add_row([
            path.display().to_string(),
            counts.blocks.to_string(),
            counts.functions.to_string(),
            counts.impls.to_string(),
            cites.join(" "),
        ]);
    }
    table.add_row([
        "together".to_owned(),
        sum.0.to_string(),
        sum.1.to_string(),
        sum.2.to_string(),
        String::new(),
    ]);
    table
}

/// The invariants that module heads define, with how often they are cited.
fn invariants_of(files: &BTreeMap<PathBuf, (Counts, String)>) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY);
    table.set_header(["invariant", "defined in", "citations"]);
    for (path, (_, text)) in files {
        for id in defined_in(text) {
            let citations: usize = files.values().filter_map(|(counts, _)| counts.cited.get(&id)).sum();
            table.add_row([id, path.display().to_string(), citations.to_string()]);
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_unsafe_is_counted() {
        let text = "// SAFETY: F1, H2; unsafe { } in a comment.\nunsafe fn f() { unsafe { g() } }\nunsafe impl A for B {}\n\
                    fn h() { (unsafe { 1 }, \"unsafe {\") }\n#[test]\nfn it_works() {}\n";
        let counts = Counts::of(text);
        assert_eq!((counts.blocks, counts.functions, counts.impls), (2, 1, 1));
        assert_eq!(counts.cited.keys().collect::<Vec<_>>(), ["F1", "H2"]);
        assert_eq!(counts.tests, ["it_works"]);
    }
}
