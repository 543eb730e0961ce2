//! The slow paths of instructions: coercions, metamethods, growth, errors, and the filling of inline caches.
//!
//! All run with the VM's state saved, and say by their [`Flow`] how to go on.

use crate::call::{field, reg};
use crate::error::message;
use crate::meta::Event;
use crate::object::Str;
use crate::string::MAX_INTERNED;
use crate::value::{Value, raw_equal, tag};
use crate::vm::{Flow, Go, Raised, Vm};
use perilune_lang::{
    ArithError, ArithOp, ForLoop, ForValue, Num, arith, float_le_int, float_lt_int, int_le_float, int_lt_float,
    parse_number, prepare_for, to_integer,
};

mod access;
mod call;
mod concat;
mod make;

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
