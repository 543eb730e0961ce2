//! Instructions that make objects.

use crate::call::{field, reg};
use crate::object::{Cell, Closure, Proto};
use crate::table::Table;
use crate::value::{Value, tag};
use crate::vm::{Flow, Raised, SPARE_SLOTS, Vm};

impl Vm {
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
}
