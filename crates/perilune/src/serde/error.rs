//! Errors on their way out of nested values, collecting the path to where they arose.

use crate::error::Error;
use crate::traits::Fault;
use perilune_vm::{Ctx, NoEntry};
use std::fmt;

/// One step into a value.
#[derive(Debug)]
pub(crate) enum Step {
    /// A field or variant.
    Field(String),
    /// An element, from 1.
    Index(usize),
}

/// An error, and the steps to its place, the innermost first.
#[derive(Debug)]
pub(crate) struct Trace(Box<(Error, Vec<Step>)>);

pub(crate) type Outcome<T> = Result<T, Trace>;

impl Trace {
    #[cold]
    pub(crate) fn new(error: Error) -> Trace {
        Trace(Box::new((error, Vec::new())))
    }

    /// Notes that the error arose in a field.
    #[cold]
    pub(crate) fn in_field(mut self, name: impl Into<String>) -> Trace {
        self.0.1.push(Step::Field(name.into()));
        self
    }

    /// Notes that the error arose in an element, from 1.
    #[cold]
    pub(crate) fn in_element(mut self, index: usize) -> Trace {
        self.0.1.push(Step::Index(index));
        self
    }

    /// The error, with the path in front of its message.
    pub(crate) fn into_error(self) -> Error {
        let (error, path) = *self.0;
        let prefix = path_text(path.iter().rev());
        match error {
            _ if prefix.is_empty() => error,
            Error::SerializeError(text) => Error::SerializeError(format!("{prefix}: {text}")),
            Error::DeserializeError(text) => Error::DeserializeError(format!("{prefix}: {text}")),
            other => other,
        }
    }
}

/// A path in the form `servers[2].port`.
pub(crate) fn path_text<'a>(path: impl Iterator<Item = &'a Step>) -> String {
    use fmt::Write as _;
    let mut text = String::new();
    for step in path {
        let done = match step {
            Step::Field(name) if text.is_empty() => write!(text, "{name}"),
            Step::Field(name) => write!(text, ".{name}"),
            Step::Index(index) => write!(text, "[{index}]"),
        };
        debug_assert!(done.is_ok(), "strings grow");
    }
    text
}

impl From<Error> for Trace {
    fn from(error: Error) -> Trace {
        Trace::new(error)
    }
}

impl From<NoEntry> for Trace {
    fn from(no: NoEntry) -> Trace {
        Trace::new(Error::runtime(no))
    }
}

/// An operation's error, as one of Rust.
#[cold]
pub(crate) fn settle(ctx: &mut Ctx<'_>, fault: Fault) -> Error {
    match fault {
        Fault::Host(error) => error,
        Fault::Raised(raised) => crate::failure::take_error(ctx, raised),
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.0.fmt(f)
    }
}

impl std::error::Error for Trace {}

impl serde::ser::Error for Trace {
    fn custom<T: fmt::Display>(message: T) -> Trace {
        Trace::new(Error::SerializeError(message.to_string()))
    }
}

impl serde::de::Error for Trace {
    fn custom<T: fmt::Display>(message: T) -> Trace {
        Trace::new(Error::DeserializeError(message.to_string()))
    }
}

impl serde::ser::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Error {
        Error::SerializeError(message.to_string())
    }
}

impl serde::de::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Error {
        Error::DeserializeError(message.to_string())
    }
}
