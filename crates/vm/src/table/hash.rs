//! The hash part of tables: lookup, insertion, growth.

use super::*;

impl Table {
    #[inline(always)]
    pub(super) unsafe fn main_position(this: *const Table, hash: u32) -> *mut Node {
        (*this).nodes.add((hash as usize) & ((1usize << (*this).node_bits) - 1))
    }

    #[inline]
    pub(super) unsafe fn hash_of(key: Value) -> u32 {
        match key.tag {
            tag::INT => hash_int(key.as_i64()),
            // What tells floats apart is mostly in their upper half, which the multiplication alone keeps there.
            tag::FLOAT => hash_int((key.payload ^ key.payload >> 32) as i64),
            tag::STR => string::hash_of(key.as_ptr()),
            tag::FALSE => 1,
            tag::TRUE => 2,
            tag::LIGHT => hash_int(key.payload as i64),
            // Identity by the heap's ids, not by addresses: the same in every run.
            _ => hash_int(RawHeap::<Objects>::id(NonNull::new_unchecked(key.as_ptr())) as i64),
        }
    }

    #[inline(always)]
    pub(super) unsafe fn find_int(this: *const Table, i: i64) -> Option<*mut Node> {
        if (*this).nodes.is_null() {
            return None;
        }
        let mut n = Table::main_position(this, hash_int(i));
        loop {
            if (*n).key_tag == tag::INT && (*n).key == i as u64 {
                return Some(n);
            }
            match (*n).next {
                0 => return None,
                d => n = n.offset(d as isize),
            }
        }
    }

    /// Whether the hash part may hold integer keys `from..=to`.
    pub(super) unsafe fn has_hashed_ints(this: *const Table, from: i64, to: i64) -> bool {
        !(*this).nodes.is_null() && (from..=to).any(|i| Table::find_int(this, i).is_some())
    }

    #[inline(always)]
    pub(super) unsafe fn find_short(this: *const Table, key: *const Str) -> Option<*mut Node> {
        if (*this).nodes.is_null() {
            return None;
        }
        let mut n = Table::main_position(this, (*key).header.word);
        loop {
            if (*n).key == key as u64 && (*n).key_tag == tag::STR {
                return Some(n);
            }
            match (*n).next {
                0 => return None,
                d => n = n.offset(d as isize),
            }
        }
    }

    /// A float key that is not integral, and no NaN: floats that are equal have equal bits then.
    #[inline]
    pub(super) unsafe fn find_float(this: *const Table, key: Value) -> Option<*mut Node> {
        if (*this).nodes.is_null() {
            return None;
        }
        let mut n = Table::main_position(this, Table::hash_of(key));
        loop {
            if (*n).key == key.payload && (*n).key_tag == tag::FLOAT {
                return Some(n);
            }
            match (*n).next {
                0 => return None,
                d => n = n.offset(d as isize),
            }
        }
    }

    /// Payload and tag under an interned string in the hash part, if it is there and not nil.
    ///
    /// # Safety
    /// `this` and `key` are live; the table is a dictionary.
    #[inline(always)]
    pub unsafe fn value_of_short(this: *const Table, key: *const Str) -> Option<(u64, u8)> {
        match Table::find_short(this, key) {
            Some(n) if (*n).value_tag != tag::NIL => Some(((*n).value, (*n).value_tag)),
            _ => None,
        }
    }

    /// Payload and tag under an integer in the hash part, if it is there and not nil.
    ///
    /// # Safety
    /// `this` is live.
    #[inline(always)]
    pub unsafe fn value_of_hashed_int(this: *const Table, i: i64) -> Option<(u64, u8)> {
        match Table::find_int(this, i) {
            Some(n) if (*n).value_tag != tag::NIL => Some(((*n).value, (*n).value_tag)),
            _ => None,
        }
    }

    /// Overwrites what an interned string has in the hash part; false if it has no node.
    ///
    /// # Safety
    /// `this`, `key` and `v` are live; the caller runs the barrier.
    #[inline(always)]
    pub unsafe fn put_short(this: *mut Table, key: *const Str, v: Value) -> bool {
        let found = Table::find_short(this, key);
        if let Some(n) = found {
            (*n).set_value(v);
        }
        found.is_some()
    }

    /// Overwrites what an integer has in the hash part; false if it has no node.
    ///
    /// # Safety
    /// As [`Table::put_short`]; `i` is neither in the array part nor next behind it.
    #[inline(always)]
    pub unsafe fn put_hashed_int(this: *mut Table, i: i64, v: Value) -> bool {
        let found = Table::find_int(this, i);
        if let Some(n) = found {
            (*n).set_value(v);
        }
        found.is_some()
    }

    pub(super) unsafe fn find_node(this: *const Table, key: Value) -> Option<*mut Node> {
        if (*this).nodes.is_null() {
            return None;
        }
        let mut n = Table::main_position(this, Table::hash_of(key));
        loop {
            // Keys are normalized, so that equal keys have equal tags.
            if (*n).key_tag == key.tag && raw_equal((*n).key(), key) {
                return Some(n);
            }
            match (*n).next {
                0 => return None,
                d => n = n.offset(d as isize),
            }
        }
    }

    pub(super) unsafe fn set_node(
        this: *mut Table,
        heap: &mut RawHeap<Objects>,
        shapes: &mut Shapes,
        key: Value,
        v: Value,
    ) -> Result<(), SetError> {
        if let Some(n) = Table::find_node(this, key) {
            (*n).set_value(v);
            return Ok(());
        }
        if v.is_nil() {
            return Ok(());
        }
        if Table::insert(this, key, v) {
            return Ok(());
        }
        Table::resize_nodes(this, heap, shapes, 1)?;
        // Integer keys may have moved to the array part.
        if key.tag == tag::INT && key.as_i64() > 0 && (key.as_i64() as u64) <= u64::from((*this).len) + 1 {
            return Table::set_int(this, heap, shapes, key.as_i64(), v);
        }
        let done = Table::insert(this, key, v);
        debug_assert!(done, "a resized hash part has room");
        Ok(())
    }

    /// Inserts an absent key; false when there is no room.
    #[inline(always)]
    pub(super) unsafe fn insert(this: *mut Table, key: Value, v: Value) -> bool {
        if (*this).nodes.is_null() {
            return false;
        }
        let main = Table::main_position(this, Table::hash_of(key));
        if (*main).key_tag == FREE {
            (*main).key = key.payload;
            (*main).key_tag = key.tag;
            (*main).set_value(v);
            return true;
        }
        Table::insert_colliding(this, main, key, v)
    }

    /// Inserts an absent key whose main position has a key already.
    #[inline(never)]
    unsafe fn insert_colliding(this: *mut Table, main: *mut Node, key: Value, v: Value) -> bool {
        // A dead entry of the same chain can take the new key: churn at a constant size needs no rehash.
        let other = Table::main_position(this, Table::hash_of_node(main));
        if other == main {
            let mut n = main;
            loop {
                if (*n).value_tag == tag::NIL {
                    (*n).key = key.payload;
                    (*n).key_tag = key.tag;
                    (*n).set_value(v);
                    return true;
                }
                match (*n).next {
                    0 => break,
                    d => n = n.offset(d as isize),
                }
            }
        }
        let Some(free) = Table::free_node(this) else {
            return false;
        };
        if other == main {
            // The main position is rightly taken: the new key goes second in its chain.
            (*free).next = if (*main).next != 0 {
                main.offset((*main).next as isize).offset_from(free) as i32
            } else {
                0
            };
            (*main).next = free.offset_from(main) as i32;
            (*free).key = key.payload;
            (*free).key_tag = key.tag;
            (*free).set_value(v);
        } else {
            // A stranger sits in our main position: it moves to the free node.
            let mut before = other;
            while before.offset((*before).next as isize) != main {
                before = before.offset((*before).next as isize);
            }
            (*before).next = free.offset_from(before) as i32;
            *free = *main;
            if (*main).next != 0 {
                (*free).next += main.offset_from(free) as i32;
                (*main).next = 0;
            }
            (*main).key = key.payload;
            (*main).key_tag = key.tag;
            (*main).set_value(v);
        }
        true
    }

    pub(super) unsafe fn hash_of_node(n: *const Node) -> u32 {
        match (*n).key_tag {
            DEAD => (*n).value as u32,
            _ => Table::hash_of((*n).key()),
        }
    }

    pub(super) unsafe fn free_node(this: *mut Table) -> Option<*mut Node> {
        while (*this).free > 0 {
            (*this).free -= 1;
            let n = (*this).nodes.add((*this).free as usize);
            if (*n).key_tag == FREE {
                return Some(n);
            }
        }
        None
    }

    /// Rebuilds the hash part with room for `extra` more keys; integer keys that fill more than half of a
    /// power of two move to the array part.
    pub(super) unsafe fn resize_nodes(
        this: *mut Table,
        heap: &mut RawHeap<Objects>,
        shapes: &mut Shapes,
        extra: usize,
    ) -> Result<(), SetError> {
        #[cfg(test)]
        REBUILDS.set(REBUILDS.get() + 1);
        let old = (*this).nodes;
        let old_bits = (*this).node_bits;
        let old_size = if old.is_null() { 0 } else { 1usize << old_bits };
        let mut bins = [0u32; 33];
        let mut live = 0usize;
        let mut ints = 0usize;
        for i in 0..old_size {
            let n = old.add(i);
            if (*n).value_tag != tag::NIL {
                live += 1;
                if (*n).key_tag == tag::INT && ((*n).key as i64) > 0 && (*n).key <= 1 << 31 {
                    bins[(64 - ((*n).key - 1).leading_zeros().min(63)) as usize * usize::from((*n).key > 1)] += 1;
                    ints += 1;
                }
            }
        }
        let mut target = 0u32;
        if ints > 1 {
            let len = (*this).len;
            target = Table::array_target(len, &bins);
            if target > len {
                // Many of the elements may be nil: what the array would grow to must not rest on them.
                target = Table::array_target(Table::count_elements(this), &bins);
            }
        }
        let dead = old_size - live;
        let moved = if target > (*this).len {
            Table::count_ints(old, old_size, (*this).len, target)
        } else {
            0
        };
        let wanted = live - moved + extra;
        // Room beyond the live keys, a third of them where keys have died, so that insertions and deletions at a
        // constant size rebuild rarely.
        let room = if dead > 0 { wanted + wanted / 3 } else { wanted };
        let bits = room.max(1).next_power_of_two().trailing_zeros();
        let bits = u8::try_from(bits).ok().filter(|&b| b < 32).ok_or(SetError::Memory)?;
        if moved > 0 {
            Table::reserve_array(this, &mut heap.memory, target)?;
        }
        let layout = node_layout(bits).ok_or(SetError::Memory)?;
        let new: *mut Node = heap.memory.alloc(layout)?.cast().as_ptr();
        for i in 0..1usize << bits {
            new.add(i).write(Node::EMPTY);
        }
        (*this).nodes = new;
        own_buffers(NonNull::new_unchecked(this.cast()));
        (*this).node_bits = bits;
        (*this).free = 1 << bits;
        if moved > 0 {
            let from = (*this).len as usize;
            for i in from..target as usize {
                Table::array_put(this, i + 1, Value::NIL);
            }
            (*this).len = target;
        }
        for i in 0..old_size {
            let n = old.add(i);
            if (*n).value_tag == tag::NIL {
                continue;
            }
            if (*n).key_tag == tag::INT && (*n).key.wrapping_sub(1) < u64::from((*this).len) {
                Table::array_put(this, (*n).key as usize, (*n).value());
            } else {
                let done = Table::insert(this, (*n).key(), (*n).value());
                debug_assert!(done, "the new hash part has room for the old keys");
            }
        }
        if moved > 0 {
            Table::trim(this);
        }
        if !old.is_null()
            && let Some(layout) = node_layout(old_bits)
        {
            heap.memory.free(NonNull::new_unchecked(old.cast()), layout);
        }
        if moved > 0 {
            Table::migrate(this, &mut heap.memory)?;
        }
        let _ = shapes;
        Ok(())
    }

    /// The largest power of two such that more than half of `1..=n` would be in use, with `elements` of the array part
    /// and the integer keys of the hash part by powers of two.
    pub(super) fn array_target(elements: u32, bins: &[u32; 33]) -> u32 {
        let mut sum = 0u64;
        let mut best = 0;
        for (b, &count) in bins.iter().enumerate().take(32) {
            let n = 1u64 << b;
            sum += u64::from(count);
            let used = sum + u64::from(elements).min(n);
            if used > n / 2 && count > 0 {
                best = n as u32;
            }
        }
        best
    }

    /// How many elements of the array part are not nil.
    unsafe fn count_elements(this: *const Table) -> u32 {
        let mut count = 0;
        for i in 0..(*this).len as usize {
            count += u32::from(*(*this).array.add(i) != tag::NIL);
        }
        count
    }

    pub(super) unsafe fn count_ints(nodes: *const Node, size: usize, above: u32, upto: u32) -> usize {
        (0..size)
            .filter(|&i| {
                let n = nodes.add(i);
                (*n).value_tag != tag::NIL
                    && (*n).key_tag == tag::INT
                    && (*n).key > u64::from(above)
                    && (*n).key <= u64::from(upto)
            })
            .count()
    }

    /// The common stores outside the array part, without a resize: overwrites a key that is there, or inserts one where
    /// there is room. False if the general path must do it.
    ///
    /// # Safety
    /// `this`, `key` and `v` are live; the table has no metatable, is not watched, and needs no barrier.
    #[inline]
    pub unsafe fn put_plain(this: *mut Table, key: Value, v: Value) -> bool {
        let found = match key.tag {
            tag::INT => {
                let at = key.payload.wrapping_sub(1);
                if at <= u64::from((*this).len) {
                    return false;
                }
                Table::find_int(this, key.as_i64())
            }
            tag::STR => {
                let s: *mut Str = key.as_ptr();
                if (*s).is_long() || (*s).header.aux & STR_EVENT != 0 {
                    return false;
                }
                if !(*this).is_dictionary() {
                    return match Shape::find((*this).shape, s) {
                        Some(slot) => {
                            *(*this).slots.add(slot as usize) = v;
                            true
                        }
                        None => false,
                    };
                }
                Table::find_short(this, s)
            }
            tag::TABLE | tag::TRUE | tag::FALSE => Table::find_node(this, key),
            tag::FLOAT if is_fractional(key.as_f64()) => Table::find_float(this, key),
            _ => return false,
        };
        match found {
            Some(n) => {
                (*n).set_value(v);
                true
            }
            None => v.is_nil() || Table::insert(this, key, v),
        }
    }

    /// Makes a dead entry one that no key finds; it keeps its place in the chain by its hash.
    pub(super) unsafe fn bury(n: *mut Node) {
        (*n).value = u64::from(Table::hash_of((*n).key()));
        (*n).key_tag = DEAD;
        (*n).key = 0;
    }

    /// The dead entry that once had this key.
    pub(super) unsafe fn find_dead(this: *const Table, key: Value) -> Option<*mut Node> {
        if (*this).nodes.is_null() || !key.is_collectable() {
            return None;
        }
        let hash = Table::hash_of(key);
        let mut n = Table::main_position(this, hash);
        loop {
            // The address may be a later object's too, but its hash hardly.
            if (*n).key_tag == DEAD && (*n).key == key.payload && (*n).value as u32 == hash {
                return Some(n);
            }
            match (*n).next {
                0 => return None,
                d => n = n.offset(d as isize),
            }
        }
    }

    /// A dead entry's key may be freed: keep its place in the chain under a key that equals nothing.
    pub(super) unsafe fn forget_key(n: *mut Node) {
        if (*n).key_tag & tag::COLLECTABLE != 0 {
            // The hash is kept in the place of the value, so that the chain can still be followed and the node moved;
            // the address is kept for `next`, which may stand on this very entry.
            (*n).value = u64::from(Table::hash_of((*n).key()));
            (*n).key_tag = DEAD;
        }
    }
}
