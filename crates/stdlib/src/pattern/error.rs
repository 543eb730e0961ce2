//! What is wrong with a pattern, in the words that scripts see.

use std::fmt;

/// A malformed pattern, or one that asks for too much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PatternError {
    /// A `%` is the last byte.
    EndsWithPercent,
    /// A set has no `]`.
    UnclosedSet,
    /// `%b` lacks its two bytes.
    BalanceArguments,
    /// `%f` has no set.
    FrontierWithoutSet,
    /// `%n` names a capture (1-based) that does not exist or is still open.
    CaptureIndex(u32),
    /// A `)` has no `(`.
    NothingToClose,
    /// More than [`MAX_CAPTURES`](super::MAX_CAPTURES) captures.
    TooManyCaptures,
    /// A capture that is used has no `)`.
    UnfinishedCapture,
    /// Matching recursed deeper than [`MAX_DEPTH`](super::MAX_DEPTH).
    TooComplex,
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PatternError::EndsWithPercent => "malformed pattern (ends with '%')",
            PatternError::UnclosedSet => "malformed pattern (missing ']')",
            PatternError::BalanceArguments => "malformed pattern (missing arguments to '%b')",
            PatternError::FrontierWithoutSet => "missing '[' after '%f' in pattern",
            PatternError::CaptureIndex(n) => return write!(f, "invalid capture index %{n}"),
            PatternError::NothingToClose => "invalid pattern capture",
            PatternError::TooManyCaptures => "too many captures",
            PatternError::UnfinishedCapture => "unfinished capture",
            PatternError::TooComplex => "pattern too complex",
        })
    }
}

impl std::error::Error for PatternError {}
