//! `// SAFETY: F1, F2; why` names invariants that a module head of the same crate defines as `//! - **F1** …`.

use std::collections::BTreeSet;

use super::{File, Finding};

pub(super) fn check(files: &[File]) -> Vec<Finding> {
    let sources = || files.iter().filter(|f| f.is("rs"));
    let crates: BTreeSet<&str> = sources().filter_map(File::crate_name).collect();
    let mut findings = Vec::new();
    for name in crates {
        let of_crate = || sources().filter(|f| f.crate_name() == Some(name));
        let defined: BTreeSet<String> = of_crate().flat_map(|f| defined_in(&f.text)).collect();
        for file in of_crate() {
            for (line, cited) in cited_in(&file.text) {
                if !defined.contains(&cited) {
                    let message = format!("SAFETY cites {cited}, which no module head of {name} defines");
                    findings.push(Finding::new(&file.path, line, message));
                }
            }
        }
    }
    findings
}

/// The invariants that module heads define: list items that open with a bold id.
pub fn defined_in(text: &str) -> impl Iterator<Item = String> {
    text.lines().filter_map(|line| {
        let item = line
            .trim_start()
            .strip_prefix("//!")?
            .trim_start()
            .strip_prefix("- **")?;
        let id = &item[..item.find("**")?];
        is_id(id).then(|| id.to_owned())
    })
}

/// The ids right after `SAFETY:`, each with its line.
pub fn cited_in(text: &str) -> Vec<(usize, String)> {
    let mut cited = Vec::new();
    for (line, number) in text.lines().zip(1..) {
        let Some(comment) = line.trim_start().strip_prefix("// SAFETY:") else {
            continue;
        };
        let words = comment
            .split([' ', ',', ';', ':', '.'])
            .filter(|w| !w.is_empty() && *w != "and");
        cited.extend(words.take_while(|w| is_id(w)).map(|w| (number, w.to_owned())));
    }
    cited
}

/// One or two capitals and a number: `F1`, `GC12`.
fn is_id(word: &str) -> bool {
    let letters = word.bytes().take_while(u8::is_ascii_uppercase).count();
    let digits = &word[letters..];
    (1..=2).contains(&letters) && !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> File {
        File {
            path: path.into(),
            text: text.to_owned(),
        }
    }

    #[test]
    fn citations_need_a_definition_in_their_crate() {
        let files = [
            file(
                "crates/vm/src/frame.rs",
                "//! Frames.\n//!\n//! - **F1** the pc stays in the code.\n",
            ),
            file("crates/vm/src/op.rs", "// SAFETY: F1, F2; the operand is verified.\n"),
            file(
                "crates/gc/src/op.rs",
                "    // SAFETY: F1 and so on.\n// SAFETY: the R0 is free.\n",
            ),
        ];
        let found: Vec<String> = check(&files).into_iter().map(|f| f.to_string()).collect();
        assert_eq!(
            found,
            [
                "crates/gc/src/op.rs:1: SAFETY cites F1, which no module head of gc defines",
                "crates/vm/src/op.rs:1: SAFETY cites F2, which no module head of vm defines",
            ]
        );
    }

    #[test]
    fn ids_are_short_and_numbered() {
        assert!(is_id("F1") && is_id("GC12"));
        assert!(!is_id("F") && !is_id("1") && !is_id("ABC1") && !is_id("F1a"));
    }
}
