//! Short chunks that were loaded lately. Programs that `load` the same text again and again get a new closure of the same
//! function each time, without compiling anything; what the function learned (its inline caches, how often it was
//! called) stays with it.
//!
//! The entries are weak: they keep nothing alive, and go with their functions at the end of a marking.

use crate::object::Proto;
use std::ptr::null_mut;

/// How many chunks are remembered: a power of two of sets, each with some places.
const SETS: usize = 32;
const WAYS: usize = 4;
/// The longest text, and the longest name, that is remembered.
const LONGEST: usize = 256;

/// The chunks that are remembered.
#[derive(Default)]
pub(crate) struct Recent {
    /// Empty until the first is noted.
    entries: Box<[Entry]>,
    /// The loader's [epoch](crate::Loader::epoch) in which they were compiled.
    epoch: u64,
}

struct Entry {
    source: Box<[u8]>,
    name: Box<[u8]>,
    /// The main function, or null.
    main: *mut Proto,
}

impl Recent {
    /// The main function of a chunk, if it is remembered.
    pub(crate) fn find(&self, source: &[u8], name: &[u8], epoch: u64) -> Option<*mut Proto> {
        if source.len() > LONGEST || epoch != self.epoch {
            return None;
        }
        let first = WAYS * set(source);
        let is_it = |entry: &&Entry| !entry.main.is_null() && *entry.source == *source && *entry.name == *name;
        let entry = self.entries.get(first..first + WAYS)?.iter().find(is_it)?;
        Some(entry.main)
    }

    /// Remembers the main function of a chunk that compiled.
    pub(crate) fn note(&mut self, source: &[u8], name: &[u8], epoch: u64, main: *mut Proto) {
        if source.len() > LONGEST || name.len() > LONGEST {
            return;
        }
        if epoch != self.epoch {
            self.clear();
            self.epoch = epoch;
        }
        if self.entries.is_empty() {
            let none = || Entry {
                source: Box::default(),
                name: Box::default(),
                main: null_mut(),
            };
            self.entries = std::iter::repeat_with(none).take(SETS * WAYS).collect();
        }
        let first = WAYS * set(source);
        let places = &mut self.entries[first..first + WAYS];
        // The oldest goes.
        places.rotate_right(1);
        places[0] = Entry {
            source: source.into(),
            name: name.into(),
            main,
        };
    }

    /// Forgets the chunks whose functions are not to stay.
    pub(crate) fn retain(&mut self, mut stays: impl FnMut(*mut Proto) -> bool) {
        for entry in &mut self.entries {
            if !entry.main.is_null() && !stays(entry.main) {
                entry.main = null_mut();
            }
        }
    }

    /// Forgets all.
    pub(crate) fn clear(&mut self) {
        self.entries = Box::default();
    }
}

/// Where a chunk of this text is.
fn set(source: &[u8]) -> usize {
    let mix = |hash: u64, word: u64| (hash.rotate_left(5) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut chunks = source.chunks_exact(8);
    let mut hash = source.len() as u64;
    for chunk in &mut chunks {
        let word: [u8; 8] = chunk.try_into().expect("chunks of 8");
        hash = mix(hash, u64::from_le_bytes(word));
    }
    let rest = chunks.remainder().iter();
    hash = mix(hash, rest.fold(0, |word, &byte| word << 8 | u64::from(byte)));
    (hash >> (64 - SETS.trailing_zeros())) as usize
}
