//! The second-level lookup cache: (shape, key) to slot, for sites that see more shapes than their
//! inline cache holds (the global lookup cache of Smalltalk-80, Deutsch & Schiffman 1984).

use crate::object::Str;
use crate::table::Table;
use crate::value::Value;
use std::ptr::null_mut;

const BITS: u32 = 8;

/// One remembered lookup; its size is a power of two, so that finding it takes a shift.
#[derive(Clone, Copy)]
#[repr(C, align(32))]
pub struct Entry {
    /// As in an inline cache: the receiver's shape id, 0 for an empty entry, and above it the byte offset of the slot.
    pub word: u64,
    key: *const Str,
    /// The table that has the slot, null for the receiver itself.
    pub holder: *const Table,
}

impl Entry {
    /// The slot, for a receiver that the entry is about.
    ///
    /// # Safety
    /// `receiver` has the entry's shape.
    #[inline(always)]
    pub unsafe fn slot(&self, receiver: *const Table) -> *mut Value {
        let table = if self.holder.is_null() { receiver } else { self.holder };
        (*table).slots.byte_add((self.word >> 32) as usize)
    }
}

const EMPTY: Entry = Entry {
    word: 0,
    key: null_mut(),
    holder: null_mut(),
};

/// The cache: two ways, so that two lookups of a hot loop do not push each other out.
pub struct LookupCache {
    entries: Box<[[Entry; 2]; 1 << BITS]>,
    dirty: bool,
}

#[inline(always)]
fn index(shape: u32, key: *const Str) -> usize {
    (shape.wrapping_mul(0x9E37_79B9) ^ (key as usize >> 4) as u32) as usize & ((1 << BITS) - 1)
}

impl LookupCache {
    /// An empty cache.
    pub fn new() -> LookupCache {
        LookupCache {
            // SAFETY: an entry of zeroes is [`EMPTY`].
            entries: unsafe { Box::new_zeroed().assume_init() },
            dirty: false,
        }
    }

    /// What is remembered in way `W` for a shape and key.
    #[inline(always)]
    pub fn find_in<const W: usize>(&self, shape: u32, key: *const Str) -> Option<&Entry> {
        let e = &self.entries[index(shape, key)][W];
        (e.word as u32 == shape && std::ptr::eq(e.key, key)).then_some(e)
    }

    /// What is remembered for a shape and key.
    #[inline(always)]
    pub fn find(&self, shape: u32, key: *const Str) -> Option<&Entry> {
        match self.find_in::<0>(shape, key) {
            None => self.find_in::<1>(shape, key),
            found => found,
        }
    }

    /// Remembers a lookup, in front of the one that was last remembered at its place.
    pub fn fill(&mut self, shape: u32, key: *const Str, holder: *const Table, offset: u32) {
        self.dirty = true;
        let set = &mut self.entries[index(shape, key)];
        let [first, second] = set;
        if first.word as u32 != shape || !std::ptr::eq(first.key, key) {
            *second = *first;
        }
        *first = Entry {
            word: u64::from(shape) | u64::from(offset) << 32,
            key,
            holder,
        };
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        if std::mem::take(&mut self.dirty) {
            self.entries.fill([EMPTY; 2]);
        }
    }
}
