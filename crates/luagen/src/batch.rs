//! Many programs in one file, and the answers of whoever ran them with [`DRIVER`].

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

/// What a run of the driver wrote, by program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answers {
    /// The last one may not be whole, if the run did not end.
    pub outputs: Vec<String>,
    /// The driver came to its end.
    pub complete: bool,
    /// It took too long and was stopped. Its output does not tell: whoever ran it says so.
    pub timed_out: bool,
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
                    timed_out: false,
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
        timed_out: false,
    }
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
    fn items_say_their_length() {
        let items = [Item::run("x\n".to_owned()), Item::compile("yy".to_owned())];
        assert_eq!(write(&items), b"run 2\nx\n\ncompile 2\nyy\n");
    }
}
