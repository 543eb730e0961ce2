//! The checks of the public suites that only PUC Lua's own implementation can pass, and how to switch them off.

use std::path::Path;

use anyhow::{Context as _, Result, bail};

/// The list as it stands in the repository; its head explains the columns.
const LISTED: &str = include_str!("guards.tsv");

/// Lines of one file of a suite, and what becomes of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guard {
    pub std: String,
    pub file: String,
    /// First and last line, counted from 1.
    from: usize,
    to: usize,
    pub class: String,
    /// What stands in the lines, and what shall; without an edit, the lines become comments.
    edit: Option<(String, String)>,
    pub why: String,
}

/// Which guards a run applies.
#[derive(Debug, Clone, Default)]
pub struct Guards(Vec<Guard>);

impl Guards {
    /// All guards of our list.
    pub fn listed() -> Self {
        Self::parse(LISTED).expect("the list in the repository is well formed")
    }

    /// What `--guards` names: a file in the format of our list, or classes of our list, `all` for all of them.
    pub fn select(words: &str) -> Result<Self> {
        if Path::new(words).is_file() {
            let text = std::fs::read_to_string(words).with_context(|| format!("cannot read {words}"))?;
            return Self::parse(&text).with_context(|| words.to_owned());
        }
        Self::listed().of_classes(words)
    }

    /// The guards of the named classes, `-` for none.
    pub fn of_classes(self, words: &str) -> Result<Self> {
        if words == "all" {
            return Ok(self);
        }
        let classes: Vec<&str> = words.split(',').filter(|c| *c != "-").collect();
        if let Some(unknown) = classes.iter().find(|c| self.0.iter().all(|g| g.class != **c)) {
            bail!("'{unknown}' is neither a file nor a class of guards");
        }
        let Self(mut guards) = self;
        guards.retain(|g| classes.contains(&g.class.as_str()));
        Ok(Self(guards))
    }

    fn parse(text: &str) -> Result<Self> {
        let lines = text.lines().filter(|l| !l.is_empty() && !l.starts_with('#'));
        lines.map(Guard::parse).collect::<Result<_>>().map(Self)
    }

    /// Applies those that belong to a file; the number of guarded lines.
    pub fn apply(&self, std: &str, file: &str, folder: &Path) -> Result<usize> {
        let guards: Vec<&Guard> = self.0.iter().filter(|g| g.std == std && g.file == file).collect();
        if guards.is_empty() {
            return Ok(0);
        }
        let path = folder.join(file);
        let text = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let mut lines: Vec<Vec<u8>> = text.split(|b| *b == b'\n').map(<[u8]>::to_vec).collect();
        let mut count = 0;
        for guard in guards {
            count += guard.apply(&mut lines).with_context(|| file.to_owned())?;
        }
        std::fs::write(&path, lines.join(&b'\n'))?;
        Ok(count)
    }
}

impl Guard {
    fn parse(line: &str) -> Result<Self> {
        let columns: Vec<&str> = line.split('\t').collect();
        let [std, file, from, to, class, edit, why] = columns[..] else {
            bail!("not seven columns: {line}")
        };
        let edit = match edit {
            "-" => None,
            edit => {
                let (old, new) = edit
                    .split_once("=>")
                    .with_context(|| format!("an edit is old=>new: {edit}"))?;
                Some((old.to_owned(), new.to_owned()))
            }
        };
        let number = |text: &str| text.parse().with_context(|| format!("not a line number: {text}"));
        let (from, to) = (number(from)?, number(to)?);
        if from == 0 || to < from {
            bail!("no lines: {from} to {to}");
        }
        Ok(Self {
            std: std.to_owned(),
            file: file.to_owned(),
            from,
            to,
            class: class.to_owned(),
            edit,
            why: why.to_owned(),
        })
    }

    fn apply(&self, lines: &mut [Vec<u8>]) -> Result<usize> {
        let Some(lines) = lines.get_mut(self.from - 1..self.to) else {
            bail!("there is no line {}", self.to)
        };
        for line in lines.iter_mut() {
            match &self.edit {
                None => {
                    line.splice(0..0, *b"--GUARD ");
                }
                Some((old, new)) => {
                    let at = line.windows(old.len()).position(|w| w == old.as_bytes());
                    let at = at.with_context(|| format!("line {} does not read {old}", self.from))?;
                    line.splice(at..at + old.len(), new.bytes());
                }
            }
        }
        Ok(lines.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_listed_guard_has_a_class_and_a_reason() {
        let Guards(guards) = Guards::listed();
        for guard in &guards {
            assert!(["5.4", "5.5"].contains(&guard.std.as_str()), "{guard:?}");
            assert!(!guard.class.is_empty() && !guard.why.is_empty(), "{guard:?}");
        }
        // The bar: no more lines than these.
        let lines = |std: &str| -> usize {
            let of_std = guards.iter().filter(|g| g.std == std);
            of_std.map(|g| g.to - g.from + 1).sum()
        };
        assert!(
            lines("5.4") <= 79 && lines("5.5") <= 106,
            "{} {}",
            lines("5.4"),
            lines("5.5")
        );
    }

    #[test]
    fn guards_comment_or_edit() {
        let mut lines: Vec<Vec<u8>> = ["a", "b(x) c", "d"].map(|l| l.as_bytes().to_vec()).into();
        let comment = Guard::parse("5.5\tf.lua\t1\t2\tdump\t-\twhy").unwrap();
        assert_eq!(comment.apply(&mut lines).unwrap(), 2);
        assert_eq!(lines, [&b"--GUARD a"[..], b"--GUARD b(x) c", b"d"]);
        let edit = Guard::parse("5.5\tf.lua\t2\t2\tdump\tb(x)=>\twhy").unwrap();
        assert_eq!(edit.apply(&mut lines).unwrap(), 1);
        assert_eq!(lines[1], b"--GUARD  c");
        assert!(edit.apply(&mut lines).is_err(), "the text is gone");
        assert!(
            Guard::parse("5.5\tf.lua\t9\t9\tdump\t-\twhy")
                .unwrap()
                .apply(&mut lines)
                .is_err()
        );
    }

    #[test]
    fn classes_select() {
        let all = Guards::listed().0.len();
        assert_eq!(Guards::select("all").unwrap().0.len(), all);
        assert_eq!(Guards::select("-").unwrap().0.len(), 0);
        let Guards(dump) = Guards::select("dump,alloc").unwrap();
        assert!(!dump.is_empty() && dump.len() < all);
        assert!(Guards::select("dmup").is_err());
    }

    #[test]
    fn bad_lists_are_refused() {
        for line in [
            "5.5\tf.lua\t1\t2\tdump\t-",
            "5.5\tf\tx\t2\td\t-\tw",
            "5.5\tf\t3\t2\td\t-\tw",
            "5.5\tf\t1\t2\td\tnew\tw",
        ] {
            assert!(Guards::parse(line).is_err(), "{line}");
        }
    }
}
