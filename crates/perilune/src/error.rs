//! `Error`: what can go wrong between Rust and Lua, and how errors of the host travel through scripts.

use std::fmt;
use std::sync::Arc;

#[cfg(feature = "error-send")]
type DynError = dyn std::error::Error + Send + Sync;
#[cfg(not(feature = "error-send"))]
type DynError = dyn std::error::Error;

/// The result of operations on a Lua state.
pub type Result<T> = std::result::Result<T, Error>;

/// An error of an operation on a Lua state.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Error {
    /// Source text that does not compile.
    SyntaxError {
        /// The message of the first error.
        message: String,
        /// Whether more text could make the chunk valid: what a REPL wants to know.
        incomplete_input: bool,
    },
    /// An error that a script raised, as text, with a traceback.
    RuntimeError(String),
    /// The memory limit was reached.
    MemoryError(String),
    /// The script had to end: it reached a limit, or was cancelled.
    Stopped {
        /// Why.
        cause: perilune_vm::Stop,
        /// The message, with the place, and a traceback.
        message: String,
    },
    /// An operation that would not be safe was refused.
    SafetyError(String),
    /// There is no memory control.
    MemoryControlNotAvailable,
    /// A mutable callback was called while it is running.
    RecursiveMutCallback,
    /// A callback or userdata of a scope that has ended was used.
    CallbackDestructed,
    /// Too many values for a call.
    StackError,
    /// Too many arguments for [`Function::bind`](crate::Function::bind).
    BindError,
    /// An argument of a host function does not convert.
    BadArgument {
        /// The name of the function, if known.
        to: Option<String>,
        /// The argument's number, from 1.
        pos: usize,
        /// The argument's name, if known.
        name: Option<String>,
        /// Why.
        cause: Arc<Error>,
    },
    /// A Lua value does not convert to a Rust type.
    FromLuaConversionError {
        /// The Lua type.
        from: &'static str,
        /// The Rust type.
        to: String,
        /// Why.
        message: Option<String>,
    },
    /// A coroutine that cannot be resumed.
    CoroutineUnresumable,
    /// A userdata holds another type than asked for.
    UserDataTypeMismatch,
    /// A userdata's value was taken or destroyed.
    UserDataDestructed,
    /// A userdata is borrowed mutably.
    UserDataBorrowError,
    /// A userdata is borrowed.
    UserDataBorrowMutError,
    /// A metamethod that hosts may not define.
    MetaMethodRestricted(String),
    /// A metamethod of a wrong type.
    MetaMethodTypeError {
        /// Its name.
        method: String,
        /// Its type.
        type_name: &'static str,
        /// Why.
        message: Option<String>,
    },
    /// A registry key of another state.
    MismatchedRegistryKey,
    /// A host function failed.
    CallbackError {
        /// The Lua traceback at that point.
        traceback: String,
        /// What it returned.
        cause: Arc<Error>,
    },
    /// A panic that was resumed already came back.
    PreviouslyResumedPanic,
    /// A Rust value that does not become one of Lua.
    SerializeError(String),
    /// A Lua value that does not become one of Rust.
    DeserializeError(String),
    /// An error of the host.
    ExternalError(Arc<DynError>),
    /// An error with a note in front.
    WithContext {
        /// The note.
        context: String,
        /// What it is about.
        cause: Arc<Error>,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::SyntaxError { message, .. } => write!(f, "syntax error: {message}"),
            Error::RuntimeError(text) => write!(f, "runtime error: {text}"),
            Error::MemoryError(text) => write!(f, "memory error: {text}"),
            Error::Stopped { message, .. } => f.write_str(message),
            Error::SafetyError(text) => write!(f, "safety error: {text}"),
            Error::MemoryControlNotAvailable => f.write_str("memory control is not available"),
            Error::RecursiveMutCallback => f.write_str("mutable callback called recursively"),
            Error::CallbackDestructed => f.write_str("a destructed callback or destructed userdata method was called"),
            Error::StackError => f.write_str(
                "out of Lua stack, too many arguments to a Lua function or too many return values from a callback",
            ),
            Error::BindError => f.write_str("too many arguments to Function::bind"),
            Error::BadArgument { to, pos, name, cause } => {
                match name {
                    Some(name) => write!(f, "bad argument `{name}`")?,
                    None => write!(f, "bad argument #{pos}")?,
                }
                if let Some(to) = to {
                    write!(f, " to `{to}`")?;
                }
                write!(f, ": {cause}")
            }
            Error::FromLuaConversionError { from, to, message } => {
                write!(f, "error converting Lua {from} to {to}")?;
                parenthesized(f, message)
            }
            Error::CoroutineUnresumable => f.write_str("coroutine is non-resumable"),
            Error::UserDataTypeMismatch => f.write_str("userdata is not expected type"),
            Error::UserDataDestructed => f.write_str("userdata has been destructed"),
            Error::UserDataBorrowError => f.write_str("error borrowing userdata"),
            Error::UserDataBorrowMutError => f.write_str("error mutably borrowing userdata"),
            Error::MetaMethodRestricted(method) => write!(f, "metamethod {method} is restricted"),
            Error::MetaMethodTypeError {
                method,
                type_name,
                message,
            } => {
                write!(f, "metamethod {method} has unsupported type {type_name}")?;
                parenthesized(f, message)
            }
            Error::MismatchedRegistryKey => f.write_str("RegistryKey used from different Lua state"),
            Error::CallbackError { traceback, cause } => callback_text(f, traceback, cause),
            Error::PreviouslyResumedPanic => f.write_str("previously resumed panic returned again"),
            Error::SerializeError(text) => write!(f, "serialize error: {text}"),
            Error::DeserializeError(text) => write!(f, "deserialize error: {text}"),
            Error::ExternalError(error) => error.fmt(f),
            Error::WithContext { context, cause } => write!(f, "{context}\n{cause}"),
        }
    }
}

fn parenthesized(f: &mut fmt::Formatter<'_>, message: &Option<String>) -> fmt::Result {
    match message {
        Some(message) => write!(f, " ({message})"),
        None => Ok(()),
    }
}

/// The innermost cause, and one traceback: the innermost, in which the outermost callback's own level is marked.
fn callback_text(f: &mut fmt::Formatter<'_>, outer: &str, cause: &Arc<Error>) -> fmt::Result {
    let mut root = cause;
    let mut innermost = None;
    while let Error::CallbackError { traceback, cause } = &**root {
        innermost = Some(traceback.as_str());
        root = cause;
    }
    writeln!(f, "{root}")?;
    let Some(whole) = innermost else {
        return writeln!(f, "{}", outer.trim_end());
    };
    let own = outer.trim_start_matches("stack traceback:").trim();
    match whole.find(own) {
        Some(at) => writeln!(f, "{}>{}", &whole[..at], whole[at..].trim_end()),
        None => writeln!(f, "{}", whole.trim_end()),
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            // The text of a callback's error contains its cause, so it is no source.
            Error::ExternalError(error) => error.source(),
            Error::WithContext { cause, .. } => cause.source(),
            _ => None,
        }
    }
}

impl Error {
    /// A runtime error of the host's making.
    #[inline]
    pub fn runtime<S: fmt::Display>(message: S) -> Error {
        Error::RuntimeError(message.to_string())
    }

    /// Any error of the host. An [`Error`] stays what it is.
    #[inline]
    pub fn external<T: Into<Box<DynError>>>(error: T) -> Error {
        match error.into().downcast::<Error>() {
            Ok(own) => *own,
            Err(other) => Error::ExternalError(other.into()),
        }
    }

    /// The external error, if it is of this type.
    pub fn downcast_ref<T: std::error::Error + 'static>(&self) -> Option<&T> {
        match self {
            Error::ExternalError(error) => error.downcast_ref(),
            Error::WithContext { cause, .. } => cause.downcast_ref(),
            _ => None,
        }
    }

    /// This error and its causes, outermost first.
    pub fn chain(&self) -> impl Iterator<Item = &(dyn std::error::Error + 'static)> {
        let mut next: Option<&(dyn std::error::Error + 'static)> = Some(self);
        std::iter::from_fn(move || {
            // An external error is shown as what it wraps.
            while let Some(Error::ExternalError(error)) = next.and_then(|e| e.downcast_ref::<Error>()) {
                next = Some(&**error);
            }
            let now = next?;
            next = match now.downcast_ref::<Error>() {
                Some(
                    Error::BadArgument { cause, .. }
                    | Error::CallbackError { cause, .. }
                    | Error::WithContext { cause, .. },
                ) => Some(&**cause),
                _ => None,
            };
            Some(now)
        })
    }

    /// What a callback's error or a note is about.
    #[doc(hidden)]
    pub fn parent(&self) -> Option<&Error> {
        match self {
            Error::CallbackError { cause, .. } | Error::WithContext { cause, .. } => Some(cause),
            _ => None,
        }
    }

    pub(crate) fn from_lua_conversion(
        from: &'static str,
        to: impl Into<String>,
        message: impl Into<Option<String>>,
    ) -> Error {
        Error::FromLuaConversionError {
            from,
            to: to.into(),
            message: message.into(),
        }
    }

    pub(crate) fn bad_argument(self, to: Option<&str>, pos: usize) -> Error {
        Error::BadArgument {
            to: to.map(str::to_string),
            pos,
            name: None,
            cause: Arc::new(self),
        }
    }

    pub(crate) fn bad_self(self, to: Option<&str>) -> Error {
        Error::BadArgument {
            to: to.map(str::to_string),
            pos: 1,
            name: Some("self".to_string()),
            cause: Arc::new(self),
        }
    }
}

/// Errors that can travel through Lua.
pub trait ExternalError {
    /// As an error of this crate.
    fn into_lua_err(self) -> Error;
}

impl<E: Into<Box<DynError>>> ExternalError for E {
    fn into_lua_err(self) -> Error {
        Error::external(self)
    }
}

/// Results whose errors can travel through Lua.
pub trait ExternalResult<T> {
    /// With an error of this crate.
    ///
    /// # Errors
    /// The one that it had.
    fn into_lua_err(self) -> Result<T>;
}

impl<T, E: ExternalError> ExternalResult<T> for std::result::Result<T, E> {
    fn into_lua_err(self) -> Result<T> {
        self.map_err(ExternalError::into_lua_err)
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Error {}
    impl<T> Sealed for super::Result<T> {}
}

/// Notes on errors.
pub trait ErrorContext: sealed::Sealed {
    /// With a note; it replaces one that is there.
    fn context<C: fmt::Display>(self, context: C) -> Self;
    /// With a note that is made from the error.
    fn with_context<C: fmt::Display>(self, f: impl FnOnce(&Error) -> C) -> Self;
}

impl ErrorContext for Error {
    fn context<C: fmt::Display>(self, context: C) -> Error {
        let context = context.to_string();
        let cause = match self {
            Error::WithContext { cause, .. } => cause,
            other => Arc::new(other),
        };
        Error::WithContext { context, cause }
    }

    fn with_context<C: fmt::Display>(self, f: impl FnOnce(&Error) -> C) -> Error {
        let context = f(&self).to_string();
        self.context(context)
    }
}

impl<T> ErrorContext for Result<T> {
    fn context<C: fmt::Display>(self, context: C) -> Result<T> {
        self.map_err(|e| e.context(context))
    }

    fn with_context<C: fmt::Display>(self, f: impl FnOnce(&Error) -> C) -> Result<T> {
        self.map_err(|e| e.with_context(f))
    }
}

impl From<std::net::AddrParseError> for Error {
    fn from(error: std::net::AddrParseError) -> Error {
        Error::external(error)
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Error {
        Error::external(error)
    }
}

impl From<std::str::Utf8Error> for Error {
    fn from(error: std::str::Utf8Error) -> Error {
        Error::external(error)
    }
}

#[cfg(feature = "anyhow")]
impl From<anyhow::Error> for Error {
    fn from(error: anyhow::Error) -> Error {
        match error.downcast::<Error>() {
            Ok(own) => own,
            Err(other) => Error::external(other),
        }
    }
}
