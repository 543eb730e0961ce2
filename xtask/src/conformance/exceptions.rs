//! The files of the suites that do not pass unchanged, with the reason for each: a list that shall shrink.

use anyhow::{Context as _, Result, bail};

use super::guards::Guards;

const LISTED: &str = include_str!("exceptions.tsv");

/// One file of one suite.
#[derive(Debug)]
pub struct Exception {
    pub std: String,
    pub file: String,
    pub fate: Fate,
    pub why: String,
}

/// What becomes of an exception in `cargo xtask test`.
#[derive(Debug)]
pub enum Fate {
    LeftOut,
    /// It passes with these guards.
    Guarded(Guards),
}

/// The list of the repository.
pub fn listed() -> Result<Vec<Exception>> {
    parse(LISTED).context("exceptions.tsv")
}

fn parse(text: &str) -> Result<Vec<Exception>> {
    let lines = text.lines().filter(|l| !l.is_empty() && !l.starts_with('#'));
    let exception = |line: &str| {
        let columns: Vec<&str> = line.split('\t').collect();
        let [std, file, fate, why] = columns[..] else {
            bail!("not four columns: {line}")
        };
        let fate = match fate {
            "left out" => Fate::LeftOut,
            classes => Fate::Guarded(Guards::listed().of_classes(classes)?),
        };
        Ok(Exception {
            std: std.to_owned(),
            file: file.to_owned(),
            fate,
            why: why.to_owned(),
        })
    };
    lines.map(exception).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_exception_has_a_reason_and_stands_once() {
        let listed = listed().unwrap();
        for (at, exception) in listed.iter().enumerate() {
            let Exception { std, file, why, .. } = exception;
            assert!(
                ["5.4", "5.5"].contains(&std.as_str()) && !why.is_empty(),
                "{exception:?}"
            );
            let before = &listed[..at];
            assert!(!before.iter().any(|e| e.std == *std && e.file == *file), "{std} {file}");
        }
    }

    #[test]
    fn fates() {
        let list = parse("# std\n5.5\ta.lua\tleft out\tw\n5.4\tb.lua\tdump,nesting\tw\n").unwrap();
        assert!(matches!(list[0].fate, Fate::LeftOut) && matches!(list[1].fate, Fate::Guarded(_)));
        assert!(parse("5.5\ta.lua\tlost\tw").is_err());
        assert!(parse("5.5\ta.lua\tleft out").is_err());
    }
}
