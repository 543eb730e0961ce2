//! Rules for single source files: heads, unsafe code, hash maps, leftovers, paths of machines.

use super::{File, Finding};
use crate::rust_text::{code_only, words};

/// The file that converts maps of any hasher, which users bring.
const MAPS_OF_USERS: &str = "crates/perilune/src/maps.rs";

/// Crates that may hold unsafe code.
const UNSAFE_CRATES: [&str; 2] = ["gc", "vm"];
const LEFTOVERS: [&str; 3] = ["dbg", "todo", "unimplemented"];
/// First parts of absolute paths that name somebody's machine.
const MACHINE_DIRS: [&str; 3] = ["root", "home", "work"];

pub fn check(file: &File) -> Vec<Finding> {
    let mut findings = machine_paths(file);
    if file.path.to_string_lossy().ends_with(".snap.new") {
        findings.push(Finding::new(&file.path, 0, "a pending snapshot is tracked"));
    }
    if file.is("rs") {
        findings.extend(head(file));
        findings.extend(code(file));
    }
    findings
}

/// Every file opens with a sentence; a `lib.rs` may take it from its README.
fn head(file: &File) -> Option<Finding> {
    let opens = ["//!", "#![doc = include_str!("]
        .iter()
        .any(|start| file.text.starts_with(start));
    (!opens).then(|| Finding::new(&file.path, 1, "the file does not open with a `//!` sentence"))
}

fn code(file: &File) -> Vec<Finding> {
    let code = code_only(&file.text);
    let mut findings = Vec::new();
    let in_workspace = file.crate_name().is_some() || file.path.starts_with("xtask");
    let may_be_unsafe = !in_workspace || file.crate_name().is_some_and(|c| UNSAFE_CRATES.contains(&c));
    let hash_maps_matter =
        file.crate_name().is_some() && !file.path.ends_with(MAPS_OF_USERS) && !code.contains("hashbrown");
    for (line, word, next) in words(&code) {
        let complaint = match word {
            "unsafe" if !may_be_unsafe => "unsafe code outside gc and vm".to_owned(),
            "HashMap" | "HashSet" if hash_maps_matter => {
                format!("std's {word} has no stable order")
            }
            _ if next == '!' && LEFTOVERS.contains(&word) => format!("{word}! is left over"),
            _ => continue,
        };
        findings.push(Finding::new(&file.path, line, complaint));
    }
    let is_root = file.path.ends_with("src/lib.rs") || file.path.ends_with("src/main.rs");
    if is_root && !may_be_unsafe && !code.contains("#![forbid(unsafe_code)]") {
        findings.push(Finding::new(&file.path, 1, "the crate does not forbid unsafe code"));
    }
    findings
}

fn machine_paths(file: &File) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (line, number) in file.text.lines().zip(1..) {
        for dir in MACHINE_DIRS {
            let needle = format!("/{dir}/");
            let absolute = line.match_indices(&needle).any(|(at, _)| {
                let before = line[..at].chars().next_back();
                !before.is_some_and(|c| c.is_alphanumeric() || "._-*}/~".contains(c))
            });
            if absolute {
                findings.push(Finding::new(
                    &file.path,
                    number,
                    format!("names a path of one machine ({needle}…)"),
                ));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(path: &str, text: &str) -> Vec<String> {
        let file = File {
            path: path.into(),
            text: text.to_owned(),
        };
        check(&file)
            .into_iter()
            .map(|f| format!("{}: {}", f.line, f.message))
            .collect()
    }

    #[test]
    fn files_open_with_a_sentence() {
        assert!(findings("crates/ir/src/x.rs", "//! Why.\nfn f() {}\n").is_empty());
        assert!(findings("crates/gc/src/lib.rs", "#![doc = include_str!(\"../README.md\")]\n").is_empty());
        let bad = findings("crates/ir/src/x.rs", "fn f() {}\n");
        assert_eq!(bad, ["1: the file does not open with a `//!` sentence"]);
    }

    #[test]
    fn unsafe_stays_in_two_crates() {
        let text = "//! x\n// unsafe\nfn f() { unsafe {} }\n";
        assert!(findings("crates/vm/src/x.rs", text).is_empty());
        assert_eq!(
            findings("crates/ir/src/x.rs", text),
            ["3: unsafe code outside gc and vm"]
        );
        assert!(findings("crates/ir/src/x.rs", "//! x\n#![forbid(unsafe_code)]\n").is_empty());
    }

    #[test]
    fn crate_roots_forbid_unsafe() {
        let bad = findings("crates/ir/src/lib.rs", "//! x\n");
        assert_eq!(bad, ["1: the crate does not forbid unsafe code"]);
        assert!(findings("crates/vm/src/lib.rs", "//! x\n").is_empty());
    }

    #[test]
    fn hash_maps_and_leftovers_are_found() {
        let bad = findings(
            "crates/ir/src/x.rs",
            "//! x\nuse std::collections::HashMap;\nfn f() { todo!() }\n",
        );
        assert_eq!(bad, ["2: std's HashMap has no stable order", "3: todo! is left over"]);
        assert!(findings("crates/ir/src/x.rs", "//! x\nuse hashbrown::HashMap;\n").is_empty());
        assert!(findings("crates/ir/src/x.rs", "//! `HashMap` and todo!()\n").is_empty());
    }

    #[test]
    fn absolute_paths_of_machines_are_found() {
        let bad = findings("a.md", &format!("see `/{}/x`\n", "home"));
        assert_eq!(bad.len(), 1);
        assert!(findings("a.md", "net/home/x and ~/work/y\n").len() <= 1);
        assert!(findings("a.md", &format!("target/{}/x", "work")).is_empty());
    }

    #[test]
    fn pending_snapshots_are_found() {
        assert_eq!(findings("a/b.snap.new", ""), ["0: a pending snapshot is tracked"]);
    }
}
