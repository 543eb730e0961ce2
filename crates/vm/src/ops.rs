//! The handlers: one function per row of the instruction table, and their shared slow-path shells.
//! This file has what all share, and moves, cells, unary operators and scopes; the rest is in the modules below.
//!
//! A fast path is loads, tests, stores and a jump: no call, no panic, no local whose address is taken, no value
//! with drop glue. What needs any of those is a shell: a cold function of the same signature, tail-called,
//! which saves the state, calls into `slow`, and goes on where that says.

use crate::call::{OPEN, field, reg};
use crate::dispatch::{Dispatch, Handler, table_of};
use crate::frame::{FrameKind, HEADER_SLOTS, RegisterFrame, offset};
use crate::load::FAR;
use crate::object::{ARITY_VARARG, Cell, Closure, Str};
use crate::shortcut::Answer;
use crate::table::{MAX_INLINE, Table, flag};
use crate::value::{Value, int_equals_float, tag};
use crate::vm::{Flow, Go, Vm};
use perilune_bytecode::Opcode;
use perilune_gc::raw::GC_BARRIER;
use perilune_lang::{ArithOp, float_floor_div, float_modulo, float_pow, shift_left, shift_right};

/// Declares handlers with the ABI of [`crate::dispatch::RawHandler`].
macro_rules! handlers {
    ($($(#[$meta:meta])* fn $name:ident($vm:ident, $pc:ident, $base:ident, $k:ident, $t:ident) $body:block)*) => { $(
        #[cfg(target_arch = "x86_64")]
        $(#[$meta])*
        #[allow(unused_variables, clippy::missing_safety_doc)]
        pub unsafe extern "sysv64" fn $name<D: Dispatch>($vm: *mut Vm, $pc: *const u64, $base: *mut Value, $k: *const Value, $t: *const Handler) $body
        #[cfg(not(target_arch = "x86_64"))]
        $(#[$meta])*
        #[allow(unused_variables, clippy::missing_safety_doc)]
        pub unsafe extern "C" fn $name<D: Dispatch>($vm: *mut Vm, $pc: *const u64, $base: *mut Value, $k: *const Value, $t: *const Handler) $body
    )* };
}

/// Declares shells: cold functions that save the state and run `$slow` on the VM.
macro_rules! shells {
    ($($name:ident => |$vm:ident, $pc:ident, $base:ident, $k:ident| $slow:expr;)*) => { handlers! { $(
        #[cold]
        #[inline(never)]
        fn $name(raw_vm, pc, base, k, t) {
            (*raw_vm).pc = pc;
            (*raw_vm).base = base;
            (*raw_vm).k = k;
            let flow: Flow = {
                let ($vm, $pc, $base, $k) = (&mut *raw_vm, pc, base, k);
                $slow
            };
            resume::<D>(raw_vm, flow)
        }
    )* } };
}

/// Goes on where a slow path says.
#[inline(always)]
unsafe fn resume<D: Dispatch>(vm: *mut Vm, flow: Flow) {
    let go = match flow {
        Ok(go) => go,
        Err(raised) => (*vm).unwind(raised),
    };
    if go == Go::On {
        D::next(vm, (*vm).pc, (*vm).base, (*vm).k, table_of(vm))
    }
}

#[inline(always)]
unsafe fn konst(k: *const Value, pc: *const u64, i: usize) -> *const Value {
    k.byte_add(field(pc, i) as usize)
}

#[inline(always)]
unsafe fn imm(pc: *const u64, i: usize) -> i64 {
    i64::from(field(pc, i) as i16)
}

/// Copies a value as two scalars.
#[inline(always)]
unsafe fn copy(to: *mut Value, from: *const Value) {
    let (payload, tag) = ((*from).payload, (*from).tag);
    (*to).payload = payload;
    (*to).tag = tag;
}

#[inline(always)]
unsafe fn put_int(to: *mut Value, i: i64) {
    (*to).payload = i as u64;
    (*to).tag = tag::INT;
}

#[inline(always)]
unsafe fn put_float(to: *mut Value, f: f64) {
    (*to).payload = f.to_bits();
    (*to).tag = tag::FLOAT;
}

#[inline(always)]
unsafe fn upvalue(base: *mut Value, pc: *const u64, i: usize) -> *mut Cell {
    let closure = *base.cast::<u8>().offset(offset::CALLEE).cast::<*mut Closure>();
    *(*closure).upvalues_mut().byte_add(field(pc, i) as usize)
}

/// Whether a table value has the shape in the cache word behind the instruction.
#[inline(always)]
unsafe fn cached_shape(t: *const Table, pc: *const u64) -> bool {
    (*t).header.word == *pc.add(1).cast::<u32>()
}

/// The slot that the cache word names, in a table.
#[inline(always)]
unsafe fn cached_slot(t: *const Table, pc: *const u64) -> *mut Value {
    (*t).slots.byte_add(*pc.add(1).cast::<u32>().add(1) as usize)
}

/// Whether a tag is all of a value: a store over another element need not fetch the line of the payload.
#[inline(always)]
const fn is_boolean(tag: u8) -> bool {
    tag == tag::FALSE || tag == tag::TRUE
}

/// Whether both are floats. Reads the tags again: kept from the test for integers, they would need a register
/// that has to be saved first.
#[inline(always)]
unsafe fn both_floats(a: *const Value, b: *const Value) -> bool {
    (&raw const (*a).tag).read_volatile() == tag::FLOAT && (&raw const (*b).tag).read_volatile() == tag::FLOAT
}

macro_rules! next {
    ($vm:ident, $pc:ident, $base:ident, $k:ident, $t:ident, $words:expr) => {
        return D::next($vm, $pc.add($words), $base, $k, $t)
    };
}
macro_rules! jump_if {
    ($taken:expr, $vm:ident, $pc:ident, $base:ident, $k:ident, $t:ident) => {{
        if $taken {
            let to = field($pc, 3) as i16 as isize;
            go_by!(to, $vm, $pc.add(1), $base, $k, $t)
        }
        return D::next($vm, $pc.add(1), $base, $k, $t);
    }};
}
/// Jumps by so many words from a place of the code.
macro_rules! go_by {
    ($words:expr, $vm:ident, $from:expr, $base:ident, $k:ident, $t:ident) => {{
        let words: isize = $words;
        let to = $from.offset(words);
        if D::METERED && pay(&mut (*$vm).fuel, words as i64) {
            return out_of_fuel::<D>($vm, to, $base, $k, $t);
        }
        return D::next($vm, to, $base, $k, table_of($vm));
    }};
}

/// Adds to the account of fuel; whether it is below zero.
#[inline(always)]
fn pay(fuel: &mut i64, words: i64) -> bool {
    *fuel = fuel.wrapping_add(words);
    *fuel < 0
}

/// What stands behind a `return_0` or `return_1`, which the loader wrote where these have no field.
#[inline(always)]
unsafe fn behind_return(pc: *const u64) -> i64 {
    i64::from(*pc.cast::<u32>().add(1))
}

/// The same of an instruction with less room, which does not say it where the code is very long: then its slow path asks.
#[inline(always)]
unsafe fn says_behind(pc: *const u64) -> bool {
    field(pc, 3) != FAR
}

mod access;
mod arith;
mod branch;
mod call;
mod linked;
mod pair;
mod shell;

pub use access::*;
pub use arith::*;
pub use branch::*;
pub use call::*;
pub use linked::*;
pub use pair::*;
pub use shell::*;

handlers! {
    fn poll(vm, pc, base, k, t) { poll_slow::<D>(vm, pc, base, k, t) }
    #[cold]
    #[inline(never)]
    fn trace(vm, pc, base, k, t) {
        (*vm).pc = pc;
        (*vm).base = base;
        (*vm).k = k;
        match (*vm).trace_step() {
            Ok(None) => {
                let (pc, base, k) = ((*vm).pc, (*vm).base, (*vm).k);
                let op = *pc.cast::<u16>() as usize;
                ((*D::HOOKED.as_ptr().add(op)).0)(vm, pc, base, k, table_of(vm))
            }
            Ok(Some(go)) => resume::<D>(vm, Ok(go)),
            Err(raised) => resume::<D>(vm, Err(raised)),
        }
    }
    #[cold]
    #[inline(never)]
    fn step(vm, pc, base, k, t) {
        (*vm).pc = pc;
        (*vm).base = base;
        (*vm).k = k;
        match (*vm).fuel_step() {
            Ok(()) => {
                let inner = (*vm).inner_table();
                let (pc, base, k) = ((*vm).pc, (*vm).base, (*vm).k);
                // The second instruction of a pair is counted for itself.
                let op = crate::pairs::opcode_at(pc) as usize;
                ((*inner.add(op)).0)(vm, pc, base, k, table_of(vm))
            }
            Err(raised) => resume::<D>(vm, Err(raised)),
        }
    }
    fn count(vm, pc, base, k, t) {
        crate::profile::note(vm, pc, base);
        // Without a limit, its account means nothing.
        (D::FUEL[crate::pairs::opcode_at(pc) as usize].0)(vm, pc, base, k, t)
    }

    // ---- moves and loads ----
    fn move_(vm, pc, base, k, t) {
        copy(reg(base, pc, 1), reg(base, pc, 2));
        next!(vm, pc, base, k, t, 1)
    }
    fn load_int(vm, pc, base, k, t) {
        put_int(reg(base, pc, 1), imm(pc, 2));
        next!(vm, pc, base, k, t, 1)
    }
    fn load_float(vm, pc, base, k, t) {
        put_float(reg(base, pc, 1), imm(pc, 2) as f64);
        next!(vm, pc, base, k, t, 1)
    }
    fn load_k(vm, pc, base, k, t) {
        copy(reg(base, pc, 1), konst(k, pc, 2));
        next!(vm, pc, base, k, t, 1)
    }
    fn load_kx(vm, pc, base, k, t) {
        copy(reg(base, pc, 1), k.add(*pc.cast::<u32>().add(1) as usize));
        next!(vm, pc, base, k, t, 1)
    }
    fn load_nil(vm, pc, base, k, t) {
        (*reg(base, pc, 1)).tag = tag::NIL;
        next!(vm, pc, base, k, t, 1)
    }
    fn load_nils(vm, pc, base, k, t) {
        let first = reg(base, pc, 1);
        let mut i = 0;
        while i < field(pc, 2) as usize {
            (*first.add(i)).tag = tag::NIL;
            i += 1;
        }
        next!(vm, pc, base, k, t, 1)
    }
    fn load_false(vm, pc, base, k, t) {
        (*reg(base, pc, 1)).tag = tag::FALSE;
        next!(vm, pc, base, k, t, 1)
    }
    fn load_true(vm, pc, base, k, t) {
        (*reg(base, pc, 1)).tag = tag::TRUE;
        next!(vm, pc, base, k, t, 1)
    }
    fn spill(vm, pc, base, k, t) {
        copy(base.add(field(pc, 1) as usize), reg(base, pc, 2));
        next!(vm, pc, base, k, t, 1)
    }
    fn reload(vm, pc, base, k, t) {
        copy(reg(base, pc, 1), base.add(field(pc, 2) as usize));
        next!(vm, pc, base, k, t, 1)
    }

    // ---- upvalues and cells ----
    fn get_upvalue(vm, pc, base, k, t) {
        copy(reg(base, pc, 1), &raw const (*upvalue(base, pc, 2)).value);
        next!(vm, pc, base, k, t, 1)
    }
    fn set_upvalue(vm, pc, base, k, t) {
        let cell = upvalue(base, pc, 1);
        if (*cell).header.gc & GC_BARRIER != 0 {
            return set_upvalue_slow::<D>(vm, pc, base, k, t);
        }
        copy(&raw mut (*cell).value, reg(base, pc, 2));
        next!(vm, pc, base, k, t, 1)
    }
    fn new_cell(vm, pc, base, k, t) {
        if !(*vm).heap.should_collect()
            && let Some(p) = (*vm).heap.alloc_fast(crate::object::kind::CELL, size_of::<Cell>())
        {
            let cell = p.as_ptr().cast::<Cell>();
            copy(&raw mut (*cell).value, reg(base, pc, 2));
            let dst = reg(base, pc, 1);
            (*dst).payload = cell as u64;
            (*dst).tag = tag::CELL;
            next!(vm, pc, base, k, t, 1)
        }
        new_cell_slow::<D>(vm, pc, base, k, t)
    }
    fn get_cell(vm, pc, base, k, t) {
        let cell: *mut Cell = (*reg(base, pc, 2)).as_ptr();
        copy(reg(base, pc, 1), &raw const (*cell).value);
        next!(vm, pc, base, k, t, 1)
    }
    fn set_cell(vm, pc, base, k, t) {
        let cell: *mut Cell = (*reg(base, pc, 1)).as_ptr();
        if (*cell).header.gc & GC_BARRIER != 0 {
            return set_cell_slow::<D>(vm, pc, base, k, t);
        }
        copy(&raw mut (*cell).value, reg(base, pc, 2));
        next!(vm, pc, base, k, t, 1)
    }
    fn closure(vm, pc, base, k, t) {
        let count = field(pc, 4) as usize;
        if !(*vm).heap.should_collect()
            && let Some(p) = (*vm).heap.alloc_fast(crate::object::kind::CLOSURE, Closure::size_for(count))
        {
            let new = p.as_ptr().cast::<Closure>();
            let closure: *mut Closure = RegisterFrame(base).callee().as_ptr();
            (*new).header.aux = count as u16;
            (*new).proto = *(*(*closure).proto).protos.wrapping_add(*pc.cast::<u32>().add(1) as usize);
            let from = (*closure).upvalues_mut();
            let ups = (*new).upvalues_mut();
            for i in 0..count {
                let capture = field(pc, 5 + i) as usize;
                *ups.add(i) = if capture & 1 == 0 {
                    (*base.byte_add(capture)).as_ptr()
                } else {
                    *from.byte_add(capture - 1)
                };
            }
            let dst = reg(base, pc, 1);
            (*dst).payload = new as u64;
            (*dst).tag = tag::CLOSURE;
            let words = (10 + 2 * count).div_ceil(8);
            next!(vm, pc, base, k, t, words)
        }
        closure_slow::<D>(vm, pc, base, k, t)
    }

    // ---- unary ----
    fn unm(vm, pc, base, k, t) {
        let v = reg(base, pc, 2);
        match (*v).tag {
            tag::INT => put_int(reg(base, pc, 1), (*v).as_i64().wrapping_neg()),
            tag::FLOAT => put_float(reg(base, pc, 1), -(*v).as_f64()),
            _ => return unm_slow::<D>(vm, pc, base, k, t),
        }
        next!(vm, pc, base, k, t, 1)
    }
    fn bnot(vm, pc, base, k, t) {
        let v = reg(base, pc, 2);
        if (*v).tag != tag::INT {
            return bnot_slow::<D>(vm, pc, base, k, t);
        }
        put_int(reg(base, pc, 1), !(*v).as_i64());
        next!(vm, pc, base, k, t, 1)
    }
    fn not_(vm, pc, base, k, t) {
        let truth = (*reg(base, pc, 2)).truthy();
        (*reg(base, pc, 1)).tag = tag::TRUE - u8::from(truth);
        next!(vm, pc, base, k, t, 1)
    }
    fn len(vm, pc, base, k, t) {
        let v = reg(base, pc, 2);
        if (*v).tag == tag::TABLE {
            let table: *mut Table = (*v).as_ptr();
            if (*table).header.aux & flag::LENGTH_ASKS == 0 {
                put_int(reg(base, pc, 1), i64::from((*table).len));
                next!(vm, pc, base, k, t, 1)
            }
        } else if (*v).tag == tag::STR {
            let n = (*(*v).as_ptr::<Str>()).len;
            put_int(reg(base, pc, 1), n as i64);
            next!(vm, pc, base, k, t, 1)
        }
        len_mid::<D>(vm, pc, base, k, t)
    }
    fn concat(vm, pc, base, k, t) { concat_slow::<D>(vm, pc, base, k, t) }

    // ---- scopes ----
    fn tbc(vm, pc, base, k, t) { tbc_slow::<D>(vm, pc, base, k, t) }
    fn close(vm, pc, base, k, t) { close_slow::<D>(vm, pc, base, k, t) }
    fn check_global(vm, pc, base, k, t) {
        if (*reg(base, pc, 1)).tag == tag::NIL {
            next!(vm, pc, base, k, t, 1)
        }
        check_global_slow::<D>(vm, pc, base, k, t)
    }
}
