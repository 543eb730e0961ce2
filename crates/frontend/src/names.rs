//! The interner of a chunk: names and string literals, each stored once.

use std::fmt;
use std::ops::Index;

/// A name or string literal of a chunk; an index into [`Names`]. Prints as `n0`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NameId(u32);

impl NameId {
    /// The position in order of first appearance in the source.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Debug for NameId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "n{}", self.0)
    }
}

/// The byte strings of a chunk, in order of first appearance, after a few that every chunk has.
#[derive(Clone, Debug)]
pub struct Names {
    /// All of them, one behind the other.
    bytes: Vec<u8>,
    /// Where each ends, and its hash.
    ends: Vec<(u32, u32)>,
    /// Open addressing with linear probing: one more than the number of a name, or 0; a power of two, never full.
    table: Vec<u32>,
}

impl Names {
    /// `_ENV`
    pub const ENV: NameId = NameId(0);
    /// `self`
    pub const SELF: NameId = NameId(1);
    /// `global`
    pub const GLOBAL: NameId = NameId(2);
    /// `const`
    pub const CONST: NameId = NameId(3);
    /// `close`
    pub const CLOSE: NameId = NameId(4);
    /// The empty string.
    pub const EMPTY: NameId = NameId(5);

    /// An interner that holds the names that every chunk has.
    pub fn new() -> Names {
        let mut names = Names {
            bytes: Vec::with_capacity(64),
            ends: Vec::with_capacity(16),
            table: vec![0; 32],
        };
        for name in ["_ENV", "self", "global", "const", "close", ""] {
            names.intern(name.as_bytes());
        }
        names
    }

    /// The id of `bytes`, new or old.
    pub fn intern(&mut self, bytes: &[u8]) -> NameId {
        let hash = hash(bytes);
        let free = match self.find(bytes, hash) {
            Ok(id) => return id,
            Err(free) => free,
        };
        self.bytes.extend_from_slice(bytes);
        let end = u32::try_from(self.bytes.len()).expect("the names of a chunk have fewer than 2^32 bytes");
        self.ends.push((end, hash));
        let count = self.ends.len() as u32;
        self.table[free] = count;
        if self.ends.len() * 2 > self.table.len() {
            self.grow();
        }
        NameId(count - 1)
    }

    /// The id of `bytes`, if the chunk has them.
    pub fn get(&self, bytes: &[u8]) -> Option<NameId> {
        self.find(bytes, hash(bytes)).ok()
    }

    /// The name with these bytes, or where it belongs in the table.
    fn find(&self, bytes: &[u8], hash: u32) -> Result<NameId, usize> {
        let mask = self.table.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            let Some(index) = self.table[at].checked_sub(1) else {
                return Err(at);
            };
            if self.ends[index as usize].1 == hash && self[NameId(index)] == *bytes {
                return Ok(NameId(index));
            }
            at = (at + 1) & mask;
        }
    }

    fn grow(&mut self) {
        let mut table = vec![0; self.table.len() * 2];
        let mask = table.len() - 1;
        for (number, &(_, hash)) in (1..).zip(&self.ends) {
            let mut at = hash as usize & mask;
            while table[at] != 0 {
                at = (at + 1) & mask;
            }
            table[at] = number;
        }
        self.table = table;
    }

    /// Every name with its id, in order of first appearance.
    pub fn iter(&self) -> impl Iterator<Item = (NameId, &[u8])> {
        (0..self.ends.len() as u32).map(|index| (NameId(index), &self[NameId(index)]))
    }

    /// How many names there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Never true: every chunk has some names.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The name as text, with replacement characters where it is not UTF-8.
    pub fn text(&self, id: NameId) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self[id])
    }
}

impl Default for Names {
    fn default() -> Names {
        Names::new()
    }
}

impl Index<NameId> for Names {
    type Output = [u8];

    fn index(&self, id: NameId) -> &[u8] {
        let start = id.index().checked_sub(1).map_or(0, |before| self.ends[before].0);
        &self.bytes[start as usize..self.ends[id.index()].0 as usize]
    }
}

/// A multiplicative hash over 8-byte words. Order never depends on it, and a chunk whose names
/// collide on purpose costs its own compilation time only.
fn hash(bytes: &[u8]) -> u32 {
    let mix = |hash: u64, word: u64| (hash.rotate_left(5) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut hash = bytes.len() as u64;
    let mut chunks = bytes.chunks_exact(8);
    for chunk in &mut chunks {
        let word: [u8; 8] = chunk.try_into().expect("chunks of 8");
        hash = mix(hash, u64::from_le_bytes(word));
    }
    // What is left, in two parts that may overlap.
    let rest = chunks.remainder();
    let word = match (rest.first_chunk::<4>(), rest.last_chunk::<4>()) {
        (Some(&first), Some(&last)) => u64::from(u32::from_le_bytes(first)) << 32 | u64::from(u32::from_le_bytes(last)),
        _ => match *rest {
            [] => 0,
            [first, ..] => {
                let (middle, last) = (rest[rest.len() / 2], rest[rest.len() - 1]);
                u64::from(first) << 16 | u64::from(middle) << 8 | u64::from(last)
            }
        },
    };
    // The high bits are the best mixed.
    (mix(hash, word) >> 32) as u32
}
