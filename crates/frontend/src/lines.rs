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
        while let Some(offset) = line_break(&source[at..]) {
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

    /// As [`line_col`](Self::line_col), in no time if the offset is on the line of `hint` or the next ones; `hint` becomes
    /// the line.
    pub fn line_col_from(&self, offset: u32, hint: &mut u32) -> (u32, u32) {
        let start = |line: u32| match line {
            0 | 1 => 0,
            line => self.starts.get(line as usize - 2).copied().unwrap_or(u32::MAX),
        };
        let mut line = (*hint).max(1);
        if start(line) <= offset {
            for _ in 0..4 {
                if offset < start(line + 1) {
                    *hint = line;
                    return (line, offset - start(line) + 1);
                }
                line += 1;
            }
        }
        let found = self.line_col(offset);
        *hint = found.0;
        found
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

/// Where the first byte is that ends a line.
fn line_break(text: &[u8]) -> Option<usize> {
    const LOW: u64 = 0x0101_0101_0101_0101;
    /// The high bits of bytes that are zero, and maybe of bytes above them.
    fn zeros(word: u64) -> u64 {
        word.wrapping_sub(LOW) & !word & LOW << 7
    }
    let mut at = 0;
    while let Some(chunk) = text[at..].first_chunk::<8>() {
        let word = u64::from_le_bytes(*chunk);
        let found = zeros(word ^ (LOW * u64::from(b'\n'))) | zeros(word ^ (LOW * u64::from(b'\r')));
        if found != 0 {
            return Some(at + found.trailing_zeros() as usize / 8);
        }
        at += 8;
    }
    let rest = text[at..].iter().position(|b| matches!(b, b'\n' | b'\r'));
    rest.map(|offset| at + offset)
}

/// The 1-based line and 1-based column, in bytes, of a byte offset; O(n), so ask a
/// [`LineIndex`] for many.
pub fn line_col(source: &[u8], offset: u32) -> (u32, u32) {
    LineIndex::new(source).line_col(offset)
}
