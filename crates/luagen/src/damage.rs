//! Programs with changed tokens: what the parser says about them must be the same everywhere.

use arbitrary::Unstructured;

use crate::program;

const TOKENS: [&str; 48] = [
    "end",
    "(",
    ")",
    "=",
    "local",
    "function",
    "do",
    "then",
    "::",
    "goto",
    "break",
    "return",
    ",",
    "..",
    "...",
    "<const>",
    "<close>",
    "\"open",
    "[[open",
    "0x",
    "1e",
    "3in",
    "==",
    "}",
    "{",
    "]",
    "[",
    "until",
    "repeat",
    "if",
    "for",
    "in",
    "nil",
    "and",
    "not",
    ";",
    "global",
    "~",
    "//",
    "'\\q'",
    "'\\300'",
    "'\\u{110000000}'",
    "\u{e9}",
    "$",
    "--[[",
    "a",
    "1",
    ".",
];

/// A program of which some tokens are deleted, doubled, moved or replaced. It may not compile, and if it does,
/// it may not end.
pub fn damaged(bytes: &[u8]) -> String {
    let (how, what) = bytes.split_at(bytes.len().min(12));
    let source = program(what);
    let mut bytes = Unstructured::new(how);
    let mut tokens = split(&source);
    for _ in 0..1 + bytes.int_in_range(0..=2).unwrap_or(0) {
        if tokens.is_empty() {
            break;
        }
        // Early, mostly: the first error is what counts.
        let at = bytes.int_in_range(0..=tokens.len() - 1).unwrap_or(0);
        match bytes.int_in_range(0..=4).unwrap_or(0) {
            0 => drop(tokens.remove(at)),
            1 => tokens.insert(at, tokens[at]),
            2 if at + 1 < tokens.len() => tokens.swap(at, at + 1),
            3 => tokens.truncate(at),
            _ => {
                let by = bytes.int_in_range(0..=TOKENS.len() - 1).unwrap_or(0);
                tokens[at] = TOKENS[by];
            }
        }
    }
    tokens.concat()
}

/// Words, spaces and single other characters.
fn split(source: &str) -> Vec<&str> {
    let class = |c: char| match c {
        c if c.is_alphanumeric() || c == '_' => 0,
        ' ' | '\n' => 1,
        _ => 2,
    };
    let mut tokens = Vec::new();
    let mut start = 0;
    let mut last = None;
    for (at, c) in source.char_indices() {
        let this = class(c);
        if at > start && (last != Some(this) || this == 2) {
            tokens.push(&source[start..at]);
            start = at;
        }
        last = Some(this);
    }
    if start < source.len() {
        tokens.push(&source[start..]);
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_make_up_the_source() {
        let source = "local a_1 = (x)..\"s\"\n";
        assert_eq!(split(source).concat(), source);
        assert_eq!(split(source)[..4], ["local", " ", "a_1", " "]);
    }
}
