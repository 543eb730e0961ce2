//! Which crate may use which: the arrows as data, compared with what cargo says.

use std::path::Path;

use super::Finding;
use crate::workspace::{Package, Workspace};

/// Allowed normal dependencies inside the workspace. `xtask` may use anything; nothing may use it.
const ARROWS: &[(&str, &[&str])] = &[
    ("perilune-lang", &[]),
    ("perilune-frontend", &["perilune-lang"]),
    ("perilune-ir", &["perilune-lang"]),
    ("perilune-regalloc", &[]),
    ("perilune-bytecode", &[]),
    ("perilune-gc", &[]),
    ("perilune-luagen", &[]),
    ("perilune-vm", &["perilune-lang", "perilune-bytecode", "perilune-gc"]),
    (
        "perilune-compiler",
        &[
            "perilune-lang",
            "perilune-frontend",
            "perilune-ir",
            "perilune-regalloc",
            "perilune-bytecode",
        ],
    ),
    ("perilune-derive", &["perilune-frontend"]),
    ("perilune-stdlib", &["perilune-lang", "perilune-vm"]),
    (
        "perilune",
        &[
            "perilune-lang",
            "perilune-frontend",
            "perilune-compiler",
            "perilune-bytecode",
            "perilune-vm",
            "perilune-derive",
            "perilune-stdlib",
        ],
    ),
    (
        "perilune-trials",
        &[
            "perilune-lang",
            "perilune-bytecode",
            "perilune-luagen",
            "perilune-vm",
            "perilune",
        ],
    ),
];

const FREE: &str = "xtask";

pub fn check(workspace: &Workspace) -> Vec<Finding> {
    workspace
        .packages
        .iter()
        .flat_map(|package| check_package(package, &workspace.root))
        .collect()
}

fn check_package(package: &Package, root: &Path) -> Vec<Finding> {
    let path = package
        .manifest_path
        .strip_prefix(root)
        .unwrap_or(&package.manifest_path);
    // Development dependencies may point anywhere below; cargo refuses cycles among the rest.
    let used = package
        .dependencies
        .iter()
        .filter(|d| d.path.is_some() && d.kind.is_none());
    if package.name == FREE {
        return Vec::new();
    }
    let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == package.name) else {
        return vec![Finding::new(
            path,
            0,
            format!("{} is not in the arrow table", package.name),
        )];
    };
    used.filter(|d| !allowed.contains(&d.name.as_str()))
        .map(|d| {
            Finding::new(
                path,
                0,
                format!("the arrow {} -> {} is not in the table", package.name, d.name),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Dependency;

    fn package(name: &str, uses: &[(&str, Option<&str>)]) -> Package {
        let dependencies = uses
            .iter()
            .map(|(name, kind)| Dependency {
                name: (*name).to_owned(),
                kind: kind.map(str::to_owned),
                path: Some("somewhere".into()),
            })
            .collect();
        Package {
            name: name.to_owned(),
            version: "0.1.0".to_owned(),
            manifest_path: "crates/x/Cargo.toml".into(),
            dependencies,
            targets: Vec::new(),
            features: Default::default(),
        }
    }

    #[test]
    fn arrows_in_the_table_pass_and_others_do_not() {
        let root = Path::new("");
        assert_eq!(
            check_package(&package("perilune-vm", &[("perilune-gc", None)]), root),
            []
        );
        let bad = check_package(&package("perilune-vm", &[("perilune-ir", None)]), root);
        assert_eq!(
            bad[0].message,
            "the arrow perilune-vm -> perilune-ir is not in the table"
        );
        let bad = check_package(&package("perilune-regalloc", &[("xtask", None)]), root);
        assert_eq!(bad.len(), 1, "nothing depends on xtask");
    }

    #[test]
    fn development_arrows_are_free() {
        assert_eq!(
            check_package(&package("perilune-gc", &[("perilune-vm", Some("dev"))]), Path::new("")),
            []
        );
    }

    #[test]
    fn a_new_crate_needs_a_row() {
        let bad = check_package(&package("perilune-jit", &[]), Path::new(""));
        assert_eq!(bad[0].message, "perilune-jit is not in the arrow table");
    }

    #[test]
    fn rows_name_rows_above_them() {
        for (at, (name, uses)) in ARROWS.iter().enumerate() {
            for used in *uses {
                let row = ARROWS.iter().position(|(n, _)| n == used);
                assert!(row.is_some_and(|r| r < at), "{name} -> {used} points down");
            }
        }
    }
}
