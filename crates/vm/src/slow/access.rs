//! Reads and stores that need more than their inline cache.

use super::{Found, MAX_CHAIN};
use crate::call::{field, reg};
use crate::meta::Event;
use crate::object::{Cell, Closure, Str, Userdata};
use crate::shape::Shape;
use crate::table::{Place, SetError, Table, flag};
use crate::value::{Value, tag};
use crate::vm::{Flow, Raised, Vm, is_event_key};
use perilune_bytecode::Opcode;

impl Vm {
    // ---- indexing ----

    /// Reads `object[key]`, following `__index` tables.
    pub(crate) unsafe fn lookup(&mut self, object: Value, key: Value, operand: Option<u16>) -> Result<Found, Raised> {
        self.note_key(key);
        let mut at = object;
        for step in 0..MAX_CHAIN {
            let handler = if at.is_table() {
                let t: *mut Table = at.as_ptr();
                let v = Table::get(t, key);
                if !v.is_nil() {
                    return Ok(Found::Value(v));
                }
                let handler = self.meta_field((*t).meta, Event::Index);
                if handler.is_nil() {
                    return Ok(Found::Value(Value::NIL));
                }
                handler
            } else {
                let handler = self.metamethod(at, Event::Index);
                if handler.is_nil() {
                    return Err(self.type_error(at, "index", operand.filter(|_| step == 0)));
                }
                handler
            };
            if handler.is_function() {
                return Ok(Found::Call(handler, at));
            }
            at = handler;
        }
        Err(self.rt_error(b"'__index' chain too long; possible loop"))
    }

    /// Reads into the instruction's first register and goes on, or calls `__index`.
    unsafe fn read(&mut self, object: Value, key: Value, words: usize, operand: u16) -> Flow {
        match self.lookup(object, key, Some(operand))? {
            Found::Value(v) => {
                *reg(self.base, self.pc, 1) = v;
                self.done(words)
            }
            Found::Call(f, object) => self.call_meta(f, &[object, key]),
        }
    }

    #[inline(never)]
    pub(crate) unsafe fn get_index_slow(&mut self) -> Flow {
        let (object, key) = (*reg(self.base, self.pc, 2), *reg(self.base, self.pc, 3));
        self.read(object, key, 1, 0)
    }

    #[inline(never)]
    pub(crate) unsafe fn get_int_slow(&mut self) -> Flow {
        let object = *reg(self.base, self.pc, 2);
        let key = Value::int(i64::from(field(self.pc, 3) as i16));
        self.read(object, key, 1, 0)
    }

    unsafe fn const_at(&self, i: usize) -> Value {
        *self.k.byte_add(field(self.pc, i) as usize)
    }

    /// `get_field` and `get_field_proto` when the cache does not answer.
    #[inline(never)]
    pub(crate) unsafe fn get_field_slow(&mut self) -> Flow {
        let object = *reg(self.base, self.pc, 2);
        let key = self.const_at(3);
        if let Some(f) = self.function_for_absent(object, key, Event::Index) {
            return self.call_meta(f, &[object, key]);
        }
        match self.lookup(object, key, Some(0))? {
            Found::Value(v) => {
                self.fill_get(object, key, Opcode::GetField, Opcode::GetFieldProto);
                *reg(self.base, self.pc, 1) = v;
                self.done(Opcode::GetField.words())
            }
            // Not even the way to the function is worth a cache: the call is what costs.
            Found::Call(f, object) => self.call_meta(f, &[object, key]),
        }
    }

    /// The Lua function that a table's metatable has for accesses of fields it does not have, if this short name is one of them.
    #[inline]
    unsafe fn function_for_absent(&mut self, object: Value, name: Value, event: Event) -> Option<Value> {
        if object.tag != tag::TABLE {
            return None;
        }
        let t: *mut Table = object.as_ptr();
        let name: *mut Str = name.as_ptr();
        if (*t).meta.is_null() || (*t).is_dictionary() || (*name).is_long() || Shape::find((*t).shape, name).is_some() {
            return None;
        }
        let handler = self.meta_field((*t).meta, event);
        (handler.tag == tag::CLOSURE).then_some(handler)
    }

    /// The value of the environment upvalue that field `i` names.
    unsafe fn env(&self, i: usize) -> Value {
        let closure: *mut Closure = self.frame().callee().as_ptr();
        let cell: *mut Cell = *(*closure).upvalues_mut().byte_add(field(self.pc, i) as usize);
        (*cell).value
    }

    #[inline(never)]
    pub(crate) unsafe fn get_global_slow(&mut self) -> Flow {
        let object = self.env(2);
        let key = self.const_at(3);
        self.fill_get(object, key, Opcode::GetGlobal, Opcode::GetGlobal);
        self.read(object, key, Opcode::GetGlobal.words(), 0)
    }

    #[inline(never)]
    pub(crate) unsafe fn self_field_slow(&mut self) -> Flow {
        let object = *reg(self.base, self.pc, 2);
        let key = self.const_at(3);
        let window = reg(self.base, self.pc, 1);
        let found = self.lookup(object, key, Some(0))?;
        if matches!(found, Found::Value(_)) {
            self.fill_get(object, key, Opcode::SelfField, Opcode::SelfFieldProto);
        }
        *window.add(2) = object;
        match found {
            Found::Value(v) => {
                *window = v;
                self.done(Opcode::SelfField.words())
            }
            Found::Call(f, object) => self.call_meta(f, &[object, key]),
        }
    }

    /// Fills the inline cache of a read: an own slot, or the slot of a table that the receiver inherits from.
    unsafe fn fill_get(&mut self, object: Value, key: Value, own: Opcode, proto: Opcode) {
        let pc = self.pc.cast_mut();
        let cache = pc.add(1);
        if crate::pairs::opcode_at(pc) != own {
            pc.cast::<u16>().write(own as u16);
        }
        *cache = 0;
        let name: *mut Str = key.as_ptr();
        let receiver: *mut Table = match object.tag {
            tag::TABLE => object.as_ptr(),
            tag::USERDATA if own == Opcode::SelfField => return self.fill_method(object.as_ptr(), name),
            _ => return,
        };
        if (*receiver).is_dictionary() {
            return;
        }
        if let Place::Slot(slot) = Table::place_of(receiver, name) {
            *cache = u64::from((*receiver).header.word) | u64::from(slot * 16) << 32;
            self.lookups
                .fill((*receiver).header.word, name, std::ptr::null(), slot * 16);
            return;
        }
        if own == proto {
            return;
        }
        // Up the chain of `__index` tables; every table looked at is watched from now on.
        let mut meta = (*receiver).meta;
        for _ in 0..16 {
            if meta.is_null() || (*meta).is_dictionary() {
                return;
            }
            let handler = self.meta_field(meta, Event::Index);
            if !handler.is_table() {
                return;
            }
            let holder: *mut Table = handler.as_ptr();
            if (*holder).is_dictionary() {
                return;
            }
            (*meta).header.aux |= flag::WATCHED;
            (*holder).header.aux |= flag::WATCHED;
            match Table::place_of(holder, name) {
                Place::Slot(slot) => {
                    *cache = u64::from((*receiver).header.word) | u64::from(slot * 16) << 32;
                    *cache.add(1) = holder as u64;
                    pc.cast::<u16>().write(proto as u16);
                    self.fills.push(cache);
                    self.lookups.fill((*receiver).header.word, name, holder, slot * 16);
                    return;
                }
                Place::Other if (*name).is_long() => return,
                Place::Other => meta = (*holder).meta,
            }
        }
    }

    /// Fills the inline cache of a method's look-up on a userdata: the shape of its metatable's `__index` table stands there as if it were
    /// the receiver's.
    unsafe fn fill_method(&mut self, receiver: *mut Userdata, name: *mut Str) {
        let index = self.meta_field((*receiver).meta, Event::Index);
        if !index.is_table() {
            return;
        }
        let methods: *mut Table = index.as_ptr();
        if let Place::Slot(slot) = Table::place_of(methods, name) {
            *self.pc.cast_mut().add(1) = u64::from((*methods).header.word) | u64::from(slot * 16) << 32;
        }
    }

    // ---- stores ----

    /// Stores `object[key] = v`, following `__newindex`; true when done.
    pub(crate) unsafe fn store(
        &mut self,
        object: Value,
        key: Value,
        v: Value,
        dynamic: bool,
        operand: u16,
    ) -> Result<Option<(Value, Value)>, Raised> {
        self.note_key(key);
        let mut at = object;
        for step in 0..MAX_CHAIN {
            let handler = if at.is_table() {
                let t: *mut Table = at.as_ptr();
                let handler = self.meta_field((*t).meta, Event::NewIndex);
                if handler.is_nil() || !Table::get(t, key).is_nil() {
                    let stored = if dynamic || !key.is_str() {
                        self.table_set(t, key, v)
                    } else {
                        self.table_set_str(t, key.as_ptr(), v)
                    };
                    return match stored {
                        Ok(()) => Ok(None),
                        Err(e) => Err(self.set_error(e)),
                    };
                }
                handler
            } else {
                let handler = self.metamethod(at, Event::NewIndex);
                if handler.is_nil() {
                    return Err(self.type_error(at, "index", (step == 0).then_some(operand)));
                }
                handler
            };
            if handler.is_function() {
                return Ok(Some((handler, at)));
            }
            at = handler;
        }
        Err(self.rt_error(b"'__newindex' chain too long; possible loop"))
    }

    /// Raises a failed raw store.
    #[cold]
    pub(crate) fn set_error(&mut self, e: SetError) -> Raised {
        match e {
            SetError::NilKey => self.rt_error(b"table index is nil"),
            SetError::NanKey => self.rt_error(b"table index is NaN"),
            SetError::Memory => self.raise_memory(),
        }
    }

    unsafe fn write(&mut self, object: Value, key: Value, v: Value, dynamic: bool, words: usize) -> Flow {
        match self.store(object, key, v, dynamic, 0)? {
            None => self.done(words),
            Some((f, object)) => self.call_meta(f, &[object, key, v]),
        }
    }

    #[inline(never)]
    pub(crate) unsafe fn set_index_slow(&mut self, v: Value) -> Flow {
        let (object, key) = (*reg(self.base, self.pc, 1), *reg(self.base, self.pc, 2));
        self.write(object, key, v, true, 1)
    }

    #[inline(never)]
    pub(crate) unsafe fn set_int_slow(&mut self, v: Value) -> Flow {
        let object = *reg(self.base, self.pc, 1);
        let key = Value::int(i64::from(field(self.pc, 2) as i16));
        self.write(object, key, v, true, 1)
    }

    #[inline(never)]
    pub(crate) unsafe fn set_field_slow(&mut self, v: Value) -> Flow {
        let object = *reg(self.base, self.pc, 1);
        self.set_named(object, v, Opcode::SetField)
    }

    #[inline(never)]
    pub(crate) unsafe fn set_global_slow(&mut self, v: Value) -> Flow {
        let object = self.env(1);
        self.set_named(object, v, Opcode::SetGlobal)
    }

    unsafe fn set_named(&mut self, object: Value, v: Value, own: Opcode) -> Flow {
        let key = self.const_at(2);
        if !object.is_table() {
            return self.write(object, key, v, false, own.words());
        }
        if let Some(f) = self.function_for_absent(object, key, Event::NewIndex) {
            return self.call_meta(f, &[object, key, v]);
        }
        let t: *mut Table = object.as_ptr();
        let before = (*t).shape;
        let pc = self.pc.cast_mut();
        let cache = pc.add(1);
        if field(pc, 0) == Opcode::SetFieldAdd as u16 {
            pc.cast::<u16>().write(Opcode::SetField as u16);
        }
        *cache = 0;
        let flow = self.write(object, key, v, false, own.words())?;
        // Remember where the key lives, unless a metamethod took the store.
        let name: *mut Str = key.as_ptr();
        let plain = std::ptr::eq(self.pc, pc.add(own.words()));
        if !plain || (*t).is_dictionary() || is_event_key(name) || !self.meta_field((*t).meta, Event::NewIndex).is_nil()
        {
            return Ok(flow);
        }
        if std::ptr::eq((*t).shape, before) {
            if let Place::Slot(slot) = Table::place_of(t, name) {
                *cache = u64::from((*t).header.word) | u64::from(slot * 16) << 32;
                self.lookups.fill((*t).header.word, name, std::ptr::null(), slot * 16);
                self.watch_newindex(t, cache);
            }
        } else if own == Opcode::SetField
            && field(pc, 0) == Opcode::SetField as u16
            && Shape::is_child((*t).shape, before)
        {
            *cache = u64::from((*before).header.word) | u64::from(((*(*t).shape).count - 1) * 16) << 32;
            *cache.add(1) = (*t).shape as u64;
            pc.cast::<u16>().write(Opcode::SetFieldAdd as u16);
            if !(*t).meta.is_null() {
                (*(*t).meta).header.aux |= flag::WATCHED;
            }
            // The next shape is not kept alive by the cache: collection flushes it.
            self.fills.push(cache);
        }
        Ok(flow)
    }

    /// A cached store relies on the metatable having no `__newindex`.
    unsafe fn watch_newindex(&mut self, t: *mut Table, cache: *mut u64) {
        if !(*t).meta.is_null() {
            (*(*t).meta).header.aux |= flag::WATCHED;
            self.fills.push(cache);
        }
    }

    /// `set_list` and `set_list_open`.
    #[inline(never)]
    pub(crate) unsafe fn set_list_slow(&mut self, open: bool) -> Flow {
        let pc = self.pc;
        let target = *reg(self.base, pc, 1);
        if !target.is_table() {
            // Only a module that no compiler of ours wrote gets here: the verifier does not prove types.
            return Err(self.type_error(target, "fill", None));
        }
        let t: *mut Table = target.as_ptr();
        let first = reg(self.base, pc, 2);
        let count = field(pc, 3) as usize;
        let start = i64::from(*pc.add(1).cast::<u32>());
        self.barrier(t);
        if let Err(e) = Table::set_list(t, &mut self.heap, &mut self.shapes, start, first, count) {
            return Err(self.set_error(e));
        }
        if open
            && let Err(e) = Table::set_list(
                t,
                &mut self.heap,
                &mut self.shapes,
                start + count as i64,
                self.open_start,
                self.open_count,
            )
        {
            return Err(self.set_error(e));
        }
        self.done(2)
    }
}
