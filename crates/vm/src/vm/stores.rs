//! Stores from Rust, with their barriers and the caches they void.

use super::{FORWARD_SHARE, Vm, is_event_key};
use crate::lookup::LookupCache;
use crate::meta::Event;
use crate::object::Str;
use crate::shape::Shape;
use crate::table::{SetError, Table, flag};
use crate::value::Value;
use perilune_gc::raw::GC_BARRIER;
use std::ptr::null_mut;

impl Vm {
    /// The write barrier: call it before or after a store into `obj`.
    ///
    /// # Safety
    /// `obj` is live.
    #[inline(always)]
    pub(crate) unsafe fn barrier<T>(&mut self, obj: *mut T) {
        let p = std::ptr::NonNull::new_unchecked(obj.cast::<perilune_gc::raw::Header>());
        if p.as_ref().gc & GC_BARRIER != 0 {
            self.heap.barrier(p);
        }
    }

    /// The one gate for raw stores into tables: barrier, caches of watched tables, absent metamethods.
    ///
    /// # Errors
    /// A nil or NaN key, or out of memory.
    ///
    /// # Safety
    /// All are live.
    #[inline]
    pub(crate) unsafe fn table_set(&mut self, t: *mut Table, key: Value, v: Value) -> Result<(), SetError> {
        self.note_store(t, key, v);
        let shape = (*t).header.word;
        Table::set_dynamic(t, &mut self.heap, &mut self.shapes, key, v)?;
        self.after_store(t, shape);
        Ok(())
    }

    /// A store under a string constant of the program.
    ///
    /// # Errors
    /// Out of memory.
    ///
    /// # Safety
    /// All are live.
    #[inline]
    pub(crate) unsafe fn table_set_str(&mut self, t: *mut Table, key: *mut Str, v: Value) -> Result<(), SetError> {
        self.note_store(t, Value::str(key), v);
        let shape = (*t).header.word;
        if v.is_nil() {
            // Constructors that leave some fields nil make tables of one shape all the same.
            Table::add_nil_field(t, &mut self.heap, &mut self.shapes, key)?;
        }
        Table::set_str(t, &mut self.heap, &mut self.shapes, key, v)?;
        self.after_store(t, shape);
        Ok(())
    }

    #[inline]
    unsafe fn note_store(&mut self, t: *mut Table, key: Value, v: Value) {
        if (*t).needs_barrier() {
            let p = std::ptr::NonNull::new_unchecked(t.cast());
            match Table::large_size(t) {
                0 => self.heap.barrier(p),
                size => {
                    let in_place = Table::is_large_store(t, key);
                    let limit = size / FORWARD_SHARE;
                    self.heap
                        .barrier_forward(p, [key.header(), v.header()], in_place, limit);
                }
            }
        }
        if key.is_str() {
            let s: *mut Str = key.as_ptr();
            if is_event_key(s) {
                if !Table::has_note(t) {
                    (*t).absent = 0;
                }
                if std::ptr::eq(s, self.event_key(Event::Mode)) {
                    (*t).header.aux |= flag::HAD_MODE;
                }
                if (*t).header.aux & (flag::WATCHED | flag::IS_META) != 0 {
                    self.flush_caches();
                }
            }
        }
    }

    #[inline]
    unsafe fn after_store(&mut self, t: *mut Table, shape: u32) {
        if (*t).header.word != shape && (*t).header.aux & flag::WATCHED != 0 {
            self.flush_caches();
        }
    }

    /// Gives a table a metatable.
    ///
    /// # Errors
    /// Out of memory.
    ///
    /// # Safety
    /// Both are live (`meta` may be null).
    pub(crate) unsafe fn set_table_metatable(&mut self, t: *mut Table, meta: *mut Table) -> Result<(), SetError> {
        self.barrier(t);
        Table::set_metatable(t, &mut self.heap, &mut self.shapes, meta)?;
        if (*t).header.aux & flag::WATCHED != 0 {
            self.flush_caches();
        }
        if !meta.is_null() {
            Table::serve_as_meta(meta);
            self.note_finalizer(Value::table(t), meta)?;
        }
        Ok(())
    }

    /// As [`Vm::set_table_metatable`], for a table without one, if nothing has to be made or asked: tables of this shape got
    /// this metatable before, and it has no `__gc`. False if not.
    ///
    /// # Safety
    /// Both are live.
    #[inline]
    pub(crate) unsafe fn set_known_metatable(&mut self, t: *mut Table, meta: *mut Table) -> bool {
        if !(*t).meta.is_null() || (*t).header.aux & flag::WATCHED != 0 || (*meta).absent & Event::Gc.bit() == 0 {
            return false;
        }
        let Some(shape) = Shape::known_with_meta((*t).shape, meta) else {
            return false;
        };
        self.barrier(t);
        (*t).shape = shape;
        (*t).header.word = (*shape).header.word;
        Table::put_meta(t, meta);
        true
    }

    /// Registers an object whose metatable has `__gc`.
    pub(crate) unsafe fn note_finalizer(&mut self, v: Value, meta: *mut Table) -> Result<(), SetError> {
        if !self.closed
            && !self.meta_field(meta, Event::Gc).is_nil()
            && let Some(p) = v.header()
            && p.as_ref().gc & perilune_gc::raw::GC_FINALIZER == 0
        {
            self.heap.register_finalizer(p)?;
        }
        Ok(())
    }

    /// Forgets every inline cache that relies on watched tables.
    #[cold]
    pub(crate) fn flush_caches(&mut self) {
        Vm::flush(&mut self.lookups, &mut self.fills, &mut self.string_index);
    }

    pub(crate) fn flush(lookups: &mut LookupCache, fills: &mut Vec<*mut u64>, string_index: &mut *mut Table) {
        lookups.clear();
        *string_index = null_mut();
        for word in fills.drain(..) {
            // SAFETY: F2; the words lie in the code of live functions: collection flushes first.
            unsafe { *word = 0 };
        }
    }
}
