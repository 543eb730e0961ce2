//! Errors of parsing and resolution, worded as the reference implementation words them.

use std::fmt;

use perilune_lang::chunk_display;

use crate::lines::Span;

/// A fault in the source text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// What is wrong.
    pub kind: ErrorKind,
    /// Where; for an unexpected token, the token.
    pub span: Span,
    /// The 1-based line that the message names.
    pub line: u32,
    /// The token of the message's `near`, as the message shows it, quotes included.
    pub near: Option<Box<[u8]>>,
    /// The moment at which a one-pass compiler meets the error.
    pub(crate) order: Order,
}

/// A moment of a one-pass compiler: how far it has read, and which of its parts speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Order {
    /// The end of the last token that the parser has consumed.
    pub(crate) consumed: u32,
    pub(crate) phase: Phase,
}

/// What speaks at a moment: the scanner reads a token ahead, so it comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    Scan,
    Meaning,
    Syntax,
}

/// What is wrong with a source text.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A certain token is required: `'=' expected`.
    Expected(&'static str),
    /// A block or bracket is not closed: `'end' expected (to close 'if' at line 3)`.
    ExpectedToClose {
        /// The token required.
        what: &'static str,
        /// The token that it would close.
        who: &'static str,
        /// The line of that token.
        line: u32,
    },
    /// A fixed sentence, such as `unexpected symbol`.
    Message(&'static str),
    /// A long string or comment runs to the end of the text.
    UnfinishedLong {
        /// `"string"` or `"comment"`.
        what: &'static str,
        /// The line where it starts.
        line: u32,
    },
    /// A limit of a function is passed.
    TooMany {
        /// `"local variables"` or `"upvalues"`.
        what: &'static str,
        /// How many are allowed.
        limit: u32,
        /// The line of the function; 0 for the main function.
        function_line: u32,
    },
    /// The text nests deeper than the compiler follows.
    TooDeep,
    /// The text is longer than 2^31 bytes.
    TooLong,
    /// An assignment to a read-only variable.
    AssignToConst(Box<[u8]>),
    /// An attribute that does not exist.
    UnknownAttribute(Box<[u8]>),
    /// More than one `<close>` in a `local` statement.
    MultipleToClose,
    /// `global x <close>`.
    GlobalToClose,
    /// A name used in the scope of global declarations that do not cover it.
    NotDeclared(Box<[u8]>),
    /// A global used where `_ENV` itself is declared as a global.
    EnvIsGlobal(Box<[u8]>),
    /// A `break` outside of loops, as 5.4 finds it: at the end of its function.
    BreakOutsideLoop {
        /// The line of the `break`.
        line: u32,
    },
    /// A `goto` without a label in sight.
    NoVisibleLabel {
        /// The label's name.
        name: Box<[u8]>,
        /// The line of the `goto`.
        line: u32,
    },
    /// A `goto` into the scope of a variable.
    JumpIntoScope {
        /// The label's name.
        label: Box<[u8]>,
        /// The line of the `goto`.
        line: u32,
        /// The variable, or `*` of `global *`.
        variable: Box<[u8]>,
        /// Whether the message calls it a local, as 5.4's does.
        says_local: bool,
    },
    /// A label declared twice.
    LabelRepeated {
        /// The label's name.
        name: Box<[u8]>,
        /// The line of the other declaration.
        line: u32,
    },
}

impl SyntaxError {
    /// The whole message, `chunk:line: message near 'token'`, where `chunkname` is the name that
    /// the chunk was loaded with (`@file`, `=text` or source text). Bytes that are not UTF-8 are
    /// replaced; [`SyntaxError::message`] keeps them.
    pub fn display(&self, chunkname: &[u8]) -> String {
        String::from_utf8_lossy(&self.message(chunkname)).into_owned()
    }

    /// The whole message as bytes.
    pub fn message(&self, chunkname: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        if self.kind != ErrorKind::TooDeep {
            out.extend(chunk_display(chunkname));
            out.extend(format!(":{}: ", self.line).bytes());
        }
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut Vec<u8>) {
        self.kind.write(out);
        if let Some(near) = &self.near {
            out.extend(b" near ");
            out.extend(&**near);
        }
    }
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = Vec::new();
        self.write(&mut out);
        f.write_str(&String::from_utf8_lossy(&out))
    }
}

impl std::error::Error for SyntaxError {}

impl ErrorKind {
    fn write(&self, out: &mut Vec<u8>) {
        // Names are bytes, so the sentence is put together as bytes.
        let mut put = |parts: &[&[u8]]| parts.iter().for_each(|part| out.extend(*part));
        match self {
            ErrorKind::Expected(what) => put(&[what.as_bytes(), b" expected"]),
            ErrorKind::ExpectedToClose { what, who, line } => {
                put(&[format!("{what} expected (to close {who} at line {line})").as_bytes()]);
            }
            ErrorKind::Message(text) => put(&[text.as_bytes()]),
            ErrorKind::UnfinishedLong { what, line } => {
                put(&[format!("unfinished long {what} (starting at line {line})").as_bytes()]);
            }
            ErrorKind::TooMany {
                what,
                limit,
                function_line,
            } => {
                let place = match function_line {
                    0 => "main function".to_owned(),
                    line => format!("function at line {line}"),
                };
                put(&[format!("too many {what} (limit is {limit}) in {place}").as_bytes()]);
            }
            ErrorKind::TooDeep => put(&[b"C stack overflow"]),
            ErrorKind::TooLong => put(&[b"chunk is too long"]),
            ErrorKind::AssignToConst(name) => {
                put(&[b"attempt to assign to const variable '", name, b"'"]);
            }
            ErrorKind::UnknownAttribute(name) => put(&[b"unknown attribute '", name, b"'"]),
            ErrorKind::MultipleToClose => {
                put(&[b"multiple to-be-closed variables in local list"]);
            }
            ErrorKind::GlobalToClose => put(&[b"global variables cannot be to-be-closed"]),
            ErrorKind::NotDeclared(name) => put(&[b"variable '", name, b"' not declared"]),
            ErrorKind::EnvIsGlobal(name) => {
                put(&[b"_ENV is global when accessing variable '", name, b"'"]);
            }
            ErrorKind::BreakOutsideLoop { line } => {
                put(&[format!("break outside loop at line {line}").as_bytes()]);
            }
            ErrorKind::NoVisibleLabel { name, line } => {
                put(&[b"no visible label '", name, b"' for <goto> at line "]);
                put(&[line.to_string().as_bytes()]);
            }
            ErrorKind::JumpIntoScope {
                label,
                line,
                variable,
                says_local,
            } => {
                let kind: &[u8] = if *says_local { b"local " } else { b"" };
                put(&[b"<goto ", label, b"> at line ", line.to_string().as_bytes()]);
                put(&[b" jumps into the scope of ", kind, b"'", variable, b"'"]);
            }
            ErrorKind::LabelRepeated { name, line } => {
                put(&[b"label '", name, b"' already defined on line "]);
                put(&[line.to_string().as_bytes()]);
            }
        }
    }
}
