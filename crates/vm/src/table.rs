//! Tables: an array part, a record part described by a shape, and a hash part. The one file about all three, since
//! a key moves between them.
//!
//! Where a key lives:
//! - integers `1..=len` in the array part, whose last element is never nil. The hash part never holds a live
//!   `len + 1`, so that `len` is the border at every moment, in constant time.
//! - strings, as long as the table has a real shape, in the slots; in dictionary mode in the hash part.
//! - all else in the hash part: chained scatter with Brent's variation (Brent 1973), as in Lua's own tables,
//!   but with room left for insertions when a table sees deletions.

use crate::object::{Objects, STR_EVENT, Str, kind, mark_ptr, mark_value};
use crate::shape::{DICTIONARY, Shape, Shapes};
use crate::string;
use crate::value::{Value, raw_equal, tag};
use perilune_gc::raw::{Deferred, GC_BARRIER, Header, Memory, OutOfMemory, Ptr, RawHeap, Tracer};
use std::alloc::Layout;
use std::ptr::{NonNull, null_mut};

/// `header.aux` bits of a table.
pub mod flag {
    /// Inline caches rely on this table's shape (a metatable or a table that others inherit from): a
    /// change of it must flush them.
    pub const WATCHED: u16 = 1;
    /// `__mode` contains `k`.
    pub const WEAK_KEYS: u16 = 2;
    /// `__mode` contains `v`.
    pub const WEAK_VALUES: u16 = 4;
    /// The slots are a buffer of their own, not behind the header.
    pub const OUTER_SLOTS: u16 = 8;
    /// It serves as a metatable.
    pub const IS_META: u16 = 16;
    /// How many inline slots the block was made with, from this bit on.
    pub const INLINE_SHIFT: u16 = 8;
}

/// A Lua table.
#[repr(C)]
pub struct Table {
    /// `word` is the shape's id, compared by the inline caches; [`DICTIONARY`] in dictionary mode.
    pub header: Header,
    /// The record part: `shape.count` values.
    pub slots: *mut Value,
    /// The array part: element `i` (from 1) has its tag at `array + i - 1` and its payload at `array - 8 * i`.
    pub array: *mut u8,
    /// Elements in use: the last one is not nil.
    pub len: u32,
    /// Room for elements.
    pub capacity: u32,
    /// The shape.
    pub shape: *mut Shape,
    /// The metatable or null; equals `shape.meta` unless in dictionary mode.
    pub meta: *mut Table,
    nodes: *mut Node,
    /// The hash part has `1 << node_bits` nodes if `nodes` is not null.
    node_bits: u8,
    /// Room for slots.
    slot_room: u8,
    /// Metamethods known to be absent when this is a metatable, by `meta::Event`.
    pub absent: u16,
    /// Where the search for a free node goes on, downwards.
    free: u32,
    /// When this is a metatable: the shape of an empty table that has it; not kept alive by it.
    pub instance_root: *mut Shape,
}

const _: () = assert!(size_of::<Table>() == 72);

/// One entry of the hash part; a dead entry keeps its key (so that `next` finds its way) with a nil value.
#[derive(Clone, Copy)]
#[repr(C)]
struct Node {
    key: u64,
    value: u64,
    key_tag: u8,
    value_tag: u8,
    /// Distance to the next node of the chain, 0 at its end.
    next: i32,
}

const _: () = assert!(size_of::<Node>() == 24);

/// The key tag of a node that was never used.
const FREE: u8 = tag::NIL;

impl Node {
    const EMPTY: Node = Node {
        key: 0,
        value: 0,
        key_tag: FREE,
        value_tag: tag::NIL,
        next: 0,
    };
    #[inline(always)]
    fn key(&self) -> Value {
        Value {
            payload: self.key,
            tag: self.key_tag,
        }
    }
    #[inline(always)]
    fn value(&self) -> Value {
        Value {
            payload: self.value,
            tag: self.value_tag,
        }
    }
    #[inline(always)]
    fn set_value(&mut self, v: Value) {
        self.value = v.payload;
        self.value_tag = v.tag;
    }
}

/// Why a raw store failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetError {
    /// The key is nil.
    NilKey,
    /// The key is a NaN.
    NanKey,
    /// Out of memory.
    Memory,
}

impl From<OutOfMemory> for SetError {
    fn from(_: OutOfMemory) -> SetError {
        SetError::Memory
    }
}

/// Where a key that is present lives: what an inline cache may remember.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A slot of the record part.
    Slot(u32),
    /// Elsewhere or absent.
    Other,
}

const SLOT_LAYOUT_ALIGN: usize = 16;

#[inline]
fn array_layout(capacity: u32) -> Option<Layout> {
    let bytes = (capacity as usize).checked_mul(9)?;
    Layout::from_size_align(bytes.next_multiple_of(8), 8).ok()
}

#[inline]
fn node_layout(bits: u8) -> Option<Layout> {
    Layout::array::<Node>(1usize.checked_shl(u32::from(bits))?).ok()
}

#[inline]
fn slot_layout(room: u8) -> Layout {
    // 255 * 16 bytes cannot overflow.
    Layout::from_size_align(usize::from(room) * size_of::<Value>(), SLOT_LAYOUT_ALIGN).unwrap_or(Layout::new::<Value>())
}

#[inline]
fn hash_int(i: i64) -> u32 {
    // Fibonacci hashing (Knuth, vol. 3, 6.4): spreads arithmetic sequences of any stride.
    ((i as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as u32
}

/// Turns a float key with an integral value into the integer it equals.
#[inline]
fn normalize(key: Value) -> Value {
    if key.tag == tag::FLOAT {
        let f = key.as_f64();
        if let Some(i) = perilune_lang::float_to_integer(f, perilune_lang::Rounding::Exact) {
            return Value::int(i);
        }
    }
    key
}

#[cfg(test)]
thread_local! {
    static REBUILDS: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

/// How many hash parts this thread has rebuilt, for tests.
#[cfg(test)]
pub(crate) fn rebuilds() -> u64 {
    REBUILDS.get()
}

impl Table {
    /// Bytes of the block with `inline` slots behind the header.
    pub const fn size_for(inline: usize) -> usize {
        size_of::<Table>() + inline * size_of::<Value>()
    }

    /// Bytes of a live table's block.
    ///
    /// # Safety
    /// `this` is live.
    pub unsafe fn size(this: *const Table) -> usize {
        Table::size_for(((*this).header.aux >> flag::INLINE_SHIFT) as usize)
    }

    /// A new table with room for `array` elements and `record` fields.
    ///
    /// # Errors
    /// Out of memory.
    ///
    /// # Safety
    /// `shapes` belongs to `heap`.
    #[inline]
    pub unsafe fn new(
        heap: &mut RawHeap<Objects>,
        shapes: &Shapes,
        array: usize,
        record: usize,
    ) -> Result<*mut Table, OutOfMemory> {
        let inline = record.min(16);
        let size = Table::size_for(inline);
        let p = heap.alloc(kind::TABLE, size)?;
        let this: *mut Table = p.cast().as_ptr();
        let mut header = *p.as_ref();
        header.aux = (inline as u16) << flag::INLINE_SHIFT;
        header.word = (*shapes.root).header.word;
        this.write(Table {
            header,
            slots: this.add(1).cast(),
            array: null_mut(),
            len: 0,
            capacity: 0,
            shape: shapes.root,
            meta: null_mut(),
            nodes: null_mut(),
            node_bits: 0,
            slot_room: inline as u8,
            absent: 0,
            free: 0,
            instance_root: null_mut(),
        });
        if array != 0 {
            Table::reserve_array(this, &mut heap.memory, u32::try_from(array).map_err(|_| OutOfMemory)?)?;
        }
        Ok(this)
    }

    /// Whether string keys live in the hash part.
    #[inline(always)]
    pub fn is_dictionary(&self) -> bool {
        self.header.word == DICTIONARY
    }

    /// Whether all string keys and no others are in slots, and nothing else is in the table.
    pub fn has_hash(&self) -> bool {
        !self.nodes.is_null()
    }

    // ---- array part ----

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
        Ok(())
    }

    unsafe fn free_array(this: *mut Table, mem: &mut Memory) {
        let capacity = (*this).capacity;
        if capacity != 0
            && let Some(layout) = array_layout(capacity)
        {
            mem.free(NonNull::new_unchecked((*this).array.sub(capacity as usize * 8)), layout);
        }
        (*this).array = null_mut();
        (*this).capacity = 0;
    }

    /// Appends at `len + 1`, growing the array; moves what follows in the hash part behind it.
    unsafe fn append(this: *mut Table, mem: &mut Memory, v: Value) -> Result<(), OutOfMemory> {
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
    unsafe fn migrate(this: *mut Table, mem: &mut Memory) -> Result<(), OutOfMemory> {
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

    /// Makes a dead entry one that no key finds; it keeps its place in the chain by its hash.
    unsafe fn bury(n: *mut Node) {
        (*n).value = u64::from(Table::hash_of((*n).key()));
        (*n).key_tag = DEAD;
        (*n).key = 0;
    }

    /// Takes trailing nils off the array.
    unsafe fn trim(this: *mut Table) {
        let mut n = (*this).len as usize;
        while n > 0 && *(*this).array.add(n - 1) == tag::NIL {
            n -= 1;
        }
        (*this).len = n as u32;
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
        // With a hash part, keys of the list may already be there.
        if (*this).nodes.is_null()
            && start == i64::from((*this).len) + 1
            && u32::try_from(start as usize + count).is_ok()
        {
            let end = (*this).len as usize + count;
            Table::reserve_array(this, &mut heap.memory, end as u32)?;
            for i in 0..count {
                Table::array_put(this, start as usize + i, *values.add(i));
            }
            (*this).len = end as u32;
            Table::trim(this);
            return Ok(());
        }
        for i in 0..count {
            Table::set_int(this, heap, shapes, start + i as i64, *values.add(i))?;
        }
        Ok(())
    }

    // ---- hash part ----

    #[inline(always)]
    unsafe fn main_position(this: *const Table, hash: u32) -> *mut Node {
        (*this).nodes.add((hash as usize) & ((1usize << (*this).node_bits) - 1))
    }

    unsafe fn hash_of(key: Value) -> u32 {
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

    #[inline]
    unsafe fn find_int(this: *const Table, i: i64) -> Option<*mut Node> {
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

    #[inline]
    unsafe fn find_short(this: *const Table, key: *const Str) -> Option<*mut Node> {
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

    unsafe fn find_node(this: *const Table, key: Value) -> Option<*mut Node> {
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

    // ---- reading ----

    /// The value of an integer key, nil if absent.
    ///
    /// # Safety
    /// `this` is live.
    #[inline]
    pub unsafe fn get_int(this: *const Table, i: i64) -> Value {
        if (i as u64).wrapping_sub(1) < u64::from((*this).len) {
            return Table::array_get(this, i as usize);
        }
        match Table::find_int(this, i) {
            Some(n) => (*n).value(),
            None => Value::NIL,
        }
    }

    /// The value of a string key, nil if absent.
    ///
    /// # Safety
    /// `this` and `key` are live.
    #[inline]
    pub unsafe fn get_str(this: *const Table, key: *mut Str) -> Value {
        if (*key).is_long() {
            return match Table::find_node(this, Value::str(key)) {
                Some(n) => (*n).value(),
                None => Value::NIL,
            };
        }
        if !(*this).is_dictionary() {
            return match Shape::find((*this).shape, key) {
                Some(slot) => *(*this).slots.add(slot as usize),
                None => Value::NIL,
            };
        }
        match Table::find_short(this, key) {
            Some(n) => (*n).value(),
            None => Value::NIL,
        }
    }

    /// The slot of an interned key, if it lives in the record part.
    ///
    /// # Safety
    /// `this` and `key` are live.
    pub unsafe fn place_of(this: *const Table, key: *const Str) -> Place {
        if (*key).is_long() || (*this).is_dictionary() {
            return Place::Other;
        }
        match Shape::find((*this).shape, key) {
            Some(slot) => Place::Slot(slot),
            None => Place::Other,
        }
    }

    /// The value of any key, nil if absent.
    ///
    /// # Safety
    /// `this` and `key` are live.
    #[inline]
    pub unsafe fn get(this: *const Table, key: Value) -> Value {
        match key.tag {
            tag::INT => Table::get_int(this, key.as_i64()),
            tag::STR => Table::get_str(this, key.as_ptr()),
            tag::NIL => Value::NIL,
            _ => {
                let key = normalize(key);
                if key.tag == tag::INT {
                    return Table::get_int(this, key.as_i64());
                }
                match Table::find_node(this, key) {
                    Some(n) => (*n).value(),
                    None => Value::NIL,
                }
            }
        }
    }

    // ---- writing ----
    // The callers run the write barrier and flush caches of watched tables (see `Vm::table_set`).

    /// Stores under an integer key.
    ///
    /// # Errors
    /// Out of memory.
    ///
    /// # Safety
    /// `this` and `v` are live.
    pub unsafe fn set_int(
        this: *mut Table,
        heap: &mut RawHeap<Objects>,
        shapes: &mut Shapes,
        i: i64,
        v: Value,
    ) -> Result<(), SetError> {
        let len = u64::from((*this).len);
        let at = (i as u64).wrapping_sub(1);
        if at < len {
            Table::array_put(this, i as usize, v);
            if v.is_nil() && at + 1 == len {
                Table::trim(this);
            }
            return Ok(());
        }
        if at == len && i > 0 && at < u64::from(u32::MAX) - 1 {
            if v.is_nil() {
                return Ok(()); // absent already: the hash part never holds `len + 1`
            }
            return Ok(Table::append(this, &mut heap.memory, v)?);
        }
        Table::set_node(this, heap, shapes, Value::int(i), v)
    }

    /// Stores under a string key. Returns whether the shape changed.
    ///
    /// # Errors
    /// Out of memory.
    ///
    /// # Safety
    /// `this`, `key` and `v` are live.
    pub unsafe fn set_str(
        this: *mut Table,
        heap: &mut RawHeap<Objects>,
        shapes: &mut Shapes,
        key: *mut Str,
        v: Value,
    ) -> Result<(), SetError> {
        if (*key).is_long() || (*this).is_dictionary() {
            return Table::set_node(this, heap, shapes, Value::str(key), v);
        }
        if let Some(slot) = Shape::find((*this).shape, key) {
            *(*this).slots.add(slot as usize) = v;
            return Ok(());
        }
        if v.is_nil() {
            return Ok(());
        }
        match shapes.add_key(heap, (*this).shape, key)? {
            Some(next) => {
                Table::grow_slots(this, &mut heap.memory, (*next).count)?;
                *(*this).slots.add((*next).count as usize - 1) = v;
                (*this).shape = next;
                (*this).header.word = (*next).header.word;
                Ok(())
            }
            None => {
                Table::to_dictionary(this, heap, shapes)?;
                Table::set_node(this, heap, shapes, Value::str(key), v)
            }
        }
    }

    /// Stores under any key.
    ///
    /// # Errors
    /// A nil or NaN key; out of memory.
    ///
    /// # Safety
    /// `this`, `key` and `v` are live.
    pub unsafe fn set(
        this: *mut Table,
        heap: &mut RawHeap<Objects>,
        shapes: &mut Shapes,
        key: Value,
        v: Value,
    ) -> Result<(), SetError> {
        match key.tag {
            tag::INT => Table::set_int(this, heap, shapes, key.as_i64(), v),
            tag::STR => Table::set_str(this, heap, shapes, key.as_ptr(), v),
            tag::NIL => Err(SetError::NilKey),
            tag::FLOAT => {
                let key = normalize(key);
                if key.tag == tag::INT {
                    Table::set_int(this, heap, shapes, key.as_i64(), v)
                } else if key.as_f64().is_nan() {
                    Err(SetError::NanKey)
                } else {
                    Table::set_node(this, heap, shapes, key, v)
                }
            }
            _ => Table::set_node(this, heap, shapes, key, v),
        }
    }

    /// Stores under a string key that comes from data rather than from the program's text: a table that
    /// collects many of those becomes a dictionary instead of stretching the shape tree.
    ///
    /// # Errors
    /// Out of memory.
    ///
    /// # Safety
    /// `this`, `key` and `v` are live.
    pub unsafe fn set_dynamic(
        this: *mut Table,
        heap: &mut RawHeap<Objects>,
        shapes: &mut Shapes,
        key: Value,
        v: Value,
    ) -> Result<(), SetError> {
        if key.is_str()
            && !(*this).is_dictionary()
            && (*(*this).shape).count >= 8
            && !v.is_nil()
            && (*this).header.aux & flag::IS_META == 0
        {
            let s: *mut Str = key.as_ptr();
            if !(*s).is_long() && Shape::find((*this).shape, s).is_none() {
                Table::to_dictionary(this, heap, shapes)?;
            }
        }
        Table::set(this, heap, shapes, key, v)
    }

    /// Adds the slot that takes the table from its shape to `next`, as a cached transition does.
    ///
    /// # Errors
    /// Out of memory.
    ///
    /// # Safety
    /// `next` is a child of the table's shape.
    pub unsafe fn grow_slots(this: *mut Table, mem: &mut Memory, count: u32) -> Result<(), OutOfMemory> {
        let room = (*this).slot_room;
        if count <= u32::from(room) {
            return Ok(());
        }
        let new_room = (u32::from(room) * 2).clamp(4, 255).max(count) as u8;
        let block = mem.alloc(slot_layout(new_room))?.as_ptr().cast::<Value>();
        std::ptr::copy_nonoverlapping((*this).slots, block, (*(*this).shape).count as usize);
        Table::free_slots(this, mem);
        (*this).slots = block;
        (*this).slot_room = new_room;
        (*this).header.aux |= flag::OUTER_SLOTS;
        Ok(())
    }

    /// Room for slots without growing.
    #[inline(always)]
    pub fn slot_room(&self) -> u32 {
        u32::from(self.slot_room)
    }

    unsafe fn free_slots(this: *mut Table, mem: &mut Memory) {
        if (*this).header.aux & flag::OUTER_SLOTS != 0 {
            mem.free(
                NonNull::new_unchecked((*this).slots.cast()),
                slot_layout((*this).slot_room),
            );
            (*this).header.aux &= !flag::OUTER_SLOTS;
        }
        (*this).slot_room = 0;
    }

    /// Moves the record part into the hash part.
    ///
    /// # Errors
    /// Out of memory; then the table is as it was.
    ///
    /// # Safety
    /// `this` is live.
    pub unsafe fn to_dictionary(
        this: *mut Table,
        heap: &mut RawHeap<Objects>,
        shapes: &mut Shapes,
    ) -> Result<(), SetError> {
        if (*this).is_dictionary() {
            return Ok(());
        }
        let shape = (*this).shape;
        let count = (*shape).count;
        // Room first, so that nothing can fail half way.
        Table::resize_nodes(this, heap, shapes, count as usize + 1)?;
        (*this).header.word = DICTIONARY;
        (*this).shape = shapes.dictionary;
        for i in 0..count {
            let v = *(*this).slots.add(i as usize);
            if !v.is_nil() {
                Table::set_node(this, heap, shapes, Value::str(Shape::key_at(shape, i)), v)?;
            }
        }
        Table::free_slots(this, &mut heap.memory);
        Ok(())
    }

    /// Gives the table a metatable (or none), keeping its fields.
    ///
    /// # Errors
    /// Out of memory.
    ///
    /// # Safety
    /// `this` and `meta` are live.
    pub unsafe fn set_metatable(
        this: *mut Table,
        heap: &mut RawHeap<Objects>,
        shapes: &mut Shapes,
        meta: *mut Table,
    ) -> Result<(), SetError> {
        if std::ptr::eq((*this).meta, meta) {
            return Ok(());
        }
        if !(*this).is_dictionary() {
            match shapes.with_meta(heap, (*this).shape, meta)? {
                Some(shape) => {
                    (*this).shape = shape;
                    (*this).header.word = (*shape).header.word;
                }
                None => Table::to_dictionary(this, heap, shapes)?,
            }
        }
        (*this).meta = meta;
        Ok(())
    }

    unsafe fn set_node(
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
    unsafe fn insert(this: *mut Table, key: Value, v: Value) -> bool {
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

    unsafe fn hash_of_node(n: *const Node) -> u32 {
        match (*n).key_tag {
            DEAD => (*n).value as u32,
            _ => Table::hash_of((*n).key()),
        }
    }

    unsafe fn free_node(this: *mut Table) -> Option<*mut Node> {
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
    unsafe fn resize_nodes(
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
            target = Table::array_target(this, &bins);
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

    /// The largest power of two such that more than half of `1..=n` would be in use.
    unsafe fn array_target(this: *const Table, bins: &[u32; 33]) -> u32 {
        let mut sum = 0u64;
        let mut best = 0;
        for (b, &count) in bins.iter().enumerate().take(32) {
            let n = 1u64 << b;
            sum += u64::from(count);
            // Elements of the array part count as used: nils among them are rare.
            let used = sum + u64::from((*this).len).min(n);
            if used > n / 2 && count > 0 {
                best = n as u32;
            }
        }
        best
    }

    unsafe fn count_ints(nodes: *const Node, size: usize, above: u32, upto: u32) -> usize {
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

    // ---- traversal ----

    /// The entry behind `key` in traversal order (array, slots, hash part), `None` at the end.
    ///
    /// # Errors
    /// The key is not in the table.
    ///
    /// # Safety
    /// `this` and `key` are live.
    pub unsafe fn next(this: *const Table, key: Value) -> Result<Option<(Value, Value)>, ()> {
        let key = normalize(key);
        let start = Table::position(this, key)?;
        Ok(Table::entry_from(this, start).map(|(_, k, v)| (k, v)))
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
            None if key.tag == tag::INT && key.payload.wrapping_sub(1) < u64::from((*this).capacity) => Ok(len),
            None => Err(()),
        }
    }

    /// The dead entry that once had this key.
    unsafe fn find_dead(this: *const Table, key: Value) -> Option<*mut Node> {
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

    // ---- memory ----

    /// Marks the contents, or puts a weak table off.
    ///
    /// # Safety
    /// `this` is live.
    pub unsafe fn trace(this: *mut Table, t: &mut Tracer) {
        mark_ptr(t, (*this).meta);
        mark_ptr(t, (*this).shape);
        let weak = (*this).header.aux & (flag::WEAK_KEYS | flag::WEAK_VALUES);
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
            if (*n).value_tag != tag::NIL {
                mark_value(t, (*n).key());
                mark_value(t, (*n).value());
            } else {
                Table::forget_key(n);
            }
        }
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

    /// A dead entry's key may be freed: keep its place in the chain under a key that equals nothing.
    unsafe fn forget_key(n: *mut Node) {
        if (*n).key_tag & tag::COLLECTABLE != 0 {
            // The hash is kept in the place of the value, so that the chain can still be followed and the node moved;
            // the address is kept for `next`, which may stand on this very entry.
            (*n).value = u64::from(Table::hash_of((*n).key()));
            (*n).key_tag = DEAD;
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

/// The key tag of a dead entry whose key object may be gone; the key is its address, the value the key's hash.
const DEAD: u8 = 7;
