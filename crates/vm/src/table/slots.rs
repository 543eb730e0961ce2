//! Slots of records, and what turns a record into a dictionary.

use super::{SetError, Table, flag, slot_layout};
use crate::object::{Objects, Str};
use crate::shape::{DICTIONARY, MAX_FIELDS, Shape, Shapes};
use crate::value::Value;
use perilune_gc::raw::{Memory, OutOfMemory, RawHeap, own_buffers};
use std::ptr::NonNull;

impl Table {
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
        let new_room = (u32::from(room) + u32::from(room) / 2).clamp(4, 255).max(count) as u8;
        let block = mem.alloc(slot_layout(new_room))?.as_ptr().cast::<Value>();
        std::ptr::copy_nonoverlapping((*this).slots, block, (*(*this).shape).count as usize);
        Table::free_slots(this, mem);
        (*this).slots = block;
        (*this).slot_room = new_room;
        (*this).header.aux |= flag::OUTER_SLOTS;
        own_buffers(NonNull::new_unchecked(this.cast()));
        Ok(())
    }

    /// Adds fields to a record of no metatable, in one step; false, and nothing is done, where they are to be stored one by one.
    ///
    /// # Errors
    /// Out of memory; then the table is as it was.
    ///
    /// # Safety
    /// `this`, the keys (interned, none twice) and the values are live.
    pub unsafe fn add_fields(
        this: *mut Table,
        heap: &mut RawHeap<Objects>,
        shapes: &mut Shapes,
        keys: &[*mut Str],
        values: &[Value],
    ) -> Result<bool, OutOfMemory> {
        debug_assert_eq!(keys.len(), values.len());
        let old = (*this).shape;
        let count = (*old).count as usize;
        if (*this).is_dictionary()
            || !(*this).meta.is_null()
            || (*this).header.aux & (flag::WATCHED | flag::IS_META) != 0
            || count + keys.len() > MAX_FIELDS as usize
            || keys.iter().any(|&key| Shape::find(old, key).is_some())
        {
            return Ok(false);
        }
        let mut all = Vec::with_capacity(count + keys.len());
        all.extend((0..count).map(|i| Shape::key_at(old, i as u32)));
        all.extend_from_slice(keys);
        Table::grow_slots(this, &mut heap.memory, (count + keys.len()) as u32)?;
        let Some(shape) = shapes.whole(heap, all)? else {
            return Ok(false);
        };
        for (i, &value) in values.iter().enumerate() {
            *(*this).slots.add(count + i) = value;
        }
        (*this).shape = shape;
        (*this).header.word = (*shape).header.word;
        Ok(true)
    }

    /// Makes room for `count` keys outside of the array part: slots, or from more than a shape can have on nodes.
    ///
    /// # Errors
    /// Out of memory.
    ///
    /// # Safety
    /// `this` is live.
    pub unsafe fn reserve_keys(
        this: *mut Table,
        heap: &mut RawHeap<Objects>,
        shapes: &mut Shapes,
        count: usize,
    ) -> Result<(), SetError> {
        match u32::try_from(count) {
            Ok(count) if count <= MAX_FIELDS => Ok(Table::grow_slots(this, &mut heap.memory, count)?),
            _ => {
                Table::to_dictionary(this, heap, shapes)?;
                Table::resize_nodes(this, heap, shapes, count, Value::NIL)?;
                Ok(())
            }
        }
    }

    /// Room for slots without growing.
    #[inline(always)]
    pub fn slot_room(&self) -> u32 {
        u32::from(self.slot_room)
    }

    pub(super) unsafe fn free_slots(this: *mut Table, mem: &mut Memory) {
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
        Table::resize_nodes(this, heap, shapes, count as usize + 1, Value::NIL)?;
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
}
