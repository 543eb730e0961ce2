//! The test functions of a Rust file as its text has them: names, lines, and whether the features of a build keep them.

use std::ops::RangeInclusive;

/// A test function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestFn {
    /// With the names of the modules around it, as the test runner prints it.
    pub name: String,
    /// From its first attribute to its last brace, counted from 1.
    pub lines: RangeInclusive<usize>,
}

/// The test functions that are there under some features. Files are formatted: an item ends with a brace as far to the right as it
/// began.
pub fn scan(text: &str, features: &[String]) -> Vec<TestFn> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    let mut attributes: Vec<String> = Vec::new();
    let mut modules: Vec<(&str, usize, bool)> = Vec::new();
    let mut first = 0;
    let mut at = 0;
    while at < lines.len() {
        let line = lines[at];
        let indent = line.len() - line.trim_start().len();
        let code = line.trim();
        if let Some(inner) = code.strip_prefix("#![cfg(") {
            let whole = attribute(&lines, &mut at, inner);
            if !holds(&whole, features) {
                return Vec::new();
            }
        } else if let Some(inner) = code.strip_prefix("#[") {
            if attributes.is_empty() {
                first = at;
            }
            let whole = attribute(&lines, &mut at, inner);
            attributes.push(whole);
        } else if code == "}" && modules.last().is_some_and(|m| m.1 == indent) {
            modules.pop();
        } else if !code.is_empty() && !code.starts_with("//") {
            let kept = attributes.iter().all(|a| match a.strip_prefix("cfg(") {
                Some(condition) => holds(condition, features),
                None => true,
            }) && modules.iter().all(|m| m.2);
            let is_test = attributes
                .iter()
                .any(|a| a.starts_with("test") || a.starts_with("tokio::test"));
            if let Some(name) = code.strip_prefix("mod ").and_then(|m| m.strip_suffix(" {")) {
                modules.push((name, indent, kept));
            } else if is_test && let Some(name) = function_name(code) {
                let end = (at..lines.len())
                    .find(|i| lines[*i] == format!("{:indent$}}}", ""))
                    .unwrap_or(at);
                if kept {
                    let path: Vec<&str> = modules.iter().map(|m| m.0).chain([name]).collect();
                    found.push(TestFn {
                        name: path.join("::"),
                        lines: first + 1..=end + 1,
                    });
                }
                at = end;
            }
            attributes.clear();
        }
        at += 1;
    }
    found
}

/// The text of an attribute to its last bracket, which may be some lines away.
fn attribute(lines: &[&str], at: &mut usize, start: &str) -> String {
    let mut whole = start.to_owned();
    let open = |text: &str| text.matches(['(', '[']).count() as i64 - text.matches([')', ']']).count() as i64;
    while open(&whole) >= 0 && *at + 1 < lines.len() {
        *at += 1;
        whole.push_str(lines[*at].trim());
    }
    whole
}

fn function_name(code: &str) -> Option<&str> {
    let rest = code.split_once("fn ")?.1;
    Some(&rest[..rest.find(['(', '<'])?])
}

/// Whether the condition of a `cfg` holds on Linux with these features; what is unknown does not.
fn holds(condition: &str, features: &[String]) -> bool {
    Condition {
        rest: condition,
        features,
    }
    .one()
}

struct Condition<'a> {
    rest: &'a str,
    features: &'a [String],
}

impl Condition<'_> {
    fn one(&mut self) -> bool {
        self.rest = self.rest.trim_start();
        let end = self
            .rest
            .find(|c: char| !c.is_alphanumeric() && c != '_')
            .unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest.trim_start();
        if let Some(rest) = self.rest.strip_prefix('(') {
            self.rest = rest;
            let mut parts = Vec::new();
            loop {
                self.rest = self.rest.trim_start_matches([' ', ',']);
                if let Some(rest) = self.rest.strip_prefix(')') {
                    self.rest = rest;
                    break;
                }
                if self.rest.is_empty() {
                    break;
                }
                parts.push(self.one());
            }
            return match word {
                "all" => parts.iter().all(|p| *p),
                "any" => parts.iter().any(|p| *p),
                "not" => !parts.iter().any(|p| *p),
                _ => false,
            };
        }
        if let Some(rest) = self.rest.strip_prefix('=') {
            let rest = rest.trim_start().trim_start_matches('"');
            let end = rest.find('"').unwrap_or(rest.len());
            let value = &rest[..end];
            self.rest = rest[end..].trim_start_matches('"');
            return match word {
                "feature" => self.features.iter().any(|f| f == value),
                "panic" => value == "unwind",
                _ => {
                    value == std::env::consts::OS
                        || value == std::env::consts::FAMILY
                        || value == std::env::consts::ARCH
                }
            };
        }
        word == std::env::consts::FAMILY
    }
}

/// The text with the lines of some functions empty.
pub fn blank(text: &str, functions: &[&TestFn]) -> String {
    let mut blanked = String::with_capacity(text.len());
    for (i, line) in text.lines().enumerate() {
        if !functions.iter().any(|f| f.lines.contains(&(i + 1))) {
            blanked.push_str(line);
        }
        blanked.push('\n');
    }
    blanked
}

/// The text without a name among those that its first declarations import from mlua.
pub fn without_import(text: &str, name: &str) -> String {
    let Some(start) = text.find("use mlua::{") else {
        return text.to_owned();
    };
    let end = text[start..].find("};").map_or(text.len(), |e| start + e);
    let list = &text[start..end];
    let kept = list
        .replace(&format!(", {name},"), ",")
        .replace(&format!(" {name},"), "")
        .replace(&format!(", {name}"), "");
    format!("{}{kept}{}", &text[..start], &text[end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
use mlua::{Error, Lua, ffi};

#[test]
fn one() {
    if true {
    }
}

#[cfg(any(feature = \"luau\", not(feature = \"lua55\")))]
#[test]
fn two() {
}

#[cfg(feature = \"async\")]
mod later {
    #[tokio::test]
    async fn three() {
    }
}

#[test]
#[cfg(all(
    unix,
    feature = \"lua55\"
))]
fn four() -> Result<()> {
}
";

    #[test]
    fn functions_are_found_under_their_features() {
        let names = |features: &[&str]| {
            let features: Vec<String> = features.iter().map(|f| (*f).to_owned()).collect();
            scan(TEXT, &features).into_iter().map(|f| f.name).collect::<Vec<_>>()
        };
        assert_eq!(names(&["lua55"]), ["one", "four"]);
        assert_eq!(names(&["lua55", "async"]), ["one", "later::three", "four"]);
        assert_eq!(names(&[]), ["one", "two"]);
    }

    #[test]
    fn blanking_keeps_line_numbers() {
        let found = scan(TEXT, &["lua55".to_owned()]);
        let text = blank(TEXT, &[&found[0]]);
        assert_eq!(text.lines().count(), TEXT.lines().count());
        assert!(!text.contains("fn one") && text.contains("fn four"));
        assert_eq!(found[0].lines, 3..=7);
    }

    #[test]
    fn imports_can_be_left_out() {
        assert!(without_import(TEXT, "ffi").starts_with("use mlua::{Error, Lua};"));
        assert!(without_import(TEXT, "Lua").starts_with("use mlua::{Error, ffi};"));
    }
}
