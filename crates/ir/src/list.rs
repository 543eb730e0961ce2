//! Operand lists: many short growable lists of values in one vector.
//!
//! A list's capacity is implied by its length (the next power of two), so a list is 8 bytes and
//! appending is amortized constant time. Abandoned space is reclaimed with the function.

use crate::Value;

/// A list in a [`ListPool`].
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct List {
    start: u32,
    len: u32,
}

/// The storage of lists.
#[derive(Clone, Debug, Default)]
pub(crate) struct ListPool {
    data: Vec<Value>,
}

fn capacity(len: u32) -> u32 {
    if len == 0 { 0 } else { len.next_power_of_two() }
}

impl ListPool {
    pub(crate) fn alloc(&mut self, values: &[Value]) -> List {
        let start = u32::try_from(self.data.len()).expect("fewer than 2^32 operands in a function");
        let len = u32::try_from(values.len()).expect("fewer than 2^32 operands in a list");
        self.data.extend_from_slice(values);
        self.data
            .resize(start as usize + capacity(len) as usize, Value::from_u32(0));
        List { start, len }
    }

    pub(crate) fn get(&self, list: List) -> &[Value] {
        &self.data[list.start as usize..(list.start + list.len) as usize]
    }

    pub(crate) fn get_mut(&mut self, list: List) -> &mut [Value] {
        &mut self.data[list.start as usize..(list.start + list.len) as usize]
    }

    pub(crate) fn push(&mut self, list: &mut List, value: Value) {
        if list.len == capacity(list.len) {
            let start = u32::try_from(self.data.len()).expect("fewer than 2^32 operands in a function");
            let old = list.start as usize..(list.start + list.len) as usize;
            self.data.extend_from_within(old);
            self.data
                .resize(start as usize + capacity(list.len + 1) as usize, value);
            list.start = start;
        }
        self.data[(list.start + list.len) as usize] = value;
        list.len += 1;
    }

    /// Keeps the elements for which `keep(position, value)` holds.
    ///
    /// A shrunk list may have a larger capacity than its length implies, which only wastes space.
    pub(crate) fn retain(&mut self, list: &mut List, mut keep: impl FnMut(usize, Value) -> bool) {
        let slice = self.get_mut(*list);
        let mut kept = 0;
        for at in 0..slice.len() {
            if keep(at, slice[at]) {
                slice[kept] = slice[at];
                kept += 1;
            }
        }
        list.len = kept as u32;
    }
}
