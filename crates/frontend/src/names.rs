//! The interner of a chunk: names and string literals, each stored once.

use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::Index;

use indexmap::IndexSet;

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
    set: IndexSet<Box<[u8]>, BuildHasherDefault<WordHasher>>,
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
            set: IndexSet::default(),
        };
        for name in ["_ENV", "self", "global", "const", "close", ""] {
            names.intern(name.as_bytes());
        }
        names
    }

    /// The id of `bytes`, new or old.
    pub fn intern(&mut self, bytes: &[u8]) -> NameId {
        // Looking up first spares the allocation for the many repeats.
        let index = match self.set.get_index_of(bytes) {
            Some(index) => index,
            None => self.set.insert_full(bytes.into()).0,
        };
        NameId(u32::try_from(index).expect("a chunk has fewer than 2^32 names"))
    }

    /// The id of `bytes`, if the chunk has them.
    pub fn get(&self, bytes: &[u8]) -> Option<NameId> {
        self.set.get_index_of(bytes).map(|index| NameId(index as u32))
    }

    /// Every name with its id, in order of first appearance.
    pub fn iter(&self) -> impl Iterator<Item = (NameId, &[u8])> {
        self.set
            .iter()
            .enumerate()
            .map(|(index, name)| (NameId(index as u32), &**name))
    }

    /// How many names there are.
    pub fn len(&self) -> usize {
        self.set.len()
    }

    /// Never true: every chunk has some names.
    pub fn is_empty(&self) -> bool {
        self.set.is_empty()
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
        &self.set[id.index()]
    }
}

/// A multiplicative hash over 8-byte words. Order never depends on it, and a chunk whose names
/// collide on purpose costs its own compilation time only.
#[derive(Clone, Copy, Default)]
pub struct WordHasher(u64);

impl Hasher for WordHasher {
    fn write(&mut self, bytes: &[u8]) {
        let mut chunks = bytes.chunks_exact(8);
        for chunk in &mut chunks {
            let word: [u8; 8] = chunk.try_into().expect("chunks of 8");
            self.write_u64(u64::from_le_bytes(word));
        }
        let rest = chunks.remainder();
        if !rest.is_empty() {
            let mut word = [0; 8];
            word[..rest.len()].copy_from_slice(rest);
            self.write_u64(u64::from_le_bytes(word));
        }
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn write_usize(&mut self, word: usize) {
        self.write_u64(word as u64);
    }

    fn finish(&self) -> u64 {
        // The high bits are the best mixed; the table takes the low ones.
        self.0 ^ (self.0 >> 32)
    }
}
