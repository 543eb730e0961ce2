//! What the collector does with tables.

use super::*;

impl Table {
    /// Marks the contents, or puts a weak table off.
    ///
    /// # Safety
    /// `this` is live.
    pub unsafe fn trace(this: *mut Table, t: &mut Tracer) {
        mark_ptr(t, (*this).shape);
        if (*this).is_dictionary() {
            // Any other shape marks the metatable.
            mark_ptr(t, (*this).meta);
        }
        let weak = Table::mode(this);
        (*this).header.aux = (*this).header.aux & !(flag::WEAK_KEYS | flag::WEAK_VALUES) | weak;
        let me: Ptr = NonNull::new_unchecked(this.cast());
        match weak {
            0 => {}
            flag::WEAK_VALUES => {
                t.defer(me, Deferred::WeakValues);
                let size = if (*this).nodes.is_null() {
                    0
                } else {
                    1usize << (*this).node_bits
                };
                for i in 0..size {
                    let n = (*this).nodes.add(i);
                    if (*n).value_tag != tag::NIL {
                        mark_value(t, (*n).key());
                    } else {
                        Table::forget_key(n);
                    }
                }
                return;
            }
            flag::WEAK_KEYS => {
                // String keys of the record part are values, never weak; so are the array's.
                t.defer(me, Deferred::Ephemeron);
                return;
            }
            _ => {
                t.defer(me, Deferred::AllWeak);
                return;
            }
        }
        for i in 0..(*(*this).shape).count as usize {
            mark_value(t, *(*this).slots.add(i));
        }
        if (*this).nodes.is_null() && (*this).len as usize <= SLICE {
            for i in 1..=(*this).len as usize {
                mark_value(t, Table::array_get(this, i));
            }
            return;
        }
        Table::trace_part(this, 0, t);
    }

    /// Which parts are weak by now, as flags: the metatable may have got or lost `__mode` at any time.
    unsafe fn mode(this: *const Table) -> u16 {
        let meta = (*this).meta;
        if meta.is_null() || (*meta).header.aux & flag::HAD_MODE == 0 {
            return 0;
        }
        let Some(mode) = Table::text_under(meta, b"__mode") else {
            return 0;
        };
        let flag_of = |letter, flag| if mode.contains(letter) { flag } else { 0 };
        flag_of(&b'k', flag::WEAK_KEYS) | flag_of(&b'v', flag::WEAK_VALUES)
    }

    /// The string under an interned key that is known by its text: the collector has no table of strings at hand.
    unsafe fn text_under<'a>(this: *const Table, key: &[u8]) -> Option<&'a [u8]> {
        if !(*this).is_dictionary() {
            let slot = (0..(*(*this).shape).count).find(|&i| (*Shape::key_at((*this).shape, i)).bytes() == key)?;
            return (*(*this).slots.add(slot as usize)).str_bytes();
        }
        let size = if (*this).nodes.is_null() {
            0
        } else {
            1usize << (*this).node_bits
        };
        (0..size)
            .map(|i| (*this).nodes.add(i))
            .find(|&n| (*n).value_tag != tag::NIL && (*n).key().str_bytes() == Some(key))
            .and_then(|n| (*n).value().str_bytes())
    }

    /// Marks a slice of the hash and array parts, which are counted in this order, and puts off the next.
    ///
    /// # Safety
    /// `this` is live.
    pub unsafe fn trace_part(this: *mut Table, from: usize, t: &mut Tracer) {
        let nodes = if (*this).nodes.is_null() {
            0
        } else {
            1usize << (*this).node_bits
        };
        let end = nodes + (*this).len as usize;
        let to = end.min(from + SLICE);
        for i in from..to.min(nodes) {
            let n = (*this).nodes.add(i);
            if (*n).value_tag != tag::NIL {
                mark_value(t, (*n).key());
                mark_value(t, (*n).value());
            } else {
                Table::forget_key(n);
            }
        }
        for i in from.max(nodes)..to {
            mark_value(t, Table::array_get(this, i - nodes + 1));
        }
        t.charge(to.saturating_sub(from) / 8);
        if to < end {
            t.later(NonNull::new_unchecked(this.cast()), to);
        }
    }

    /// Elements and nodes of a table so large that it is better not traced as a whole after each store; 0 of any other.
    ///
    /// # Safety
    /// `this` is live.
    #[inline]
    pub unsafe fn large_size(this: *const Table) -> usize {
        let nodes = match (*this).nodes.is_null() {
            true => 0,
            false => 1usize << (*this).node_bits,
        };
        let size = nodes + (*this).len as usize;
        if size > SLICE && (*this).header.aux & (flag::WEAK_KEYS | flag::WEAK_VALUES) == 0 {
            size
        } else {
            0
        }
    }

    /// Whether a store under `key` changes one element of a table so large that it is better not traced again.
    ///
    /// # Safety
    /// `this` is live.
    #[inline]
    pub unsafe fn is_large_store(this: *const Table, key: Value) -> bool {
        (*this).len as usize > SLICE
            && key.tag == tag::INT
            && key.payload.wrapping_sub(1) <= u64::from((*this).len)
            && (*this).nodes.is_null()
            && (*this).header.aux & (flag::WEAK_KEYS | flag::WEAK_VALUES) == 0
    }

    /// The entries of an ephemeron table.
    ///
    /// # Safety
    /// `this` is live.
    pub unsafe fn trace_ephemeron(this: *mut Table, t: &mut Tracer) {
        for i in 1..=(*this).len as usize {
            mark_value(t, Table::array_get(this, i));
        }
        for i in 0..(*(*this).shape).count as usize {
            mark_value(t, *(*this).slots.add(i));
        }
        let size = if (*this).nodes.is_null() {
            0
        } else {
            1usize << (*this).node_bits
        };
        for i in 0..size {
            let n = (*this).nodes.add(i);
            if (*n).value_tag == tag::NIL {
                Table::forget_key(n);
                continue;
            }
            let (key, value) = ((*n).key(), (*n).value());
            match key.header() {
                Some(k) if key.tag != tag::STR => {
                    if let Some(v) = value.header() {
                        t.ephemeron(k, v);
                    }
                }
                Some(k) => {
                    t.mark(k);
                    mark_value(t, value);
                }
                None => mark_value(t, value),
            }
        }
    }

    /// Removes entries whose key or value (as asked) is not marked.
    ///
    /// # Safety
    /// Called in a weak phase.
    pub unsafe fn clear_weak(this: *mut Table, keys: bool, values: bool, dead: &mut dyn FnMut(Value) -> bool) {
        if values {
            for i in 1..=(*this).len as usize {
                if dead(Table::array_get(this, i)) {
                    Table::array_put(this, i, Value::NIL);
                }
            }
            Table::trim(this);
            for i in 0..(*(*this).shape).count as usize {
                let slot = (*this).slots.add(i);
                if dead(*slot) {
                    *slot = Value::NIL;
                }
            }
        }
        let size = if (*this).nodes.is_null() {
            0
        } else {
            1usize << (*this).node_bits
        };
        for i in 0..size {
            let n = (*this).nodes.add(i);
            if (*n).value_tag == tag::NIL {
                if keys {
                    Table::forget_key(n);
                }
                continue;
            }
            if (values && dead((*n).value())) || (keys && dead((*n).key())) {
                (*n).value_tag = tag::NIL;
                Table::forget_key(n);
            }
        }
    }

    /// Frees the buffers.
    ///
    /// # Safety
    /// `this` dies with this call.
    pub unsafe fn free_parts(this: *mut Table, mem: &mut Memory) {
        Table::free_array(this, mem);
        Table::free_slots(this, mem);
        if !(*this).nodes.is_null()
            && let Some(layout) = node_layout((*this).node_bits)
        {
            mem.free(NonNull::new_unchecked((*this).nodes.cast()), layout);
            (*this).nodes = null_mut();
        }
    }

    /// Whether a store into the table must go through the barrier's slow path.
    #[inline(always)]
    pub fn needs_barrier(&self) -> bool {
        self.header.gc & GC_BARRIER != 0
    }
}
