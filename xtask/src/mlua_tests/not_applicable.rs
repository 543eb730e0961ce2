//! `not_applicable.tsv`: what of mlua's tests is about C, LuaJIT or Luau.

use anyhow::{Result, ensure};

/// The list: of each line a file, a function (`*` is all, `use` an import) and a reason.
#[derive(Debug, Default)]
pub struct NotApplicable {
    rows: Vec<[String; 3]>,
}

impl NotApplicable {
    pub fn load() -> Result<Self> {
        Self::parse(include_str!("not_applicable.tsv"))
    }

    fn parse(text: &str) -> Result<Self> {
        let mut rows = Vec::new();
        for line in text.lines().filter(|l| !l.is_empty() && !l.starts_with('#')) {
            let row: Vec<String> = line.split('\t').map(str::to_owned).collect();
            ensure!(row.len() == 3, "not_applicable.tsv: a line of three columns: {line}");
            rows.extend(<[String; 3]>::try_from(row));
        }
        Ok(Self { rows })
    }

    /// Why a whole file is not applicable.
    pub fn file(&self, file: &str) -> Option<&str> {
        self.function(file, "*")
    }

    /// Why a function is not applicable.
    pub fn function(&self, file: &str, name: &str) -> Option<&str> {
        self.rows
            .iter()
            .find(|r| r[0] == file && r[1] == name)
            .map(|r| r[2].as_str())
    }

    /// Names that a file imports for its functions that are not applicable.
    pub fn imports(&self, file: &str) -> impl Iterator<Item = &str> {
        self.rows
            .iter()
            .filter(move |r| r[0] == file && r[1] == "use")
            .map(|r| r[2].as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_reads() {
        let listed = NotApplicable::load().unwrap();
        assert!(listed.file("luau").is_some());
        assert_eq!(listed.file("table"), None);
        assert!(NotApplicable::parse("a\tb\n").is_err());
    }
}
