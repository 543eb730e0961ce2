//! Elements of plain tables, from slot to slot: what natives that go over arrays do most.

use super::Ctx;
use crate::prefetch::prefetch;
use crate::table::Table as RawTable;
use crate::value::{Value, tag};

/// Bytes of a line of the machine's cache.
const LINE: usize = 64;

impl Ctx<'_> {
    /// The table without a metatable in a slot.
    #[inline(always)]
    fn plain_table_at(&self, object: usize) -> Option<*mut RawTable> {
        assert!(object < self.top(), "slot {object} is below the top");
        // SAFETY: F3; checked.
        unsafe {
            let v = *self.at(object);
            if v.tag != tag::TABLE {
                return None;
            }
            let table: *mut RawTable = v.as_ptr();
            (*table).meta.is_null().then_some(table)
        }
    }

    /// `slot[to] = slot[object][i]`, if that is a table without a metatable that has the element in its array part; else false,
    /// and nothing happens.
    ///
    /// # Panics
    /// If a slot is not below the top.
    #[inline]
    pub fn load_element(&self, object: usize, i: u64, to: usize) -> bool {
        assert!(to < self.top(), "slot {to} is below the top");
        match self.plain_table_at(object) {
            // SAFETY: F3, H1; both checked.
            Some(table) if i.wrapping_sub(1) < u64::from(unsafe { (*table).len }) => unsafe {
                *self.at(to) = RawTable::array_get(table, i as usize);
                true
            },
            _ => false,
        }
    }

    /// `slot[object][i] = slot[from]`, if that is a table without a metatable and the store takes no more than that; else false,
    /// and nothing happens.
    ///
    /// # Panics
    /// If a slot is not below the top.
    #[inline]
    pub fn store_element(&self, object: usize, i: u64, from: usize) -> bool {
        assert!(from < self.top(), "slot {from} is below the top");
        match self.plain_table_at(object) {
            // SAFETY: F3, H1; checked.
            Some(table) => unsafe { RawTable::put_in_array(table, i as i64, *self.at(from)) },
            None => false,
        }
    }

    /// Says that `slot[object][i]` will be looked into soon: a hint for what does not fit the machine's caches. `near` is for an
    /// element of which this was said before: what it begins with is asked for as well.
    #[inline]
    pub fn expect_element(&self, object: usize, i: u64, near: bool) {
        let Some(table) = self.plain_table_at(object) else {
            return;
        };
        // SAFETY: H1; the element is in the array part, and a live object.
        unsafe {
            if i.wrapping_sub(1) >= u64::from((*table).len) {
                return;
            }
            let v = RawTable::array_get(table, i as usize);
            if near {
                if v.tag == tag::TABLE {
                    expect_contents(v.as_ptr());
                }
            } else if let Some(p) = v.header() {
                prefetch(p.as_ptr());
                prefetch(p.as_ptr().byte_add(LINE));
            }
        }
    }
}

/// Asks for what the first elements and fields of a table refer to.
#[inline]
unsafe fn expect_contents(table: *const RawTable) {
    let expect = |v: Value| {
        if let Some(p) = v.header() {
            prefetch(p.as_ptr());
        }
    };
    for i in 1..=((*table).len as usize).min(2) {
        expect(RawTable::array_get(table, i));
    }
    for i in 0..((*(*table).shape).count as usize).min(2) {
        expect(*(*table).slots.add(i));
    }
}
