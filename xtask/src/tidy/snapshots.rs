//! A snapshot of a data file lives only as long as the data file.

use std::path::Path;

use super::{File, Finding};

/// `exists` answers for paths relative to the root.
pub fn check(file: &File, exists: &dyn Fn(&Path) -> bool) -> Vec<Finding> {
    if !file.is("snap") {
        return Vec::new();
    }
    // The header stands between two lines of dashes.
    let header = file.text.split("---").nth(1).unwrap_or("");
    let field = |name: &str| {
        let value = header.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix(':'))?;
        Some(value.trim().trim_matches('"'))
    };
    ["source", "input_file"]
        .into_iter()
        .filter_map(|name| {
            let target = field(name)?;
            let gone = !exists(Path::new(target));
            gone.then(|| Finding::new(&file.path, 0, format!("its {name} {target} is gone")))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orphans_are_found() {
        let text = "---\nsource: crates/ir/tests/it/main.rs\ninput_file: crates/ir/tests/data/a.lua\n---\nbody\n";
        let file = File {
            path: "crates/ir/tests/data/a.snap".into(),
            text: text.to_owned(),
        };
        assert!(check(&file, &|_| true).is_empty());
        let found = check(&file, &|path| path.ends_with("main.rs"));
        assert_eq!(found[0].message, "its input_file crates/ir/tests/data/a.lua is gone");
        assert_eq!(found.len(), 1);
    }
}
