//! Lines from a terminal: editing, a history that lasts, completion.

use crate::repl::{Line, Lines};
use perilune::{Ctx, Val};
use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::FileHistory;
use rustyline::validate::Validator;
use rustyline::{CompletionType, Config, Context, Editor, Helper};
use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;

/// Entries that the history keeps.
const HISTORY: usize = 2000;

/// A terminal.
pub struct Terminal {
    editor: Editor<Names, FileHistory>,
    file: Option<PathBuf>,
}

impl Terminal {
    /// The terminal with the history of earlier sessions: the file that `PERILUNE_HISTORY` names (none if it is empty), or
    /// `.perilune_history` in the home folder. `None` if the terminal cannot be used.
    pub fn new(use_environment: bool) -> Option<Terminal> {
        let builder = Config::builder()
            .completion_type(CompletionType::List)
            .max_history_size(HISTORY)
            .ok()?;
        let mut editor = Editor::with_config(builder.build()).ok()?;
        let file = if use_environment { history_file() } else { None };
        if let Some(file) = &file {
            // The first session finds none.
            let _ = editor.load_history(file);
        }
        Some(Terminal { editor, file })
    }
}

fn history_file() -> Option<PathBuf> {
    match std::env::var_os("PERILUNE_HISTORY") {
        Some(path) if path.is_empty() => None,
        Some(path) => Some(path.into()),
        None => {
            let home = std::env::var_os(if cfg!(windows) { "USERPROFILE" } else { "HOME" })?;
            Some(PathBuf::from(home).join(".perilune_history"))
        }
    }
}

impl Lines for Terminal {
    fn read(&mut self, ctx: &Ctx<'_>, prompt: &[u8]) -> Line {
        // The editor writes over its line: output without a line end is to stay visible. (To ask the terminal where its cursor is
        // would take what is typed ahead for the answer.)
        if perilune_stdlib::is_output_in_line(ctx) {
            perilune_stdlib::write_standard_output(ctx, b"\n");
        }
        // Output that cannot be written does not end the session.
        let _ = perilune_stdlib::flush_standard_streams(ctx);
        self.editor.set_helper(Some(Names::of(ctx)));
        let result = self.editor.readline(&*String::from_utf8_lossy(prompt));
        match result {
            Ok(line) => Line::Text(line.into_bytes()),
            Err(ReadlineError::Interrupted) => Line::Cancelled,
            Err(_) => Line::End,
        }
    }

    fn save(&mut self, statement: &[u8]) {
        let text = String::from_utf8_lossy(statement);
        // A history that cannot be kept is no reason to stop.
        if let (Ok(true), Some(file)) = (self.editor.add_history_entry(&*text), &self.file) {
            let _ = self.editor.append_history(file);
        }
    }
}

/// Completes names of globals, of their fields, and keywords. The names are those of the moment when the prompt appeared: an
/// editor that could look at the state would have to be made anew for each line, and lose what is typed ahead.
#[derive(Default)]
struct Names {
    /// By the path from the globals: `""`, `"string"`, `"package.loaded"`.
    fields: BTreeMap<String, Vec<Name>>,
    count: usize,
}

struct Name {
    text: String,
    is_function: bool,
}

/// How many names are looked at, and how many fields deep.
const MOST: usize = 5000;
const DEPTH: usize = 4;
/// Most tables that `__index` leads through.
const CHAIN: usize = 8;

const KEYWORDS: &[&str] = &[
    "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "global", "goto", "if", "in", "local",
    "nil", "not", "or", "repeat", "return", "then", "true", "until", "while",
];

impl Names {
    fn of(ctx: &Ctx<'_>) -> Names {
        let mut names = Names::default();
        let mut waiting = VecDeque::from([(String::new(), ctx.globals().as_val(), 1)]);
        while let Some((path, value, depth)) = waiting.pop_front() {
            let mut list = Vec::new();
            let mut next = value;
            for _ in 0..CHAIN {
                if let Some(table) = next.as_table() {
                    let mut key = Val::NIL;
                    while let Ok(Some((name, field))) = table.next(ctx, key) {
                        key = name;
                        let Some(text) = name.as_str().and_then(|n| std::str::from_utf8(n).ok()) else {
                            continue;
                        };
                        if names.count == MOST {
                            break;
                        }
                        if !is_identifier(text) {
                            continue;
                        }
                        names.count += 1;
                        list.push(Name {
                            text: text.to_owned(),
                            is_function: field.is_function(),
                        });
                        let has_fields = field.as_table().is_some() || !index_of(ctx, field).is_nil();
                        // The globals are among their own fields.
                        if has_fields && depth < DEPTH && !field.raw_eq(ctx.globals().as_val()) {
                            let path = if path.is_empty() {
                                text.to_owned()
                            } else {
                                format!("{path}.{text}")
                            };
                            waiting.push_back((path, field, depth + 1));
                        }
                    }
                }
                next = index_of(ctx, next);
            }
            // What a table itself has comes before what `__index` leads to.
            names.fields.entry(path).or_insert(list);
        }
        names
    }
}

/// The `__index` of a value, if it is a table. Runs no code of the script.
fn index_of<'a>(ctx: &'a Ctx<'_>, value: Val<'a>) -> Val<'a> {
    match ctx.metafield(value, "__index") {
        Ok(index) if index.as_table().is_some() => index,
        _ => Val::NIL,
    }
}

impl Helper for Names {}
impl Highlighter for Names {}
impl Validator for Names {}
impl Hinter for Names {
    type Hint = String;
}

impl Completer for Names {
    type Candidate = String;

    fn complete(&self, line: &str, pos: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        let (path, sign, partial) = expression_before(&line[..pos]);
        let mut found: Vec<String> = self
            .fields
            .get(&path)
            .into_iter()
            .flatten()
            .filter(|name| name.text.starts_with(partial) && (sign != Some(':') || name.is_function))
            .map(|name| name.text.clone())
            .collect();
        if sign.is_none() {
            found.extend(
                KEYWORDS
                    .iter()
                    .filter(|k| k.starts_with(partial))
                    .map(|k| (*k).to_owned()),
            );
        }
        found.sort_unstable();
        found.dedup();
        Ok((pos - partial.len(), found))
    }
}

fn is_identifier(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// What stands before the cursor: a path, the sign behind it, and an unfinished name. `x = a.b:c` gives `a.b`, `:` and `c`.
fn expression_before(text: &str) -> (String, Option<char>, &str) {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | ':');
    let is_other = |(_, c): &(usize, char)| !is_part(*c);
    let start = text
        .char_indices()
        .rev()
        .find(is_other)
        .map_or(0, |(at, c)| at + c.len_utf8());
    let whole = &text[start..];
    match whole.rfind(['.', ':']) {
        Some(at) => {
            let sign = if whole.as_bytes()[at] == b':' { ':' } else { '.' };
            (whole[..at].replace(':', "."), Some(sign), &whole[at + 1..])
        }
        None => (String::new(), None, whole),
    }
}

#[cfg(test)]
mod tests {
    use super::expression_before;

    #[test]
    fn what_stands_before_the_cursor() {
        let check = |text, path: &str, sign, partial| {
            assert_eq!(expression_before(text), (path.to_owned(), sign, partial), "{text}");
        };
        check("pri", "", None, "pri");
        check("x = string.fo", "string", Some('.'), "fo");
        check("f(a.b:c", "a.b", Some(':'), "c");
        check("\u{e9}+a.", "a", Some('.'), "");
        check("", "", None, "");
    }
}
