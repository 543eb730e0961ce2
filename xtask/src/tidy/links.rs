//! Links between Markdown files point at files that exist.

use std::path::{Component, Path, PathBuf};

use super::{File, Finding};

/// `exists` answers for paths relative to the root.
pub fn check(file: &File, exists: &dyn Fn(&Path) -> bool) -> Vec<Finding> {
    if !file.is("md") {
        return Vec::new();
    }
    let folder = file.path.parent().unwrap_or(Path::new(""));
    links(&file.text)
        .into_iter()
        .filter(|(_, target)| !exists(&normal(&folder.join(target))))
        .map(|(line, target)| Finding::new(&file.path, line, format!("the link to {target} leads nowhere")))
        .collect()
}

/// Relative targets of `[text](target)` outside code, without their anchors.
fn links(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut fenced = false;
    for (line, number) in text.lines().zip(1..) {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        if fenced {
            continue;
        }
        // Between odd and even backticks lies code.
        let prose: String = line.split('`').step_by(2).collect();
        for (at, _) in prose.match_indices("](") {
            let rest = &prose[at + 2..];
            let Some(end) = rest.find(')') else { continue };
            let target = rest[..end].split('#').next().unwrap_or("").trim();
            let is_path = !target.is_empty() && !target.contains("://") && !target.starts_with("mailto:");
            // `crate::Item` is a link of rustdoc, which checks its own.
            if is_path && !target.contains("::") {
                found.push((number, target.to_owned()));
            }
        }
    }
    found
}

/// `path` without `.` and `..`.
fn normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                out.pop();
            }
            part => out.push(part),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dead_links_are_found() {
        let text = "[a](b.md#x) `[c](d.md)` [e](https://f) [g](../h.md)\n```\n[i](j.md)\n```\n[k](crate::L) [m](#n)\n";
        let file = File {
            path: "docs/a.md".into(),
            text: text.to_owned(),
        };
        let found = check(&file, &|path| path == Path::new("docs/b.md"));
        assert_eq!(
            found,
            [Finding::new(
                Path::new("docs/a.md"),
                1,
                "the link to ../h.md leads nowhere"
            )]
        );
        assert!(
            check(&file, &|path| [Path::new("docs/b.md"), Path::new("h.md")]
                .contains(&path))
            .is_empty()
        );
    }
}
