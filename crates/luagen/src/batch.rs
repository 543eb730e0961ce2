//! Many programs in one file, and the answers of whoever ran them: with [`DRIVER`], or as `perilune-trials` does, which gets the
//! answers that are expected too.

/// The script that runs a batch file, which is its one argument.
pub const DRIVER: &str = include_str!("driver.lua");

/// One program of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    pub source: String,
    /// False: it is only compiled.
    pub runs: bool,
}

impl Item {
    pub fn run(source: String) -> Self {
        Item { source, runs: true }
    }

    pub fn compile(source: String) -> Self {
        Item { source, runs: false }
    }
}

/// The batch file.
pub fn write(items: &[Item]) -> Vec<u8> {
    let mut file = Vec::new();
    for item in items {
        let kind = if item.runs { "run" } else { "compile" };
        file.extend(format!("{kind} {}\n{}\n", item.source.len(), item.source).bytes());
    }
    file
}

/// A batch file with the answers that are expected.
pub fn write_expected<'a>(items: impl IntoIterator<Item = (&'a Item, &'a str)>) -> Vec<u8> {
    let mut file = Vec::new();
    for (item, expected) in items {
        let kind = if item.runs { "run" } else { "compile" };
        let (source, size) = (&item.source, item.source.len());
        file.extend(format!("{kind} {size} {}\n{source}\n{expected}\n", expected.len()).bytes());
    }
    file
}

/// Reads what [`write_expected`] wrote; `None` if it is something else.
pub fn read_expected(mut file: &str) -> Option<Vec<(Item, String)>> {
    let mut items = Vec::new();
    while !file.is_empty() {
        let (head, rest) = file.split_once('\n')?;
        let mut words = head.split(' ');
        let runs = match words.next()? {
            "run" => true,
            "compile" => false,
            _ => return None,
        };
        let (size, expected_size): (usize, usize) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        let source = rest.get(..size)?.to_owned();
        let rest = rest.get(size..)?.strip_prefix('\n')?;
        let expected = rest.get(..expected_size)?.to_owned();
        file = rest.get(expected_size..)?.strip_prefix('\n')?;
        items.push((Item { source, runs }, expected));
    }
    Some(items)
}

/// What a run of the driver wrote, by program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answers {
    /// The last one may not be whole, if the run did not end.
    pub outputs: Vec<String>,
    /// The driver came to its end.
    pub complete: bool,
}

/// Splits the output of a run of the driver.
pub fn answers(stdout: &[u8]) -> Answers {
    let text = String::from_utf8_lossy(stdout);
    let mut outputs: Vec<String> = Vec::new();
    for line in text.lines() {
        match line.strip_prefix("== ") {
            Some("done") => {
                return Answers {
                    outputs,
                    complete: true,
                };
            }
            Some(_) => outputs.push(String::new()),
            None => {
                if let Some(output) = outputs.last_mut() {
                    *output += line;
                    output.push('\n');
                }
            }
        }
    }
    Answers {
        outputs,
        complete: false,
    }
}

/// What `perilune-trials` said of a batch with expected answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Programs that it came to, the last of which it may not have ended.
    pub begun: usize,
    /// Programs run in a mode.
    pub executions: u64,
    /// Which program, in which mode, and what it answered instead.
    pub differences: Vec<(usize, String, String)>,
    /// The mode that it was in last.
    pub mode: String,
    /// It came to its end.
    pub complete: bool,
}

/// Reads the output of `perilune-trials`: lines that say what comes next, and different answers, indented.
pub fn verdict(stdout: &[u8]) -> Verdict {
    let text = String::from_utf8_lossy(stdout);
    let mut verdict = Verdict::default();
    for line in text.lines() {
        if let Some(head) = line.strip_prefix("== ") {
            match head {
                "done" => verdict.complete = true,
                _ => verdict.begun += 1,
            }
        } else if let Some(mode) = line.strip_prefix("-- ") {
            mode.clone_into(&mut verdict.mode);
            verdict.executions += 1;
        } else if let Some(mode) = line.strip_prefix("!! ") {
            let at = verdict.begun.saturating_sub(1);
            verdict.differences.push((at, mode.to_owned(), String::new()));
        } else if let (Some(line), Some((_, _, answer))) = (line.strip_prefix("  "), verdict.differences.last_mut()) {
            *answer += line;
            answer.push('\n');
        }
    }
    verdict
}

/// Whether an output says something that implementations need not agree on: how deep calls go.
pub fn is_open(output: &str) -> bool {
    output.contains("stack overflow") || output.contains("too many C levels") || output.contains("not enough memory")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_split_by_program() {
        let answers = answers(b"== 0\na\nb\n== 1\n== 2\nc\n== done\n");
        assert!(answers.complete);
        assert_eq!(answers.outputs, ["a\nb\n", "", "c\n"]);
        assert!(!super::answers(b"== 0\na\n== 1\nb").complete);
    }

    #[test]
    fn verdicts_name_the_mode() {
        let text = b"== 0\n-- O1\n-- O0\n!! O0\n  a\n  == 1\n== 1\n-- O1\n";
        let verdict = verdict(text);
        assert_eq!((verdict.begun, verdict.executions, verdict.complete), (2, 3, false));
        assert_eq!(verdict.differences, [(0, "O0".to_owned(), "a\n== 1\n".to_owned())]);
        assert_eq!(verdict.mode, "O1");
        assert!(super::verdict(b"== done\n").complete);
    }

    #[test]
    fn expected_answers_come_back() {
        let items = [Item::run("x\n".to_owned()), Item::compile(String::new())];
        let file = write_expected(items.iter().zip(["a\nb\n", ""]));
        let text = String::from_utf8(file).unwrap();
        let again = read_expected(&text).unwrap();
        assert_eq!(again[0], (items[0].clone(), "a\nb\n".to_owned()));
        assert_eq!(again[1], (items[1].clone(), String::new()));
        assert_eq!(read_expected(&text[1..]), None);
        assert_eq!(read_expected(&text[..9]), None);
    }

    #[test]
    fn items_say_their_length() {
        let items = [Item::run("x\n".to_owned()), Item::compile("yy".to_owned())];
        assert_eq!(write(&items), b"run 2\nx\n\ncompile 2\nyy\n");
    }
}
