//! The hash part of tables: lookup, insertion, growth.
//!
//! Nodes are linked into lists. A key is in the list that its main position is in, there or behind it; so a search begins at the
//! main position and ends with the list. A key in its main position is at home, any other a stranger where it is.
//! - A node becomes a stranger's while no key has its home there: it is free, or its dead key is a stranger too. A key that comes
//!   home later makes the stranger move, or takes the place of a dead one. So behind a stranger there is no key whose home that
//!   node is, and moving it loses nobody.
//! - A node is in one list: what is linked in comes from none, or is taken out of its own before.

use super::home::{self, Hash};
use super::*;

impl Table {
    /// The home of a key with this hash.
    #[inline(always)]
    unsafe fn main_position(this: *const Table, hash: Hash) -> *mut Node {
        (*this).nodes.add(hash.home((*this).node_bits))
    }

    #[inline(always)]
    pub(super) unsafe fn find_int(this: *const Table, i: i64) -> Option<*mut Node> {
        if (*this).nodes.is_null() {
            return None;
        }
        let mut n = (*this).nodes.add(home::of_int(i, (*this).node_bits));
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
        let mut n = (*this).nodes.add(home::of_hash((*key).header.word, (*this).node_bits));
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
        let mut n = Table::main_position(this, Hash::of(key));
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
        let mut n = Table::main_position(this, Hash::of(key));
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
        let reach = Table::resize_nodes(this, heap, shapes, 1, key)?;
        if key.tag == tag::INT {
            // Integer keys may have moved to the array part.
            let (at, len) = (key.payload.wrapping_sub(1), (*this).len);
            if at <= u64::from(len) {
                return Table::set_int(this, heap, shapes, key.as_i64(), v);
            }
            if at < u64::from(reach) {
                for i in len as usize..at as usize {
                    Table::array_put(this, i + 1, Value::NIL);
                }
                Table::array_put(this, at as usize + 1, v);
                (*this).len = at as u32 + 1;
                return Ok(Table::migrate(this, &mut heap.memory)?);
            }
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
        let main = Table::main_position(this, Hash::of(key));
        Table::fill_home(main, key, v) || Table::insert_colliding(this, main, key, v)
    }

    /// Puts a key into its main position, if none is there that is not dead. It stays where it is in its chain.
    #[inline(always)]
    unsafe fn fill_home(main: *mut Node, key: Value, v: Value) -> bool {
        let vacant = (*main).value_tag == tag::NIL;
        if vacant {
            (*main).key = key.payload;
            (*main).key_tag = key.tag;
            (*main).set_value(v);
        }
        vacant
    }

    /// Inserts an absent integer or interned string whose main position is vacant; false if it is not, or if there is no hash
    /// part.
    ///
    /// # Safety
    /// As [`Table::put_short`]; the key is absent, and `v` is not nil.
    #[inline(always)]
    pub unsafe fn insert_at_home(this: *mut Table, key: Value, v: Value) -> bool {
        if (*this).nodes.is_null() {
            return false;
        }
        let bits = (*this).node_bits;
        let home = match key.tag {
            tag::STR => home::of_hash((*key.as_ptr::<Str>()).header.word, bits),
            _ => home::of_int(key.as_i64(), bits),
        };
        Table::fill_home((*this).nodes.add(home), key, v)
    }

    /// Inserts an absent key; false when there is no room.
    ///
    /// # Safety
    /// As [`Table::put_short`]; the key is absent and no element of the array part, and `v` is not nil.
    #[inline(never)]
    pub unsafe fn insert_anywhere(this: *mut Table, key: Value, v: Value) -> bool {
        Table::insert(this, key, v)
    }

    /// Inserts an absent key whose main position has a live key.
    #[inline(never)]
    unsafe fn insert_colliding(this: *mut Table, main: *mut Node, key: Value, v: Value) -> bool {
        let other = Table::home_of(this, main);
        let node = if other == main {
            // A dead entry of the chain can take the new key: churn at a constant size needs no rehash.
            let mut n = main;
            while !Table::is_vacant_to_strangers(this, n) {
                match (*n).next {
                    0 => {
                        n = null_mut();
                        break;
                    }
                    d => n = n.offset(d as isize),
                }
            }
            if n.is_null() {
                // The new key goes second in its chain.
                let Some(free) = Table::free_node(this, main) else {
                    return false;
                };
                (*free).next = match (*main).next {
                    0 => 0,
                    d => main.offset(d as isize).offset_from(free) as i32,
                };
                (*main).next = free.offset_from(main) as i32;
                n = free;
            }
            n
        } else {
            // A stranger is in our main position: it moves to another node.
            let Some(free) = Table::free_node(this, other) else {
                return false;
            };
            let before = Table::before(other, main);
            (*before).next = free.offset_from(before) as i32;
            *free = *main;
            if (*main).next != 0 {
                (*free).next += main.offset_from(free) as i32;
                (*main).next = 0;
            }
            main
        };
        (*node).key = key.payload;
        (*node).key_tag = key.tag;
        (*node).set_value(v);
        true
    }

    #[inline(always)]
    unsafe fn home_of(this: *const Table, n: *const Node) -> *mut Node {
        Table::main_position(this, Table::hash_of_node(n))
    }

    /// Whether a node has a dead key that is a stranger in it, so that another stranger can take its place. That of a key in its
    /// main position may still lead to others that have it.
    #[inline(always)]
    unsafe fn is_vacant_to_strangers(this: *const Table, n: *mut Node) -> bool {
        (*n).value_tag == tag::NIL && Table::home_of(this, n) != n
    }

    unsafe fn hash_of_node(n: *const Node) -> Hash {
        match (*n).key_tag {
            DEAD => Hash::from_bits((*n).value),
            _ => Hash::of((*n).key()),
        }
    }

    /// The node before one that is in the chain from `main` and not its first.
    #[inline(always)]
    unsafe fn before(main: *mut Node, n: *mut Node) -> *mut Node {
        let mut before = main;
        while before.offset((*before).next as isize) != n {
            before = before.offset((*before).next as isize);
        }
        before
    }

    /// A node for a key whose chain starts at `main`: next to it if there is one, because the search finds it there in the same line
    /// of the machine's cache or in the next, else from the end.
    unsafe fn free_node(this: *mut Table, main: *mut Node) -> Option<*mut Node> {
        let last = (*this).nodes.add((1usize << (*this).node_bits) - 1);
        if main < last && Table::can_have(this, main.add(1)) {
            return Some(main.add(1));
        }
        if main > (*this).nodes && Table::can_have(this, main.sub(1)) {
            return Some(main.sub(1));
        }
        while (*this).free > 0 {
            (*this).free -= 1;
            let n = (*this).nodes.add((*this).free as usize);
            if (*n).key_tag == FREE {
                return Some(n);
            }
        }
        None
    }

    /// Whether a node is in no chain, or by now is not: a dead stranger leaves it.
    #[inline]
    unsafe fn can_have(this: *const Table, n: *mut Node) -> bool {
        if (*n).value_tag != tag::NIL {
            return false;
        }
        if (*n).key_tag == FREE {
            return true;
        }
        let home = Table::home_of(this, n);
        if home == n {
            return false;
        }
        let before = Table::before(home, n);
        (*before).next = match (*n).next {
            0 => 0,
            d => (*before).next + d,
        };
        true
    }

    /// Rebuilds the hash part with room for `extra` more keys, of which `key` is one (nil: none is an integer); integer keys
    /// that fill more than half of a power of two move to the array part. Returns how many elements that then has room for, 0
    /// if none moved.
    pub(super) unsafe fn resize_nodes(
        this: *mut Table,
        heap: &mut RawHeap<Objects>,
        shapes: &mut Shapes,
        extra: usize,
        key: Value,
    ) -> Result<u32, SetError> {
        #[cfg(test)]
        REBUILDS.set(REBUILDS.get() + 1);
        let old = (*this).nodes;
        let old_bits = (*this).node_bits;
        let old_size = if old.is_null() { 0 } else { 1usize << old_bits };
        let mut bins = [0u32; 33];
        let mut live = 0usize;
        let mut ints = 0usize;
        let mut count = |key: Value| {
            let i = key.payload;
            if key.tag == tag::INT && i.wrapping_sub(1) < 1 << 31 {
                // Keys up to 2^b, and above the power of two before it.
                bins[64 - (i - 1).leading_zeros() as usize] += 1;
                ints += 1;
            }
        };
        for i in 0..old_size {
            let n = old.add(i);
            if (*n).value_tag != tag::NIL {
                live += 1;
                count((*n).key());
            }
        }
        count(key);
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
        Ok(if moved > 0 { target } else { 0 })
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

    /// The common stores, without a resize: overwrites an element of the array part or a key that
    /// is there, or inserts one where there is room. False if the general path must do it.
    ///
    /// # Safety
    /// `this`, `key` and `v` are live; the table has no metatable, is not watched, and needs no barrier.
    #[inline]
    pub unsafe fn put_plain(this: *mut Table, key: Value, v: Value) -> bool {
        let found = match key.tag {
            tag::INT => {
                let (at, len) = (key.payload.wrapping_sub(1), u64::from((*this).len));
                if at < len {
                    Table::array_put(this, at as usize + 1, v);
                    if v.is_nil() {
                        Table::lost(this, at as u32 + 1);
                    }
                    return true;
                }
                if at == len {
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
        (*n).value = Hash::of((*n).key()).to_bits();
        (*n).key_tag = DEAD;
        (*n).key = 0;
    }

    /// The dead entry that once had this key.
    pub(super) unsafe fn find_dead(this: *const Table, key: Value) -> Option<*mut Node> {
        if (*this).nodes.is_null() || !key.is_collectable() {
            return None;
        }
        let hash = Hash::of(key);
        let mut n = Table::main_position(this, hash);
        loop {
            // The address may be a later object's too, but its hash hardly.
            if (*n).key_tag == DEAD && (*n).key == key.payload && Hash::from_bits((*n).value) == hash {
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
            (*n).value = Hash::of((*n).key()).to_bits();
            (*n).key_tag = DEAD;
        }
    }
}
