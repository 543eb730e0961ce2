//! Tables: an array part, a record part described by a shape, and a hash part. This file has the layout, the array and
//! the record part, and what moves keys between the three.
//!
//! Where a key lives:
//! - integers `1..=len` in the array part, whose last element is never nil. The hash part never holds a live
//!   `len + 1`, so that `len` is the border at every moment, in constant time.
//! - strings, as long as the table has a real shape, in the slots; in dictionary mode in the hash part.
//! - all else in the hash part: chained scatter with Brent's variation (Brent 1973), as in Lua's own tables,
//!   but with room left for insertions when a table sees deletions.

use crate::object::{Objects, STR_EVENT, Str, kind, mark_ptr, mark_value};
use crate::shape::{DICTIONARY, Shape, Shapes};
use crate::value::{Value, raw_equal, tag};
use perilune_gc::raw::{Deferred, GC_BARRIER, Header, Memory, OutOfMemory, Ptr, RawHeap, Tracer, own_buffers};
use std::alloc::Layout;
use std::ptr::{NonNull, null_mut};

mod array;
mod border;
mod hash;
mod home;
mod memory;
mod slots;
mod traverse;

/// `header.aux` bits of a table.
pub mod flag {
    /// Inline caches rely on this table's shape (a metatable or a table that others inherit from): a
    /// change of it must flush them.
    pub const WATCHED: u16 = 1;
    /// `__mode` contained `k` when the table was traced last.
    pub const WEAK_KEYS: u16 = 2;
    /// `__mode` contained `v` when the table was traced last.
    pub const WEAK_VALUES: u16 = 4;
    /// The slots are a buffer of their own, not behind the header.
    pub const OUTER_SLOTS: u16 = 8;
    /// The array part is a buffer of its own, not behind the header and the slots.
    pub const OUTER_ARRAY: u16 = 32;
    /// It serves as a metatable.
    pub const IS_META: u16 = 16;
    /// The array part was longer once: `next` may be asked for what is behind a key that was just cleared.
    pub const TRIMMED: u16 = 64;
    /// How many inline slots the block was made with, from this bit on.
    pub const INLINE_SHIFT: u16 = 11;
    /// `__mode` was stored in it once.
    pub const HAD_MODE: u16 = 128;
    /// The array part was made or (with [`HOLES`]) grew, and `#` was not asked since: see `border.rs`.
    pub const FRESH: u16 = 1 << 8;
    /// Alone: what `#` has to know of an array part with holes is noted in `absent`.
    pub const HOLES: u16 = 1 << 9;
    /// It has a metatable.
    pub const HAS_META: u16 = 1 << 10;
    /// With any of these, `#` is more than reading `len`.
    pub const LENGTH_ASKS: u16 = FRESH | HOLES | HAS_META;
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
    /// Metamethods known to be absent when this is a metatable, by `meta::Event`; else what [`flag::HOLES`] says.
    pub absent: u16,
    /// Where the search for a free node goes on, downwards.
    free: u32,
}

const _: () = assert!(size_of::<Table>() == 64);

/// Elements and nodes that the collector marks at a time: about 50 us.
const SLICE: usize = 4096;

/// Most slots and most elements that lie in the block of the table.
pub const MAX_INLINE: usize = 16;

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

/// Whether a float has a fraction, and so is a key of its own. Floats that are not below 2^53 have none.
#[inline(always)]
fn is_fractional(f: f64) -> bool {
    f.abs() < 9_007_199_254_740_992.0 && (f as i64) as f64 != f
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
    /// Bytes of the block with `record` slots and `array` elements behind the header.
    #[inline(always)]
    pub const fn size_for(array: usize, record: usize) -> usize {
        (size_of::<Table>() + record * size_of::<Value>() + array * 9).next_multiple_of(16)
    }

    /// Bytes of a live table's block, as far as its header and slots are concerned.
    ///
    /// # Safety
    /// `this` is live.
    pub unsafe fn size(this: *const Table) -> usize {
        Table::size_for(0, ((*this).header.aux >> flag::INLINE_SHIFT) as usize)
    }

    /// Fills a new block of [`Table::size_for`] bytes.
    ///
    /// # Safety
    /// `p` is such a block, fresh from the heap; both counts are at most [`MAX_INLINE`]. `root` is the empty shape.
    #[inline(always)]
    pub unsafe fn init(p: Ptr, root: *mut Shape, array: usize, record: usize) -> *mut Table {
        let this: *mut Table = p.cast().as_ptr();
        let header = Header {
            aux: (record as u16) << flag::INLINE_SHIFT,
            word: (*root).header.word,
            ..*p.as_ref()
        };
        let slots: *mut Value = this.add(1).cast();
        let (elements, capacity) = if array == 0 {
            (null_mut(), 0)
        } else {
            (slots.add(record).cast::<u8>().add(array * 8), array as u32)
        };
        this.write(Table {
            header,
            slots,
            array: elements,
            len: 0,
            capacity,
            shape: root,
            meta: null_mut(),
            nodes: null_mut(),
            node_bits: 0,
            slot_room: record as u8,
            absent: 0,
            free: 0,
        });
        this
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
        let inline = record.min(MAX_INLINE);
        let elements = if array > MAX_INLINE { 0 } else { array };
        let p = heap.alloc(kind::TABLE, Table::size_for(elements, inline))?;
        let this = Table::init(p, shapes.root, elements, inline);
        if array > MAX_INLINE {
            Table::reserve_array(this, &mut heap.memory, u32::try_from(array).map_err(|_| OutOfMemory)?)?;
        }
        if array > 0 {
            Table::freshen(this);
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
            tag::FLOAT if is_fractional(key.as_f64()) => match Table::find_float(this, key) {
                Some(n) => (*n).value(),
                None => Value::NIL,
            },
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
            if v.is_nil() {
                Table::lost(this, i as u32);
            }
            return Ok(());
        }
        if let Some((size, _)) = Table::noted(this)
            && at < u64::from(size.min((*this).capacity))
            && (*this).nodes.is_null()
            && !v.is_nil()
        {
            // Within the array part as the reference sees it.
            for i in len as usize + 1..i as usize {
                Table::array_put(this, i, Value::NIL);
            }
            Table::array_put(this, i as usize, v);
            (*this).len = i as u32;
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

    /// Adds a field that is nil, if the table has a shape of a few fields and not this one.
    ///
    /// # Errors
    /// Out of memory.
    ///
    /// # Safety
    /// `this` and `key` are live.
    pub unsafe fn add_nil_field(
        this: *mut Table,
        heap: &mut RawHeap<Objects>,
        shapes: &mut Shapes,
        key: *mut Str,
    ) -> Result<(), SetError> {
        const FEW: u32 = 16;
        if (*key).is_long()
            || (*this).is_dictionary()
            || (*(*this).shape).count >= FEW
            || Shape::find((*this).shape, key).is_some()
        {
            return Ok(());
        }
        if let Some(next) = shapes.add_key(heap, (*this).shape, key)? {
            Table::grow_slots(this, &mut heap.memory, (*next).count)?;
            *(*this).slots.add((*next).count as usize - 1) = Value::NIL;
            (*this).shape = next;
            (*this).header.word = (*next).header.word;
        }
        Ok(())
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

    /// Stores the metatable, null for none.
    #[inline(always)]
    pub(crate) unsafe fn put_meta(this: *mut Table, meta: *mut Table) {
        (*this).meta = meta;
        if meta.is_null() {
            (*this).header.aux &= !flag::HAS_META;
        } else {
            (*this).header.aux |= flag::HAS_META;
        }
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
        Table::put_meta(this, meta);
        Ok(())
    }
}

/// The key tag of a dead entry whose key object may be gone; the key is its address, the value the key's hash.
const DEAD: u8 = 7;
