//! Lua patterns: compiled once, matched with bounded recursion and metered steps.
//!
//! A pattern compiles to a straight list of nodes (patterns have no alternation), so what the
//! reference finds out while it matches is known beforehand: which capture a `)` closes, which
//! errors an item would raise, and which repetitions never need to give bytes back. An error
//! stays in the list as a node, since it may only be raised when matching reaches it.

mod compile;
mod error;
mod matcher;
mod set;
#[cfg(test)]
mod tests;

pub use compile::Pattern;
pub use error::PatternError;
pub use matcher::{Capture, Captures, MatchError, Meter, Unmetered};
pub use set::ByteSet;

/// The most captures a pattern may have.
pub const MAX_CAPTURES: usize = 32;

/// How deep the matcher may recurse before a pattern is "too complex".
pub const MAX_DEPTH: u32 = 200;

/// Does the pattern consist of plain bytes only, so that a plain search finds the same?
pub fn is_plain(pattern: &[u8]) -> bool {
    !pattern.iter().any(|b| b"^$*+?.([%-".contains(b))
}

/// Finds `needle` in `haystack`: the offset of its first occurrence.
pub fn find_plain(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    // A searcher costs some tens of nanoseconds to build, more than a short scan.
    const SHORT: usize = 64;
    match needle {
        [] => Some(0),
        [byte] => memchr::memchr(*byte, haystack),
        _ if haystack.len() < needle.len() => None,
        [first, ..] if haystack.len() <= SHORT => {
            let last = haystack.len() - needle.len();
            let mut at = 0;
            while at <= last {
                at += memchr::memchr(*first, &haystack[at..=last])?;
                if &haystack[at..at + needle.len()] == needle {
                    return Some(at);
                }
                at += 1;
            }
            None
        }
        _ => memchr::memmem::find(haystack, needle),
    }
}
