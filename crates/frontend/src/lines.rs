//! Source ranges, and the way from byte offsets to lines and columns.

use std::fmt;

/// A range of source bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Span {
    /// The first byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The range `start..end`.
    pub fn new(start: u32, end: u32) -> Span {
        Span { start, end }
    }

    /// The smallest range that covers both.
    pub fn to(self, other: Span) -> Span {
        Span {
            start: self.start.min(other.start),
            end: self.end.max(other.end),
        }
    }

    /// How many bytes.
    pub fn len(self) -> u32 {
        self.end - self.start
    }

    /// Is the range empty?
    pub fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// The bytes of `source` in this range.
    pub fn of(self, source: &[u8]) -> &[u8] {
        &source[self.start as usize..self.end as usize]
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.start, self.end)
    }
}

/// Where each line of a text begins. A line ends at `\n`, `\r`, `\r\n` or `\n\r`, as in Lua.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineIndex {
    /// Offsets of the first bytes of lines 2, 3, ...
    starts: Vec<u32>,
}

impl LineIndex {
    /// Finds the lines of `source`.
    pub fn new(source: &[u8]) -> LineIndex {
        let mut starts = Vec::new();
        let mut at = 0;
        while let Some(offset) = source[at..].iter().position(|b| matches!(b, b'\n' | b'\r')) {
            at += offset;
            let first = source[at];
            at += 1;
            if let Some(&second @ (b'\n' | b'\r')) = source.get(at)
                && second != first
            {
                at += 1;
            }
            starts.push(at as u32);
        }
        LineIndex { starts }
    }

    /// The 1-based line of a byte offset. O(log n).
    pub fn line(&self, offset: u32) -> u32 {
        self.starts.partition_point(|&start| start <= offset) as u32 + 1
    }

    /// The 1-based line and 1-based column, in bytes, of a byte offset. O(log n).
    pub fn line_col(&self, offset: u32) -> (u32, u32) {
        let before = self.starts.partition_point(|&start| start <= offset);
        let start = if before == 0 { 0 } else { self.starts[before - 1] };
        (before as u32 + 1, offset - start + 1)
    }

    /// How many lines the text has; an empty text has one.
    pub fn len(&self) -> u32 {
        self.starts.len() as u32 + 1
    }

    /// Never true: every text has a line.
    pub fn is_empty(&self) -> bool {
        false
    }
}

/// The 1-based line and 1-based column, in bytes, of a byte offset; O(n), so ask a
/// [`LineIndex`] for many.
pub fn line_col(source: &[u8], offset: u32) -> (u32, u32) {
    LineIndex::new(source).line_col(offset)
}
