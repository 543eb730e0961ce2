//! The second-level lookup cache: (shape, key) to slot, for sites that see more shapes than their
//! inline cache holds (the global lookup cache of Smalltalk-80, Deutsch & Schiffman 1984).

use crate::object::Str;
use crate::table::Table;
use std::ptr::null_mut;

const BITS: u32 = 10;

/// One remembered lookup.
#[derive(Clone, Copy)]
pub struct Entry {
    /// The receiver's shape id; 0 for an empty entry.
    shape: u32,
    /// Byte offset of the slot.
    offset: u32,
    key: *const Str,
    /// The table that has the slot, null for the receiver itself.
    holder: *const Table,
}

const EMPTY: Entry = Entry {
    shape: 0,
    offset: 0,
    key: null_mut(),
    holder: null_mut(),
};

/// The cache: direct mapped.
pub struct LookupCache {
    entries: Box<[Entry; 1 << BITS]>,
    dirty: bool,
}

#[inline(always)]
fn index(shape: u32, key: *const Str) -> usize {
    let mixed = shape.wrapping_mul(0x9E37_79B9) ^ (key as usize >> 4) as u32;
    (mixed.wrapping_mul(0x85EB_CA6B) >> (32 - BITS)) as usize
}

impl LookupCache {
    /// An empty cache.
    pub fn new() -> LookupCache {
        LookupCache {
            entries: Box::new([EMPTY; 1 << BITS]),
            dirty: false,
        }
    }

    /// The holder (null: the receiver) and slot offset remembered for a shape and key.
    #[inline(always)]
    pub fn find(&self, shape: u32, key: *const Str) -> Option<(*const Table, usize)> {
        let e = &self.entries[index(shape, key) & ((1 << BITS) - 1)];
        if e.shape == shape && std::ptr::eq(e.key, key) {
            Some((e.holder, e.offset as usize))
        } else {
            None
        }
    }

    /// Remembers a lookup.
    pub fn fill(&mut self, shape: u32, key: *const Str, holder: *const Table, offset: u32) {
        self.dirty = true;
        self.entries[index(shape, key) & ((1 << BITS) - 1)] = Entry {
            shape,
            offset,
            key,
            holder,
        };
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        if std::mem::take(&mut self.dirty) {
            self.entries.fill(EMPTY);
        }
    }
}
