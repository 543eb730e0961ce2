//! The array part.

use super::{SetError, Table, array_layout, flag};
use crate::object::Objects;
use crate::shape::Shapes;
use crate::value::{Value, tag};
use perilune_gc::raw::{Memory, OutOfMemory, RawHeap, own_buffers};
use std::ptr::{NonNull, null_mut};

impl Table {
    /// The element at `index` (from 1), which must be at most `len`.
    ///
    /// # Safety
    /// `this` is live and `1 <= index <= len`.
    #[inline(always)]
    pub unsafe fn array_get(this: *const Table, index: usize) -> Value {
        let a = (*this).array;
        Value {
            payload: *a.cast::<u64>().sub(index),
            tag: *a.add(index - 1),
        }
    }

    /// Stores an element at `index` (from 1), which must be at most `capacity`.
    ///
    /// # Safety
    /// `this` is live and `1 <= index <= capacity`.
    #[inline(always)]
    pub unsafe fn array_put(this: *mut Table, index: usize, v: Value) {
        let a = (*this).array;
        *a.cast::<u64>().sub(index) = v.payload;
        *a.add(index - 1) = v.tag;
    }

    /// Makes room for at least `capacity` elements.
    ///
    /// # Errors
    /// Out of memory.
    ///
    /// # Safety
    /// `this` is live.
    pub unsafe fn reserve_array(this: *mut Table, mem: &mut Memory, capacity: u32) -> Result<(), OutOfMemory> {
        let old = (*this).capacity;
        if capacity <= old {
            return Ok(());
        }
        let layout = array_layout(capacity).ok_or(OutOfMemory)?;
        let block = mem.alloc(layout)?.as_ptr();
        let new = block.add(capacity as usize * 8);
        let n = (*this).len as usize;
        if !(*this).array.is_null() {
            let a = (*this).array;
            std::ptr::copy_nonoverlapping(a.sub(n * 8), new.sub(n * 8), n * 8);
            std::ptr::copy_nonoverlapping(a, new, n);
            Table::free_array(this, mem);
        }
        (*this).array = new;
        (*this).capacity = capacity;
        (*this).header.aux |= flag::OUTER_ARRAY;
        Table::has_grown(this);
        own_buffers(NonNull::new_unchecked(this.cast()));
        Ok(())
    }

    pub(super) unsafe fn free_array(this: *mut Table, mem: &mut Memory) {
        let capacity = (*this).capacity;
        if (*this).header.aux & flag::OUTER_ARRAY != 0
            && let Some(layout) = array_layout(capacity)
        {
            mem.free(NonNull::new_unchecked((*this).array.sub(capacity as usize * 8)), layout);
        }
        (*this).array = null_mut();
        (*this).capacity = 0;
        (*this).header.aux &= !flag::OUTER_ARRAY;
    }

    /// Appends at `len + 1`, growing the array; moves what follows in the hash part behind it.
    pub(super) unsafe fn append(this: *mut Table, mem: &mut Memory, v: Value) -> Result<(), OutOfMemory> {
        let n = (*this).len;
        if n == (*this).capacity {
            let wanted = if n < 4 { 4 } else { n.saturating_mul(2) };
            Table::reserve_array(this, mem, wanted)?;
            if n + 1 > (*this).capacity {
                return Err(OutOfMemory);
            }
        }
        (*this).len = n + 1;
        Table::array_put(this, n as usize + 1, v);
        if !(*this).nodes.is_null() {
            Table::migrate(this, mem)?;
        }
        Ok(())
    }

    /// Moves `len + 1` and its successors from the hash part to the array. No node is left under their keys, nor a dead one
    /// under the key behind them: `next` would take it for the place of an element that the array has since lost.
    pub(super) unsafe fn migrate(this: *mut Table, mem: &mut Memory) -> Result<(), OutOfMemory> {
        loop {
            let next = i64::from((*this).len) + 1;
            let Some(node) = Table::find_int(this, next) else {
                return Ok(());
            };
            if (*node).value_tag == tag::NIL {
                Table::bury(node);
                return Ok(());
            }
            if (*this).len == (*this).capacity {
                let wanted = (*this).len.checked_mul(2).ok_or(OutOfMemory)?;
                Table::reserve_array(this, mem, wanted)?;
            }
            (*this).len += 1;
            Table::array_put(this, next as usize, (*node).value());
            (*node).value_tag = tag::NIL;
            Table::bury(node);
        }
    }

    /// Takes trailing nils off the array.
    #[inline]
    pub(super) unsafe fn trim(this: *mut Table) {
        let mut n = (*this).len as usize;
        while n > 0 && *(*this).array.add(n - 1) == tag::NIL {
            n -= 1;
        }
        if n < (*this).len as usize {
            (*this).header.aux |= flag::TRIMMED;
        }
        (*this).len = n as u32;
    }

    /// Stores an element where that takes no more than a store: over one that is there, or behind the last one in room that
    /// is there. False if the general path must do it.
    ///
    /// # Safety
    /// `this` and `v` are live; the table has no metatable.
    #[inline]
    pub unsafe fn put_in_array(this: *mut Table, i: i64, v: Value) -> bool {
        let at = (i as u64).wrapping_sub(1);
        let len = u64::from((*this).len);
        if (*this).needs_barrier() && v.header().is_some() || v.is_nil() || at > len {
            return false;
        }
        if at == len {
            if len >= u64::from((*this).capacity) || (*this).has_hash() {
                return false;
            }
            (*this).len += 1;
        }
        Table::array_put(this, i as usize, v);
        true
    }

    /// Drops the last element of the array part, and nils before it.
    ///
    /// # Safety
    /// `this` is live and dense, its `len` at least 1.
    #[inline]
    pub unsafe fn drop_last(this: *mut Table) {
        (*this).len -= 1;
        (*this).header.aux |= flag::TRIMMED;
        Table::trim(this);
    }

    /// Stores the elements `start..` of the array from `values`, as a constructor does.
    ///
    /// # Errors
    /// Out of memory.
    ///
    /// # Safety
    /// `this` and `values` are live; the caller runs the barrier.
    pub unsafe fn set_list(
        this: *mut Table,
        heap: &mut RawHeap<Objects>,
        shapes: &mut Shapes,
        start: i64,
        values: *const Value,
        count: usize,
    ) -> Result<(), SetError> {
        if count == 0 {
            return Ok(());
        }
        let len = (*this).len;
        let end = start - 1 + count as i64;
        // Nils at the end of the part before may have shortened the array.
        if start > i64::from(len)
            && let Ok(end) = u32::try_from(end)
            && !Table::has_hashed_ints(this, i64::from(len) + 1, i64::from(end))
        {
            Table::reserve_array(this, &mut heap.memory, end)?;
            for i in len as usize + 1..start as usize {
                Table::array_put(this, i, Value::NIL);
            }
            for i in 0..count {
                Table::array_put(this, start as usize + i, *values.add(i));
            }
            (*this).len = end;
            Table::trim(this);
            Table::freshen(this);
            if (*this).len < end {
                Table::made_with_holes(this, end);
            } else if !(*this).nodes.is_null() {
                Table::migrate(this, &mut heap.memory)?;
            }
            return Ok(());
        }
        for i in 0..count {
            Table::set_int(this, heap, shapes, start + i as i64, *values.add(i))?;
        }
        Ok(())
    }
}
