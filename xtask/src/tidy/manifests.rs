//! Rules for packages: short manifests, a README beside each.

use std::path::{Path, PathBuf};

use super::{File, Finding};

/// A package whose manifest needs more lines than this says too much there. What users choose from and what only tests need is
/// not counted.
const MANIFEST_LINES: usize = 40;

pub fn check(file: &File) -> Option<Finding> {
    let is_package = file.is_named("Cargo.toml") && file.text.contains("[package]");
    let mut section = "";
    let counted = file.text.lines().filter(|line| {
        if line.starts_with('[') {
            section = line;
        }
        !matches!(section, "[features]" | "[dev-dependencies]")
    });
    let lines = counted.count();
    (is_package && lines >= MANIFEST_LINES).then(|| {
        Finding::new(
            &file.path,
            0,
            format!("{lines} lines; a manifest stays under {MANIFEST_LINES}"),
        )
    })
}

/// Each crate has a README.
pub fn readmes(paths: &[PathBuf]) -> Vec<Finding> {
    paths
        .iter()
        .filter(|p| p.ends_with("Cargo.toml") && p.starts_with("crates"))
        .filter_map(|manifest| {
            let readme = manifest.parent().unwrap_or(Path::new("")).join("README.md");
            (!paths.contains(&readme)).then(|| Finding::new(manifest, 0, "the crate has no README.md"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_manifests_are_found() {
        let text = format!("[package]\n{}", "x = 1\n".repeat(MANIFEST_LINES));
        let long = File {
            path: "crates/ir/Cargo.toml".into(),
            text,
        };
        assert!(check(&long).is_some());
        let short = File {
            path: "crates/ir/Cargo.toml".into(),
            text: format!("[package]\n[features]\n{}[lints]\n", "x = []\n".repeat(MANIFEST_LINES)),
        };
        assert!(check(&short).is_none());
    }

    #[test]
    fn crates_without_readme_are_found() {
        let paths = [
            "crates/a/Cargo.toml",
            "crates/a/README.md",
            "crates/b/Cargo.toml",
            "xtask/Cargo.toml",
        ];
        let found = readmes(&paths.map(PathBuf::from));
        assert_eq!(
            found,
            [Finding::new(
                Path::new("crates/b/Cargo.toml"),
                0,
                "the crate has no README.md"
            )]
        );
    }
}
