//! A public test suite: its folder, its version, its files, and the chunk that runs one of them alone.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

/// Which of the suite's checks run, by the globals that the files read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Mode {
    /// As `all.lua` with `_U`: portable, short, without messages
    User,
    /// Portable, with the long tests
    Port,
    /// Everything, `T`, shell and locale included
    Full,
}

/// A `testes` folder.
#[derive(Debug)]
pub struct Suite {
    pub folder: PathBuf,
    /// The version that it tests: `5.4` or `5.5`.
    pub std: String,
}

impl Suite {
    /// Reads the version from `all.lua`, unless it is given.
    pub fn open(folder: &Path, std: Option<&str>) -> Result<Self> {
        let main = folder.join("all.lua");
        let text = std::fs::read(&main).with_context(|| format!("no test suite: cannot read {}", main.display()))?;
        let std = match std {
            Some(std) => std.to_owned(),
            None => version(&String::from_utf8_lossy(&text)).context("all.lua names no version; give --std")?,
        };
        Ok(Self {
            folder: std::path::absolute(folder)?,
            std,
        })
    }

    /// The files that run alone, in order; with names, those, whatever they are.
    pub fn files(&self, only: &[String]) -> Result<Vec<String>> {
        if let Some(missing) = only.iter().find(|f| !self.folder.join(f).is_file()) {
            bail!("{} has no {missing}", self.folder.display());
        }
        if !only.is_empty() {
            return Ok(only.to_vec());
        }
        let mut files = Vec::new();
        for entry in std::fs::read_dir(&self.folder)? {
            let Ok(name) = entry?.file_name().into_string() else {
                continue;
            };
            // all.lua runs the others, tracegc.lua is a module of theirs, heavy.lua takes gigabytes.
            if name.ends_with(".lua") && !["all.lua", "tracegc.lua", "heavy.lua"].contains(&name.as_str()) {
                files.push(name);
            }
        }
        files.sort();
        Ok(files)
    }

    /// Copies the folder to a new one at `to`.
    pub fn copy(&self, to: &Path) -> Result<()> {
        copy(&self.folder, to).with_context(|| format!("cannot copy {}", self.folder.display()))
    }
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// `local version = "Lua 5.5"`
fn version(text: &str) -> Option<String> {
    let rest = text.split_once("local version = \"Lua ")?.1;
    Some(rest.split_once('"')?.0.to_owned())
}

/// The chunk that runs before a file and sets what it reads.
pub fn prelude(mode: Mode, file: &str) -> &'static str {
    match (mode, file) {
        (Mode::User, "all.lua") => "_U = true",
        (Mode::User, _) => "_port = true; _soft = true; _nomsg = true; T = nil",
        (Mode::Port, _) => "_port = true; _nomsg = true; T = nil",
        (Mode::Full, _) => "",
    }
}

/// The chunk that runs a file, as `all.lua` would, and checks what it returns.
pub fn driver(file: &str, dump: bool) -> String {
    let load = format!("local f = assert(loadfile('{file}'));");
    let load = match dump {
        true => load + "f = assert(load(string.dump(f)));",
        false => load,
    };
    let call = match file {
        // It yields 'b' and then 'a', or 'a' at once where it leaves the long part out.
        "big.lua" => "local g = coroutine.wrap(f); local r = g(); if r ~= 'a' then assert(r == 'b' and g() == 'a') end",
        "calls.lua" => "local r = f(); assert(deep and r == deep)",
        "attrib.lua" => "assert(f() == 27)",
        "locals.lua" => "assert(f() == 5)",
        "events.lua" => "assert(f() == 12)",
        "verybig.lua" => "assert(f() == 10)",
        _ => "f()",
    };
    load + call
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_stands_in_all_lua() {
        assert_eq!(version("x\nlocal version = \"Lua 5.4\"\ny").as_deref(), Some("5.4"));
        assert_eq!(version("local version = 5"), None);
    }

    #[test]
    fn files_and_copies() {
        let base = std::env::temp_dir().join(format!("perilune-suite-{}", std::process::id()));
        let folder = base.join("testes");
        std::fs::create_dir_all(folder.join("libs")).unwrap();
        for (name, text) in [
            ("all.lua", "local version = \"Lua 5.5\""),
            ("b.lua", ""),
            ("a.lua", ""),
            ("tracegc.lua", ""),
            ("libs/c.lua", "x"),
        ] {
            std::fs::write(folder.join(name), text).unwrap();
        }
        let suite = Suite::open(&folder, None).unwrap();
        assert_eq!(suite.std, "5.5");
        assert_eq!(suite.files(&[]).unwrap(), ["a.lua", "b.lua"]);
        assert_eq!(suite.files(&["all.lua".to_owned()]).unwrap(), ["all.lua"]);
        assert!(suite.files(&["z.lua".to_owned()]).is_err());
        suite.copy(&base.join("copy")).unwrap();
        assert_eq!(std::fs::read(base.join("copy/libs/c.lua")).unwrap(), b"x");
        std::fs::remove_dir_all(&base).unwrap();
    }

    #[test]
    fn drivers_check_what_all_lua_checks() {
        assert_eq!(driver("pm.lua", false), "local f = assert(loadfile('pm.lua'));f()");
        assert!(driver("locals.lua", true).contains("string.dump(f)"));
        assert!(driver("locals.lua", true).ends_with("assert(f() == 5)"));
    }
}
