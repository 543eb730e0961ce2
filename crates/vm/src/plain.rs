//! Plain values of a table that the host holds, read without entering the state.
//!
//! To enter takes as long as the read of a number does many times over, and is there for values that refer to something, and for
//! metamethods. Neither is met with here: a number or a boolean is copied out, anything else is left to the long way.

use crate::state::Handle;
use crate::table::Table;
use crate::value::{Value, tag};

/// A value that refers to nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Plain {
    /// An integer.
    Int(i64),
    /// A float.
    Float(f64),
    /// A boolean.
    Bool(bool),
}

/// A key that needs no value of the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlainKey<'a> {
    /// The text of a string.
    Name(&'a [u8]),
    /// An integer.
    Index(i64),
}

impl Plain {
    #[inline(always)]
    fn of(v: Value) -> Option<Plain> {
        match v.tag {
            tag::INT => Some(Plain::Int(v.as_i64())),
            tag::FLOAT => Some(Plain::Float(v.as_f64())),
            tag::FALSE => Some(Plain::Bool(false)),
            tag::TRUE => Some(Plain::Bool(true)),
            _ => None,
        }
    }
}

impl Handle {
    /// The number or boolean under a key of the table. `None` says that this is to be found out by entering: the value is another, the
    /// handle no table's, or the state gone or in use.
    #[inline(always)]
    pub fn plain(&self, key: PlainKey<'_>) -> Option<Plain> {
        let shared = &*self.state().0;
        let vm = shared.vm.get();
        if vm.is_null() {
            return None;
        }
        let table = self.value();
        if table.tag != tag::TABLE {
            return None;
        }
        let table: *const Table = table.as_ptr();
        // SAFETY: K1, K2; nobody uses the VM, nothing here runs anything that could, and the table is a root.
        unsafe {
            match key {
                PlainKey::Index(i) => {
                    if (i as u64).wrapping_sub(1) >= u64::from((*table).len) {
                        return None;
                    }
                    Plain::of(Table::array_get(table, i as usize))
                }
                PlainKey::Name(name) => {
                    let key = (*vm).heap.client.find(name)?;
                    Plain::of(Table::get_str(table, key))
                }
            }
        }
    }
}
