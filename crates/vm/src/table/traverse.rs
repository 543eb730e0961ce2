//! The order in which `next` visits a table.

use super::*;

impl Table {
    /// The entry behind `key` in traversal order (array, slots, hash part), `None` at the end.
    ///
    /// Also says over how many positions it went.
    ///
    /// # Errors
    /// The key is not in the table.
    ///
    /// # Safety
    /// `this` and `key` are live.
    #[allow(clippy::type_complexity)]
    pub unsafe fn next(this: *const Table, key: Value) -> Result<(Option<(Value, Value)>, usize), ()> {
        let key = normalize(key);
        let start = Table::position(this, key)?;
        Ok(match Table::entry_from(this, start) {
            Some((at, k, v)) => (Some((k, v)), at - start),
            None => (None, Table::places(this).saturating_sub(start)),
        })
    }

    /// The traversal position behind `key`: 0 for nil.
    ///
    /// # Errors
    /// The key is not in the table.
    ///
    /// # Safety
    /// `this` and `key` are live.
    pub unsafe fn position(this: *const Table, key: Value) -> Result<usize, ()> {
        if key.is_nil() {
            return Ok(0);
        }
        let len = (*this).len as usize;
        if key.tag == tag::INT && key.payload.wrapping_sub(1) < len as u64 {
            return Ok(key.payload as usize);
        }
        let slots = (*(*this).shape).count as usize;
        if key.is_str() && !(*this).is_dictionary() {
            let s: *mut Str = key.as_ptr();
            if !(*s).is_long() {
                return Shape::find((*this).shape, s)
                    .map(|slot| len + slot as usize + 1)
                    .ok_or(());
            }
        }
        match Table::find_node(this, key).or_else(|| Table::find_dead(this, key)) {
            Some(n) => Ok(len + slots + n.offset_from((*this).nodes) as usize + 1),
            // The array may have been trimmed behind a key that was just visited.
            None if (*this).header.aux & flag::TRIMMED != 0
                && key.tag == tag::INT
                && key.payload.wrapping_sub(1) < u64::from((*this).capacity) =>
            {
                Ok(len)
            }
            None => Err(()),
        }
    }

    /// The first entry at or behind a traversal position, with the position behind it.
    ///
    /// # Safety
    /// `this` is live.
    #[inline]
    pub unsafe fn entry_from(this: *const Table, start: usize) -> Option<(usize, Value, Value)> {
        let len = (*this).len as usize;
        let mut at = start;
        while at < len {
            let v = Table::array_get(this, at + 1);
            at += 1;
            if !v.is_nil() {
                return Some((at, Value::int(at as i64), v));
            }
        }
        let slots = (*(*this).shape).count as usize;
        while at < len + slots {
            let i = at - len;
            let v = *(*this).slots.add(i);
            at += 1;
            if !v.is_nil() {
                return Some((at, Value::str(Shape::key_at((*this).shape, i as u32)), v));
            }
        }
        let size = if (*this).nodes.is_null() {
            0
        } else {
            1usize << (*this).node_bits
        };
        while at < len + slots + size {
            let n = (*this).nodes.add(at - len - slots);
            at += 1;
            if (*n).value_tag != tag::NIL {
                return Some((at, (*n).key(), (*n).value()));
            }
        }
        None
    }

    /// How many positions a traversal has.
    ///
    /// # Safety
    /// `this` is live.
    pub unsafe fn places(this: *const Table) -> usize {
        let size = if (*this).nodes.is_null() {
            0
        } else {
            1usize << (*this).node_bits
        };
        (*this).len as usize + (*(*this).shape).count as usize + size
    }

    /// Whether the entry just before a traversal position has this key: then the position is the one behind the key.
    ///
    /// # Safety
    /// `this` and `key` are live.
    #[inline]
    pub unsafe fn key_before(this: *const Table, position: usize, key: Value) -> bool {
        let len = (*this).len as usize;
        if position == 0 {
            return false;
        }
        let at = position - 1;
        if at < len {
            return key.tag == tag::INT && key.payload == position as u64;
        }
        let slots = (*(*this).shape).count as usize;
        if at < len + slots {
            return key.tag == tag::STR && key.payload == Shape::key_at((*this).shape, (at - len) as u32) as u64;
        }
        let size = if (*this).nodes.is_null() {
            0
        } else {
            1usize << (*this).node_bits
        };
        if at < len + slots + size {
            let n = (*this).nodes.add(at - len - slots);
            return (*n).key_tag == key.tag && (*n).key == key.payload;
        }
        false
    }
}
