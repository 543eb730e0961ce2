//! Lengths and concatenation.

use super::{LONGEST_INT, SHORT_CONCAT};
use crate::call::{field, reg};
use crate::interner::Interner;
use crate::meta::Event;
use crate::object::Str;
use crate::table::Table;
use crate::value::{Value, tag};
use crate::vm::{Flow, Raised, SPARE_SLOTS, Vm};
use perilune_lang::int_text;

impl Vm {
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
        // Numbers are joined in a buffer first.
        let copies = 1 + usize::from((0..n).any(|i| !(*first.add(i)).is_str()));
        self.safepoint(copies * bytes + size_of::<Str>());
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
            if self.heap.memory.charge(total).is_err() {
                return Err(self.raise_memory());
            }
            for i in 0..n {
                let v = *first.add(i);
                match v.tag {
                    tag::STR => text.extend_from_slice((*v.as_ptr::<Str>()).bytes()),
                    _ => Vm::number_text(&mut text, v, self.std),
                }
            }
            let made = self.new_str(&text);
            self.heap.memory.release(total);
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
}
