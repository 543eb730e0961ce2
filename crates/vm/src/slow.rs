//! The slow paths of instructions: coercions, metamethods, growth, errors, and the filling of inline caches.
//!
//! All run with the VM's state saved, and say by their [`Flow`] how to go on.

use crate::call::{field, reg};
use crate::error::message;
use crate::interner::Interner;
use crate::meta::Event;
use crate::object::{Cell, Closure, Proto, Str};
use crate::shape::Shape;
use crate::shortcut::Answer;
use crate::string::MAX_INTERNED;
use crate::table::{Place, SetError, Table, flag};
use crate::value::{Value, raw_equal, tag};
use crate::vm::{Flow, Go, Raised, SPARE_SLOTS, Vm, is_event_key};
use perilune_bytecode::Opcode;
use perilune_lang::{
    ArithError, ArithOp, ForLoop, ForValue, Num, arith, float_le_int, float_lt_int, int_le_float, int_lt_float,
    int_text, parse_number, prepare_for, to_integer,
};

/// The longest chain of `__index` or `__newindex` tables, as Lua's `MAXTAGLOOP`.
const MAX_CHAIN: usize = 2000;

/// Concatenations of at most this many bytes are put together on the machine's stack; all longer ones of strings alone are
/// longer than an interned string.
const SHORT_CONCAT: usize = 64;
const _: () = assert!(SHORT_CONCAT >= MAX_INTERNED);
/// The most digits and sign of an integer.
const LONGEST_INT: usize = 20;

/// What a lookup through metatables found.
pub(crate) enum Found {
    /// The value.
    Value(Value),
    /// A function to call with this object and the key.
    Call(Value, Value),
}

/// The metamethod that decides an ordering.
pub(crate) enum OrderHandler {
    /// Called with the operands as they stand; its result is the outcome.
    Own(Value),
    /// `__lt` in the place of a missing `__le`: called with the operands swapped; the outcome is the negation.
    Swapped(Value),
    /// There is none.
    None,
}

impl Vm {
    /// Ends a slow path: on with the instruction `words` further.
    #[inline(always)]
    unsafe fn done(&mut self, words: usize) -> Flow {
        self.pc = self.pc.add(words);
        Ok(Go::On)
    }

    // ---- arithmetic ----

    /// An arithmetic instruction of one word whose operands are not plain numbers of the fast path.
    #[inline(never)]
    pub(crate) unsafe fn arith_slow(&mut self, op: ArithOp, a: Value, b: Value) -> Flow {
        match self.arith_raw(op, a, b)? {
            Some(v) => {
                *reg(self.base, self.pc, 1) = v;
                self.done(1)
            }
            None => self.arith_meta(op, a, b),
        }
    }

    /// The result on numbers (and, for bitwise operations, on strings that convert); `None` asks for a metamethod.
    pub(crate) unsafe fn arith_raw(&mut self, op: ArithOp, a: Value, b: Value) -> Result<Option<Value>, Raised> {
        let (Some(x), Some(y)) = (arith_operand(op, a), arith_operand(op, b)) else {
            return Ok(None);
        };
        match arith(op, x, y) {
            Ok(n) => Ok(Some(Value::num(n))),
            Err(e @ (ArithError::DivideByZero | ArithError::ModuloByZero)) => {
                Err(self.rt_error(e.to_string().as_bytes()))
            }
            Err(_) => Ok(None),
        }
    }

    unsafe fn arith_meta(&mut self, op: ArithOp, a: Value, b: Value) -> Flow {
        let event = Event::of(op);
        let mut f = self.metamethod(a, event);
        if f.is_nil() {
            f = self.metamethod(b, event);
        }
        if f.is_nil() {
            return Err(self.arith_error(op, a, b, (Some(0), Some(1))));
        }
        self.call_meta(f, &[a, b])
    }

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

    // ---- objects ----

    #[inline(never)]
    pub(crate) unsafe fn new_table_slow(&mut self) -> Flow {
        let (array, record) = (field(self.pc, 2) as usize, field(self.pc, 3) as usize);
        self.safepoint(Table::size_for(array, record));
        let t = self.new_table(array, record)?;
        *reg(self.base, self.pc, 1) = Value::table(t);
        self.done(1)
    }

    #[inline(never)]
    pub(crate) unsafe fn new_cell_slow(&mut self) -> Flow {
        self.safepoint(size_of::<Cell>());
        let cell = self.new_cell(*reg(self.base, self.pc, 2))?;
        *reg(self.base, self.pc, 1) = Value::cell(cell);
        self.done(1)
    }

    #[inline(never)]
    pub(crate) unsafe fn closure_slow(&mut self) -> Flow {
        let count = field(self.pc, 4) as usize;
        self.safepoint(Closure::size_for(count));
        let pc = self.pc;
        let closure: *mut Closure = self.frame().callee().as_ptr();
        let proto: *mut Proto = *(*(*closure).proto)
            .protos
            .wrapping_add(*pc.cast::<u32>().add(1) as usize);
        let new = self.new_closure(proto, count)?;
        let ups = (*new).upvalues_mut();
        for i in 0..count {
            let capture = field(pc, 5 + i) as usize;
            *ups.add(i) = if capture & 1 == 0 {
                (*self.base.byte_add(capture)).as_ptr()
            } else {
                *(*closure).upvalues_mut().byte_add(capture - 1)
            };
        }
        *reg(self.base, pc, 1) = Value::closure(new);
        self.done((10 + 2 * count).div_ceil(8))
    }

    #[inline(never)]
    pub(crate) unsafe fn vararg_table_slow(&mut self) -> Flow {
        let (start, count) = self.frame().varargs();
        self.safepoint(Table::size_for(count, 1));
        let t = self.new_table(count, 1)?;
        if let Err(e) = Table::set_list(t, &mut self.heap, &mut self.shapes, 1, start, count) {
            return Err(self.set_error(e));
        }
        let key = self.new_str(b"n")?;
        if let Err(e) = self.table_set_str(t, key, Value::int(count as i64)) {
            return Err(self.set_error(e));
        }
        *reg(self.base, self.pc, 1) = Value::table(t);
        self.done(1)
    }

    /// The extra argument that a key names.
    #[inline(never)]
    pub(crate) unsafe fn get_vararg_slow(&mut self) -> Flow {
        let (start, count) = self.frame().varargs();
        let key = *reg(self.base, self.pc, 2);
        let number = match key.tag {
            tag::INT => Some(key.as_i64()),
            tag::FLOAT => perilune_lang::float_to_integer(key.as_f64(), perilune_lang::Rounding::Exact),
            _ => None,
        };
        *reg(self.base, self.pc, 1) = match number {
            Some(n) if n > 0 && n as u64 <= count as u64 => *start.add(n as usize - 1),
            None if key.str_bytes() == Some(b"n") => Value::int(count as i64),
            _ => Value::NIL,
        };
        self.done(1)
    }

    /// The table of extra arguments in operand 0, and how many of its elements `...` stands for.
    unsafe fn vararg_elements(&mut self) -> Result<(*mut Table, usize), Raised> {
        let v = *reg(self.base, self.pc, 1);
        if v.is_table() {
            let key = self.new_str(b"n")?;
            let n = Table::get_str(v.as_ptr(), key);
            // The reference's limit.
            if n.tag == tag::INT && n.payload <= i32::MAX as u64 / 2 {
                return Ok((v.as_ptr(), n.payload as usize));
            }
        }
        Err(self.rt_error(b"vararg table has no proper 'n'"))
    }

    #[inline(never)]
    pub(crate) unsafe fn vararg_from_slow(&mut self) -> Flow {
        let (t, present) = self.vararg_elements()?;
        let first = reg(self.base, self.pc, 2);
        for i in 0..field(self.pc, 3) as usize {
            *first.add(i) = if i < present {
                Table::get_int(t, i as i64 + 1)
            } else {
                Value::NIL
            };
        }
        self.done(1)
    }

    /// Leaves the elements open above the frame.
    #[inline(never)]
    pub(crate) unsafe fn vararg_from_open_slow(&mut self) -> Flow {
        let (t, present) = self.vararg_elements()?;
        let mut to = self.frame_end();
        if to.add(present + SPARE_SLOTS) > self.stack_limit {
            let offset = to.byte_offset_from(self.stack_base);
            self.grow_stack(to, present + SPARE_SLOTS)?;
            to = self.stack_base.byte_offset(offset);
        }
        for i in 0..present {
            *to.add(i) = Table::get_int(t, i as i64 + 1);
        }
        self.open_start = to;
        self.open_count = present;
        self.done(1)
    }

    // ---- length and concatenation ----

    #[inline(never)]
    pub(crate) unsafe fn len_slow(&mut self) -> Flow {
        let v = *reg(self.base, self.pc, 2);
        let handler = match v.tag {
            tag::STR => {
                *reg(self.base, self.pc, 1) = Value::int((*v.as_ptr::<Str>()).len as i64);
                return self.done(1);
            }
            tag::TABLE => {
                let t: *mut Table = v.as_ptr();
                let handler = self.meta_field((*t).meta, Event::Len);
                if handler.is_nil() {
                    *reg(self.base, self.pc, 1) = Value::int(i64::from(Table::border(t, self.std)));
                    return self.done(1);
                }
                handler
            }
            _ => self.metamethod(v, Event::Len),
        };
        if handler.is_nil() {
            return Err(self.type_error(v, "get length of", Some(0)));
        }
        self.call_meta(handler, &[v, v])
    }

    #[inline(never)]
    pub(crate) unsafe fn concat_slow(&mut self) -> Flow {
        let pc = self.pc;
        let first = reg(self.base, pc, 2);
        let n = field(pc, 3) as usize;
        let bytes: usize = (0..n)
            .map(|i| (*first.add(i)).str_bytes().map_or(32, <[u8]>::len))
            .sum();
        self.safepoint(bytes + size_of::<Str>());
        if let Some(s) = self.concat_plain(first, n)? {
            *reg(self.base, pc, 1) = Value::str(s);
            return self.done(1);
        }
        let mut work = self.frame_end();
        if work.add(n + SPARE_SLOTS) > self.stack_limit {
            let offset = work.byte_offset_from(self.stack_base);
            self.grow_stack(work, n + SPARE_SLOTS)?;
            work = self.stack_base.byte_offset(offset);
        }
        std::ptr::copy_nonoverlapping(reg(self.base, pc, 2), work, n);
        self.concat_work(n)
    }

    /// Joins `n` values if all are strings or numbers.
    pub(crate) unsafe fn concat_plain(&mut self, first: *const Value, n: usize) -> Result<Option<*mut Str>, Raised> {
        // An upper bound of the length.
        let mut total = 0usize;
        let mut numbers = false;
        for i in 0..n {
            let v = *first.add(i);
            let len = match v.tag {
                tag::STR => (*v.as_ptr::<Str>()).len,
                tag::INT => {
                    numbers = true;
                    LONGEST_INT
                }
                tag::FLOAT => {
                    numbers = true;
                    SHORT_CONCAT + 1
                }
                _ => return Ok(None),
            };
            total = match total.checked_add(len) {
                Some(t) if t < isize::MAX as usize => t,
                _ => return Err(self.rt_error(b"string length overflow")),
            };
        }
        self.note_bytes(total);
        if total <= SHORT_CONCAT {
            let mut text = [0u8; SHORT_CONCAT];
            let mut at = 0;
            for i in 0..n {
                let v = *first.add(i);
                let mut digits = [0; LONGEST_INT];
                let bytes = match v.tag {
                    tag::STR => (*v.as_ptr::<Str>()).bytes(),
                    _ => int_text(v.as_i64(), &mut digits),
                };
                text.get_unchecked_mut(at..at + bytes.len()).copy_from_slice(bytes);
                at += bytes.len();
            }
            return self.new_str(text.get_unchecked(..at)).map(Some);
        }
        if numbers {
            let mut text = std::mem::take(&mut self.buffer);
            text.clear();
            for i in 0..n {
                let v = *first.add(i);
                match v.tag {
                    tag::STR => text.extend_from_slice((*v.as_ptr::<Str>()).bytes()),
                    _ => Vm::number_text(&mut text, v, self.std),
                }
            }
            let made = self.new_str(&text);
            if text.capacity() <= 1 << 16 {
                self.buffer = text;
            }
            return made.map(Some);
        }
        let Ok(s) = Interner::long(&mut self.heap, total) else {
            return Err(self.raise_memory());
        };
        let mut at = (*s).data_mut();
        for i in 0..n {
            let bytes = (*(*first.add(i)).as_ptr::<Str>()).bytes();
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), at, bytes.len());
            at = at.add(bytes.len());
        }
        Ok(Some(s))
    }

    /// Concatenates the `n` values above the frame from the right, calling metamethods where needed; called again
    /// when one of them returns.
    #[inline(never)]
    pub(crate) unsafe fn concat_work(&mut self, mut n: usize) -> Flow {
        let work = self.frame_end();
        let ok = |v: Value| v.is_str() || v.to_num().is_some();
        while n > 1 {
            let (a, b) = (*work.add(n - 2), *work.add(n - 1));
            if !ok(a) || !ok(b) {
                let mut f = self.metamethod(a, Event::Concat);
                if f.is_nil() {
                    f = self.metamethod(b, Event::Concat);
                }
                if f.is_nil() {
                    // Operands are named only while they are the instruction's own.
                    let count = field(self.pc, 3) as usize;
                    let name = |i: usize| Some(i as u16);
                    let right = if n == count { name(n - 1) } else { None };
                    return Err(self.concat_error(a, b, (name(n - 2), right)));
                }
                return self.call_meta_at(work.add(n - 2), f, &[a, b]);
            }
            // As many as can be joined at once.
            let mut m = 2;
            while m < n && ok(*work.add(n - m - 1)) {
                m += 1;
            }
            match self.concat_plain(work.add(n - m), m)? {
                Some(s) => *work.add(n - m) = Value::str(s),
                None => unreachable!("all operands are strings or numbers"),
            }
            n -= m - 1;
        }
        *reg(self.base, self.pc, 1) = *work;
        self.done(1)
    }

    // ---- comparison ----

    /// `a < b` or `a <= b` without metamethods, if both are numbers or strings.
    pub(crate) unsafe fn order_raw(a: Value, b: Value, or_equal: bool) -> Option<bool> {
        match (a.tag, b.tag) {
            (tag::INT, tag::INT) => Some(if or_equal {
                a.as_i64() <= b.as_i64()
            } else {
                a.as_i64() < b.as_i64()
            }),
            (tag::FLOAT, tag::FLOAT) => Some(if or_equal {
                a.as_f64() <= b.as_f64()
            } else {
                a.as_f64() < b.as_f64()
            }),
            (tag::INT, tag::FLOAT) => Some(if or_equal {
                int_le_float(a.as_i64(), b.as_f64())
            } else {
                int_lt_float(a.as_i64(), b.as_f64())
            }),
            (tag::FLOAT, tag::INT) => Some(if or_equal {
                float_le_int(a.as_f64(), b.as_i64())
            } else {
                float_lt_int(a.as_f64(), b.as_i64())
            }),
            (tag::STR, tag::STR) => {
                let (x, y) = ((*a.as_ptr::<Str>()).bytes(), (*b.as_ptr::<Str>()).bytes());
                Some(if or_equal { x <= y } else { x < y })
            }
            _ => None,
        }
    }

    /// An ordering compare-and-branch: `a < b` (or `<=`), jumping when the outcome equals `when`.
    #[inline(never)]
    pub(crate) unsafe fn order_slow(&mut self, a: Value, b: Value, or_equal: bool, when: bool) -> Flow {
        if let Some(outcome) = Vm::order_raw(a, b, or_equal) {
            self.note_comparison(a, b);
            return self.decide(outcome == when);
        }
        match self.order_handler(a, b, or_equal) {
            OrderHandler::Own(f) => self.call_meta(f, &[a, b]),
            OrderHandler::Swapped(f) => self.call_meta_negated(f, &[b, a]),
            OrderHandler::None => Err(self.order_error(a, b)),
        }
    }

    /// What decides an ordering of two values that are not both numbers or both strings.
    pub(crate) unsafe fn order_handler(&mut self, a: Value, b: Value, or_equal: bool) -> OrderHandler {
        let event = if or_equal { Event::Le } else { Event::Lt };
        let f = self.either_metamethod(a, b, event);
        if !f.is_nil() {
            return OrderHandler::Own(f);
        }
        if or_equal && self.std.less_stands_in_for_less_equal() {
            let f = self.either_metamethod(b, a, Event::Lt);
            if !f.is_nil() {
                return OrderHandler::Swapped(f);
            }
        }
        OrderHandler::None
    }

    /// The metamethod of the first value, or else of the second; nil if neither has one.
    unsafe fn either_metamethod(&mut self, a: Value, b: Value, event: Event) -> Value {
        let f = self.metamethod(a, event);
        if f.is_nil() { self.metamethod(b, event) } else { f }
    }

    /// An equality compare-and-branch.
    #[inline(never)]
    pub(crate) unsafe fn equal_slow(&mut self, a: Value, b: Value, when: bool) -> Flow {
        self.note_comparison(a, b);
        if raw_equal(a, b) {
            return self.decide(when);
        }
        if a.tag == b.tag && matches!(a.tag, tag::TABLE | tag::USERDATA) {
            let mut f = self.metamethod(a, Event::Eq);
            if f.is_nil() {
                f = self.metamethod(b, Event::Eq);
            }
            if !f.is_nil() {
                return self.call_meta(f, &[a, b]);
            }
        }
        self.decide(!when)
    }

    /// Ends a compare-and-branch of one word.
    unsafe fn decide(&mut self, taken: bool) -> Flow {
        let offset = if taken { field(self.pc, 3) as i16 as isize } else { 0 };
        self.note_jump(offset);
        self.pc = self.pc.add(1).offset(offset);
        Ok(Go::On)
    }

    // ---- loops ----

    #[inline(never)]
    pub(crate) unsafe fn for_prep_slow(&mut self) -> Flow {
        let pc = self.pc;
        let (index, count, step) = (reg(self.base, pc, 1), reg(self.base, pc, 2), reg(self.base, pc, 3));
        let value = |v: Value| match v.to_num() {
            Some(n) => ForValue::Number(n),
            None => match v.str_bytes().and_then(parse_number) {
                Some(n) => ForValue::Coerced(n),
                None => ForValue::Other,
            },
        };
        let prepared = match prepare_for(value(*index), value(*count), value(*step)) {
            Ok(prepared) => prepared,
            Err(e) => {
                let culprit = match e {
                    perilune_lang::ForError::Limit => *count,
                    perilune_lang::ForError::Step => *step,
                    _ => *index,
                };
                let shown = self.shown_type_name(culprit);
                let text = e.message(&String::from_utf8_lossy(&shown));
                return Err(self.rt_error(text.as_bytes()));
            }
        };
        match prepared {
            ForLoop::Skip => {
                let to = *pc.add(1).cast::<i32>() as isize;
                self.note_jump(to);
                self.pc = pc.add(2).offset(to);
            }
            ForLoop::Int {
                start,
                step: by,
                count: n,
            } => {
                *index = Value::int(start);
                *count = Value::int(n as i64);
                *step = Value::int(by);
                self.pc = pc.add(2);
            }
            ForLoop::Float { start, limit, step: by } => {
                *index = Value::float(start);
                *count = Value::float(limit);
                *step = Value::float(by);
                self.pc = pc.add(2);
            }
        }
        Ok(Go::On)
    }

    // Not inlined: the address of its array would be taken in the shell, which then could not end in a jump.
    #[inline(never)]
    pub(crate) unsafe fn for_call_slow(&mut self) -> Flow {
        let pc = self.pc;
        let (iterator, state, control) = (*reg(self.base, pc, 1), *reg(self.base, pc, 2), *reg(self.base, pc, 3));
        self.call_meta(iterator, &[state, control])
    }

    // ---- calls ----

    /// Moves the open values behind the `fixed` arguments of the window; the number of all arguments.
    pub(crate) unsafe fn gather_open(
        &mut self,
        window: *mut Value,
        fixed: usize,
    ) -> Result<(*mut Value, usize), Raised> {
        let count = self.open_count;
        let mut window = window;
        if window.add(fixed + count + SPARE_SLOTS) > self.stack_limit {
            let offset = window.byte_offset_from(self.stack_base);
            self.grow_stack(window, fixed + count + SPARE_SLOTS)?;
            window = self.stack_base.byte_offset(offset);
        }
        std::ptr::copy(self.open_start, window.add(2 + fixed), count);
        Ok((window, fixed + count))
    }

    #[inline(never)]
    pub(crate) unsafe fn call_slow(&mut self, kind: crate::frame::FrameKind, open: bool) -> Flow {
        let pc = self.pc;
        let mut window = reg(self.base, pc, 1);
        let mut nargs = field(pc, 2) as usize;
        if open {
            (window, nargs) = self.gather_open(window, nargs)?;
            let answer = self.shortcut_unwatched(window, nargs);
            if answer != Answer::DECLINED {
                return self.take_answer(kind, window, answer);
            }
        }
        self.precall(window, nargs, kind, self.base, pc.add(1), self.k)
    }

    /// As [`Vm::shortcut`], but for a hook, which sees every call.
    unsafe fn shortcut_unwatched(&mut self, window: *mut Value, nargs: usize) -> Answer {
        if self.hook_mask != 0 {
            return Answer::DECLINED;
        }
        Vm::shortcut(self, window, nargs)
    }

    #[inline(never)]
    pub(crate) unsafe fn tail_call_slow(&mut self, open: bool) -> Flow {
        let pc = self.pc;
        let mut window = reg(self.base, pc, 1);
        let mut nargs = field(pc, 2) as usize;
        if open {
            (window, nargs) = self.gather_open(window, nargs)?;
            let answer = self.shortcut_unwatched(window, nargs);
            if answer != Answer::DECLINED {
                return self.take_answer(crate::frame::FrameKind::TailNative, window, answer);
            }
        }
        self.tail_call(window, nargs)
    }

    #[inline(never)]
    pub(crate) unsafe fn return_slow(&mut self, first: *mut Value, count: usize) -> Flow {
        self.refund_frame(self.frame(), self.pc);
        self.do_return(first, count)
    }

    /// `return_open`: the fixed values and then the open ones.
    #[inline(never)]
    pub(crate) unsafe fn return_open_slow(&mut self) -> Flow {
        let pc = self.pc;
        self.refund_frame(self.frame(), pc);
        let first = reg(self.base, pc, 1);
        let fixed = field(pc, 2) as usize;
        if fixed == 0 {
            let (start, count) = (self.open_start, self.open_count);
            return self.do_return(start, count);
        }
        let count = self.open_count;
        // Joined below the open values where there is room, else above the frame.
        let mut to = self.frame_end();
        let offset = to.byte_offset_from(self.stack_base);
        let first_offset = first.byte_offset_from(self.stack_base);
        if to.add(fixed + count + SPARE_SLOTS) > self.stack_limit {
            self.grow_stack(to, fixed + count + SPARE_SLOTS)?;
            to = self.stack_base.byte_offset(offset);
        }
        std::ptr::copy(self.open_start, to.add(fixed), count);
        std::ptr::copy(self.stack_base.byte_offset(first_offset), to, fixed);
        self.do_return(to, fixed + count)
    }

    #[inline(never)]
    pub(crate) unsafe fn vararg_copy(&mut self) -> Flow {
        let (start, count) = self.frame().varargs();
        let wanted = field(self.pc, 2) as usize;
        crate::call::store_results(reg(self.base, self.pc, 1), wanted, start, count);
        self.done(1)
    }

    #[inline(never)]
    pub(crate) unsafe fn tbc_slow(&mut self) -> Flow {
        let slot = reg(self.base, self.pc, 1);
        let name = match self.operand_name(self.frame(), self.pc, 0) {
            Some((_, name)) => name,
            None => b"(temporary)".to_vec(),
        };
        self.mark_tbc(slot, &name)?;
        self.done(1)
    }

    #[inline(never)]
    pub(crate) unsafe fn check_global_slow(&mut self) -> Flow {
        let index = *self.pc.cast::<u32>().add(1) as usize;
        let name = *self.k.add(index);
        let text = name.str_bytes().unwrap_or(b"?");
        Err(self.rt_error(&message!(b"global '", text, b"' already defined")))
    }
}

/// The number that an operand of arithmetic stands for. Strings that are numbers are the string library's business.
unsafe fn arith_operand(op: ArithOp, v: Value) -> Option<Num> {
    match v.to_num() {
        Some(n) if op.is_bitwise() => to_integer(n).map(Num::Int),
        Some(n) => Some(n),
        None => None,
    }
}
