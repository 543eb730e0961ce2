//! A corpus script's header: what it is given, and what must come out.

use std::path::Path;

use anyhow::{Context as _, Result, bail};

/// The `--! key = value` lines that open a script.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// Texts that must stand on stderr of a run that exits with 1; none for a run that must exit with 0.
    pub errors: Vec<String>,
    pub stdin: String,
    pub args: Vec<String>,
    /// The version of Lua, where it is not the default one.
    pub std: Option<String>,
    /// Options of the command: such a script is not for PUC Lua.
    pub options: Vec<String>,
    /// The exit code, where it is neither 0 nor, after an error, 1.
    pub exit: Option<i32>,
    /// Arguments for the modes that are slow by design.
    pub small: Option<Vec<String>>,
}

impl Header {
    pub fn read(script: &Path) -> Result<Self> {
        let text = std::fs::read(script).with_context(|| format!("cannot read {}", script.display()))?;
        Self::parse(&String::from_utf8_lossy(&text)).with_context(|| script.display().to_string())
    }

    pub fn parse(text: &str) -> Result<Self> {
        let mut header = Self::default();
        for line in text.lines() {
            let Some(entry) = line.strip_prefix("--!") else {
                break;
            };
            let Some((key, value)) = entry.split_once('=') else {
                bail!("not `--! key = value`: {line}")
            };
            let value = value.trim();
            let words = || value.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
            match key.trim() {
                "error" => header.errors.push(value.to_owned()),
                "stdin" => header.stdin += &format!("{value}\n"),
                "args" => header.args = words(),
                "options" => header.options = words(),
                "exit" => header.exit = Some(value.parse()?),
                "small" => header.small = Some(words()),
                "std" if value == "5.4" => header.std = Some(value.to_owned()),
                "std" => bail!("no version but 5.4 needs to be named: {value}"),
                // Stages of the compiler have a key of their own in the same lines.
                "dump" => {}
                key => bail!("unknown key {key}"),
            }
        }
        Ok(header)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_end_at_the_first_other_line() {
        let text = "--! error = bad thing\n--! error = [C]: in ?\n--! stdin = a b\n--! stdin = c\n--! args = 1 x\n--! small = 0\n--! std = 5.4\n--! options = --fuel 9\n--! exit = 123\nprint()\n--! args = 2\n";
        let header = Header::parse(text).unwrap();
        assert_eq!(header.errors, ["bad thing", "[C]: in ?"]);
        assert_eq!(header.stdin, "a b\nc\n");
        assert_eq!(header.args, ["1", "x"]);
        assert_eq!(header.std.as_deref(), Some("5.4"));
        assert_eq!(header.options, ["--fuel", "9"]);
        assert_eq!(header.exit, Some(123));
        assert_eq!(header.small, Some(vec!["0".to_owned()]));
        assert_eq!(Header::parse("print()\n").unwrap(), Header::default());
    }

    #[test]
    fn unknown_keys_are_errors() {
        assert!(Header::parse("--! eror = x\n").is_err());
        assert!(Header::parse("--! error\n").is_err());
        assert!(Header::parse("--! std = 5.3\n").is_err());
    }
}
