//! The handlers: one function per row of the instruction table, and their shared slow-path shells.
//! The one file of all fast paths, so that they can be read against each other and their assembly.
//!
//! A fast path is loads, tests, stores and a jump: no call, no panic, no local whose address is taken, no value
//! with drop glue. What needs any of those is a shell: a cold function of the same signature, tail-called,
//! which saves the state, calls into `slow`, and goes on where that says.

use crate::call::{field, reg};
use crate::dispatch::{Dispatch, Handler};
use crate::frame::{FrameKind, HEADER_SLOTS, RegisterFrame, offset};
use crate::object::{ARITY_VARARG, Cell, Closure, Str};
use crate::table::{Table, flag};
use crate::value::{Value, int_equals_float, tag};
use crate::vm::{Flow, Go, Vm};
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
        D::next(vm, (*vm).pc, (*vm).base, (*vm).k, (*vm).table)
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
            return D::next($vm, $pc.add(1).offset(to), $base, $k, (*$vm).table);
        }
        return D::next($vm, $pc.add(1), $base, $k, $t);
    }};
}

handlers! {
    fn poll(vm, pc, base, k, t) { poll_slow::<D>(vm, pc, base, k, t) }

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
    fn closure(vm, pc, base, k, t) { closure_slow::<D>(vm, pc, base, k, t) }

    // ---- tables ----
    fn new_table(vm, pc, base, k, t) { new_table_slow::<D>(vm, pc, base, k, t) }
    fn get_index(vm, pc, base, k, t) {
        let (object, key) = (reg(base, pc, 2), reg(base, pc, 3));
        if (*object).tag == tag::TABLE && (*key).tag == tag::INT {
            let table: *mut Table = (*object).as_ptr();
            let i = (*key).payload;
            if i.wrapping_sub(1) < u64::from((*table).len) {
                let a = (*table).array;
                let tag = *a.add(i as usize - 1);
                if tag != tag::NIL {
                    let dst = reg(base, pc, 1);
                    (*dst).payload = *a.cast::<u64>().sub(i as usize);
                    (*dst).tag = tag;
                    next!(vm, pc, base, k, t, 1)
                }
            }
        }
        get_index_mid::<D>(vm, pc, base, k, t)
    }
    fn get_int(vm, pc, base, k, t) {
        let object = reg(base, pc, 2);
        if (*object).tag == tag::TABLE {
            let table: *mut Table = (*object).as_ptr();
            let i = imm(pc, 3) as u64;
            if i.wrapping_sub(1) < u64::from((*table).len) {
                let a = (*table).array;
                let tag = *a.add(i as usize - 1);
                if tag != tag::NIL {
                    let dst = reg(base, pc, 1);
                    (*dst).payload = *a.cast::<u64>().sub(i as usize);
                    (*dst).tag = tag;
                    next!(vm, pc, base, k, t, 1)
                }
            }
        }
        get_int_slow::<D>(vm, pc, base, k, t)
    }
    fn get_field(vm, pc, base, k, t) {
        let object = reg(base, pc, 2);
        if (*object).tag == tag::TABLE {
            let table: *mut Table = (*object).as_ptr();
            if cached_shape(table, pc) {
                let slot = cached_slot(table, pc);
                let tag = (*slot).tag;
                if tag != tag::NIL {
                    let dst = reg(base, pc, 1);
                    (*dst).payload = (*slot).payload;
                    (*dst).tag = tag;
                    next!(vm, pc, base, k, t, 3)
                }
            }
        }
        get_field_mid::<D>(vm, pc, base, k, t)
    }
    fn get_field_proto(vm, pc, base, k, t) {
        let object = reg(base, pc, 2);
        if (*object).tag == tag::TABLE && cached_shape((*object).as_ptr(), pc) {
            let holder = *pc.add(2) as *const Table;
            let slot = cached_slot(holder, pc);
            let tag = (*slot).tag;
            if tag != tag::NIL {
                let dst = reg(base, pc, 1);
                (*dst).payload = (*slot).payload;
                (*dst).tag = tag;
                next!(vm, pc, base, k, t, 3)
            }
        }
        get_field_mid::<D>(vm, pc, base, k, t)
    }
    fn set_index(vm, pc, base, k, t) {
        let (object, key, value) = (reg(base, pc, 1), reg(base, pc, 2), reg(base, pc, 3));
        if (*object).tag == tag::TABLE && (*key).tag == tag::INT {
            let table: *mut Table = (*object).as_ptr();
            let at = (*key).payload.wrapping_sub(1);
            if (*table).header.gc & GC_BARRIER == 0 && at < u64::from((*table).len) {
                let a = (*table).array;
                let tag = (*value).tag;
                if *a.add(at as usize) != tag::NIL && tag != tag::NIL {
                    *a.cast::<u64>().sub(at as usize).sub(1) = (*value).payload;
                    *a.add(at as usize) = tag;
                    next!(vm, pc, base, k, t, 1)
                }
            }
        }
        set_index_mid::<D>(vm, pc, base, k, t)
    }
    fn set_index_k(vm, pc, base, k, t) {
        let (object, key, value) = (reg(base, pc, 1), reg(base, pc, 2), konst(k, pc, 3));
        if (*object).tag == tag::TABLE && (*key).tag == tag::INT {
            let table: *mut Table = (*object).as_ptr();
            let at = (*key).payload.wrapping_sub(1);
            if (*table).header.gc & GC_BARRIER == 0 && at < u64::from((*table).len) {
                let a = (*table).array;
                let tag = (*value).tag;
                if *a.add(at as usize) != tag::NIL && tag != tag::NIL {
                    *a.cast::<u64>().sub(at as usize).sub(1) = (*value).payload;
                    *a.add(at as usize) = tag;
                    next!(vm, pc, base, k, t, 1)
                }
            }
        }
        set_index_k_mid::<D>(vm, pc, base, k, t)
    }
    fn set_int(vm, pc, base, k, t) {
        let (object, value) = (reg(base, pc, 1), reg(base, pc, 3));
        if (*object).tag == tag::TABLE {
            let table: *mut Table = (*object).as_ptr();
            let i = imm(pc, 2) as u64;
            let tag = (*value).tag;
            if (*table).header.gc & GC_BARRIER == 0 && tag != tag::NIL && i.wrapping_sub(1) < u64::from((*table).len) {
                let a = (*table).array;
                if *a.add(i as usize - 1) != tag::NIL {
                    *a.cast::<u64>().sub(i as usize) = (*value).payload;
                    *a.add(i as usize - 1) = tag;
                    next!(vm, pc, base, k, t, 1)
                }
            }
        }
        set_int_slow::<D>(vm, pc, base, k, t)
    }
    fn set_int_k(vm, pc, base, k, t) { set_int_k_slow::<D>(vm, pc, base, k, t) }
    fn set_field(vm, pc, base, k, t) {
        let object = reg(base, pc, 1);
        if (*object).tag == tag::TABLE {
            let table: *mut Table = (*object).as_ptr();
            if cached_shape(table, pc) && (*table).header.gc & GC_BARRIER == 0 {
                copy(cached_slot(table, pc), reg(base, pc, 3));
                next!(vm, pc, base, k, t, 3)
            }
        }
        set_field_mid::<D>(vm, pc, base, k, t)
    }
    fn set_field_k(vm, pc, base, k, t) {
        let object = reg(base, pc, 1);
        if (*object).tag == tag::TABLE {
            let table: *mut Table = (*object).as_ptr();
            if cached_shape(table, pc) && (*table).header.gc & GC_BARRIER == 0 {
                copy(cached_slot(table, pc), konst(k, pc, 3));
                next!(vm, pc, base, k, t, 3)
            }
        }
        set_field_k_mid::<D>(vm, pc, base, k, t)
    }
    fn set_field_add(vm, pc, base, k, t) {
        let (object, value) = (reg(base, pc, 1), reg(base, pc, 3));
        if (*object).tag == tag::TABLE {
            let table: *mut Table = (*object).as_ptr();
            let at = *pc.add(1).cast::<u32>().add(1);
            if cached_shape(table, pc)
                && (*table).header.gc & GC_BARRIER == 0
                && (*table).header.aux & flag::WATCHED == 0
                && at < (*table).slot_room() * 16
                && (*value).tag != tag::NIL
            {
                let shape = *pc.add(2) as *mut crate::shape::Shape;
                copy((*table).slots.byte_add(at as usize), value);
                (*table).shape = shape;
                (*table).header.word = (*shape).header.word;
                next!(vm, pc, base, k, t, 3)
            }
        }
        set_field_mid::<D>(vm, pc, base, k, t)
    }
    fn get_global(vm, pc, base, k, t) {
        let env = upvalue(base, pc, 2);
        if (*env).value.tag == tag::TABLE {
            let table: *mut Table = (*env).value.as_ptr();
            if cached_shape(table, pc) {
                let slot = cached_slot(table, pc);
                let tag = (*slot).tag;
                if tag != tag::NIL {
                    let dst = reg(base, pc, 1);
                    (*dst).payload = (*slot).payload;
                    (*dst).tag = tag;
                    next!(vm, pc, base, k, t, 3)
                }
            }
        }
        get_global_slow::<D>(vm, pc, base, k, t)
    }
    fn set_global(vm, pc, base, k, t) {
        let env = upvalue(base, pc, 1);
        if (*env).value.tag == tag::TABLE {
            let table: *mut Table = (*env).value.as_ptr();
            if cached_shape(table, pc) && (*table).header.gc & GC_BARRIER == 0 {
                copy(cached_slot(table, pc), reg(base, pc, 3));
                next!(vm, pc, base, k, t, 3)
            }
        }
        set_global_slow::<D>(vm, pc, base, k, t)
    }
    fn set_global_k(vm, pc, base, k, t) {
        let env = upvalue(base, pc, 1);
        if (*env).value.tag == tag::TABLE {
            let table: *mut Table = (*env).value.as_ptr();
            if cached_shape(table, pc) && (*table).header.gc & GC_BARRIER == 0 {
                copy(cached_slot(table, pc), konst(k, pc, 3));
                next!(vm, pc, base, k, t, 3)
            }
        }
        set_global_k_slow::<D>(vm, pc, base, k, t)
    }
    fn self_field(vm, pc, base, k, t) {
        let object = reg(base, pc, 2);
        if (*object).tag == tag::TABLE {
            let table: *mut Table = (*object).as_ptr();
            if cached_shape(table, pc) {
                let slot = cached_slot(table, pc);
                let tag = (*slot).tag;
                if tag != tag::NIL {
                    let window = reg(base, pc, 1);
                    (*window.add(2)).payload = table as u64;
                    (*window.add(2)).tag = tag::TABLE;
                    (*window).payload = (*slot).payload;
                    (*window).tag = tag;
                    next!(vm, pc, base, k, t, 3)
                }
            }
        }
        self_field_mid::<D>(vm, pc, base, k, t)
    }
    fn self_field_proto(vm, pc, base, k, t) {
        let object = reg(base, pc, 2);
        if (*object).tag == tag::TABLE {
            let table: *mut Table = (*object).as_ptr();
            if cached_shape(table, pc) {
                let holder = *pc.add(2) as *const Table;
                let slot = cached_slot(holder, pc);
                let tag = (*slot).tag;
                if tag != tag::NIL {
                    let window = reg(base, pc, 1);
                    (*window.add(2)).payload = table as u64;
                    (*window.add(2)).tag = tag::TABLE;
                    (*window).payload = (*slot).payload;
                    (*window).tag = tag;
                    next!(vm, pc, base, k, t, 3)
                }
            }
        }
        self_field_mid::<D>(vm, pc, base, k, t)
    }
    fn set_list(vm, pc, base, k, t) { set_list_slow::<D>(vm, pc, base, k, t) }
    fn set_list_open(vm, pc, base, k, t) { set_list_open_slow::<D>(vm, pc, base, k, t) }

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
            if (*table).meta.is_null() {
                put_int(reg(base, pc, 1), i64::from((*table).len));
                next!(vm, pc, base, k, t, 1)
            }
        } else if (*v).tag == tag::STR {
            let n = (*(*v).as_ptr::<Str>()).len;
            put_int(reg(base, pc, 1), n as i64);
            next!(vm, pc, base, k, t, 1)
        }
        len_slow::<D>(vm, pc, base, k, t)
    }
    fn concat(vm, pc, base, k, t) { concat_slow::<D>(vm, pc, base, k, t) }

    // ---- jumps ----
    fn jump(vm, pc, base, k, t) {
        let to = *pc.cast::<i32>().add(1);
        return D::next(vm, pc.add(1).offset(to as isize), base, k, (*vm).table);
    }
    fn jump_if(vm, pc, base, k, t) {
        if (*reg(base, pc, 1)).truthy() {
            let to = *pc.cast::<i32>().add(1);
            return D::next(vm, pc.add(1).offset(to as isize), base, k, (*vm).table);
        }
        next!(vm, pc, base, k, t, 1)
    }
    fn jump_if_not(vm, pc, base, k, t) {
        if !(*reg(base, pc, 1)).truthy() {
            let to = *pc.cast::<i32>().add(1);
            return D::next(vm, pc.add(1).offset(to as isize), base, k, (*vm).table);
        }
        next!(vm, pc, base, k, t, 1)
    }
    fn jump_nil(vm, pc, base, k, t) {
        if (*reg(base, pc, 1)).tag == tag::NIL {
            let to = *pc.cast::<i32>().add(1);
            return D::next(vm, pc.add(1).offset(to as isize), base, k, (*vm).table);
        }
        next!(vm, pc, base, k, t, 1)
    }
    fn jump_not_nil(vm, pc, base, k, t) {
        if (*reg(base, pc, 1)).tag != tag::NIL {
            let to = *pc.cast::<i32>().add(1);
            return D::next(vm, pc.add(1).offset(to as isize), base, k, (*vm).table);
        }
        next!(vm, pc, base, k, t, 1)
    }
    fn jump_eq(vm, pc, base, k, t) {
        let (a, b) = (reg(base, pc, 1), reg(base, pc, 2));
        if (*a).tag == (*b).tag && (*a).tag != tag::FLOAT {
            if (*a).payload == (*b).payload {
                jump_if!(true, vm, pc, base, k, t)
            }
            if (*a).tag == tag::INT {
                next!(vm, pc, base, k, t, 1)
            }
        }
        jump_eq_slow::<D>(vm, pc, base, k, t)
    }
    fn jump_ne(vm, pc, base, k, t) {
        let (a, b) = (reg(base, pc, 1), reg(base, pc, 2));
        if (*a).tag == (*b).tag && (*a).tag != tag::FLOAT {
            if (*a).payload == (*b).payload {
                next!(vm, pc, base, k, t, 1)
            }
            if (*a).tag == tag::INT {
                jump_if!(true, vm, pc, base, k, t)
            }
        }
        jump_ne_slow::<D>(vm, pc, base, k, t)
    }
    fn jump_eq_k(vm, pc, base, k, t) {
        let (a, b) = (reg(base, pc, 1), konst(k, pc, 2));
        if (*a).tag == (*b).tag && (*a).payload == (*b).payload && (*a).tag != tag::FLOAT {
            jump_if!(true, vm, pc, base, k, t)
        }
        jump_eq_k_mid::<D>(vm, pc, base, k, t)
    }
    fn jump_ne_k(vm, pc, base, k, t) {
        let (a, b) = (reg(base, pc, 1), konst(k, pc, 2));
        if (*a).tag == (*b).tag && (*a).payload == (*b).payload && (*a).tag != tag::FLOAT {
            next!(vm, pc, base, k, t, 1)
        }
        jump_ne_k_mid::<D>(vm, pc, base, k, t)
    }
    fn jump_eq_i(vm, pc, base, k, t) {
        let a = reg(base, pc, 1);
        let i = imm(pc, 2);
        let equal = match (*a).tag {
            tag::INT => (*a).as_i64() == i,
            tag::FLOAT => (*a).as_f64() == i as f64,
            _ => false,
        };
        jump_if!(equal, vm, pc, base, k, t)
    }
    fn jump_ne_i(vm, pc, base, k, t) {
        let a = reg(base, pc, 1);
        let i = imm(pc, 2);
        let equal = match (*a).tag {
            tag::INT => (*a).as_i64() == i,
            tag::FLOAT => (*a).as_f64() == i as f64,
            _ => false,
        };
        jump_if!(!equal, vm, pc, base, k, t)
    }

    // ---- loops ----
    fn for_prep(vm, pc, base, k, t) { for_prep_slow::<D>(vm, pc, base, k, t) }
    fn for_loop(vm, pc, base, k, t) {
        let (index, count, step) = (reg(base, pc, 1), reg(base, pc, 2), reg(base, pc, 3));
        if (*index).tag == tag::INT {
            let left = (*count).payload;
            if left != 0 {
                (*count).payload = left - 1;
                (*index).payload = (*index).payload.wrapping_add((*step).payload);
                let to = *pc.add(1).cast::<i32>();
                return D::next(vm, pc.add(2).offset(to as isize), base, k, (*vm).table);
            }
            next!(vm, pc, base, k, t, 2)
        }
        let (by, limit) = ((*step).as_f64(), (*count).as_f64());
        let value = (*index).as_f64() + by;
        if if by > 0.0 { value <= limit } else { limit <= value } {
            (*index).payload = value.to_bits();
            let to = *pc.add(1).cast::<i32>();
            return D::next(vm, pc.add(2).offset(to as isize), base, k, (*vm).table);
        }
        next!(vm, pc, base, k, t, 2)
    }
    fn for_call(vm, pc, base, k, t) { for_call_mid::<D>(vm, pc, base, k, t) }

    // ---- calls ----
    fn call(vm, pc, base, k, t) {
        let window = reg(base, pc, 1);
        if (*window).tag == tag::CLOSURE {
            let proto = (*(*window).as_ptr::<Closure>()).proto;
            let new = window.add(HEADER_SLOTS);
            if (*proto).arity == u32::from(field(pc, 2)) && new.byte_add((*proto).frame_bytes as usize) <= (*vm).stack_limit {
                let w = new.cast::<u8>();
                w.offset(offset::TAG_KIND).cast::<u32>().write(TAGGED_CALL1);
                w.offset(offset::DISTANCE).cast::<u32>().write(u32::from(field(pc, 1)) + 32);
                w.offset(offset::RETURN_PC).cast::<*const u64>().write(pc.add(1));
                w.offset(offset::RETURN_K).cast::<*const Value>().write(k);
                return D::next(vm, (*proto).code, new, (*proto).constants, (*vm).table);
            }
        }
        call_mid::<D>(vm, pc, base, k, t)
    }
    fn call_0(vm, pc, base, k, t) {
        let window = reg(base, pc, 1);
        if (*window).tag == tag::CLOSURE {
            let proto = (*(*window).as_ptr::<Closure>()).proto;
            let new = window.add(HEADER_SLOTS);
            if (*proto).arity == u32::from(field(pc, 2)) && new.byte_add((*proto).frame_bytes as usize) <= (*vm).stack_limit {
                let w = new.cast::<u8>();
                w.offset(offset::TAG_KIND).cast::<u32>().write(TAGGED_CALL0);
                w.offset(offset::DISTANCE).cast::<u32>().write(u32::from(field(pc, 1)) + 32);
                w.offset(offset::RETURN_PC).cast::<*const u64>().write(pc.add(1));
                w.offset(offset::RETURN_K).cast::<*const Value>().write(k);
                return D::next(vm, (*proto).code, new, (*proto).constants, (*vm).table);
            }
        }
        call_0_mid::<D>(vm, pc, base, k, t)
    }
    fn call_n(vm, pc, base, k, t) {
        let window = reg(base, pc, 1);
        if (*window).tag == tag::CLOSURE {
            let proto = (*(*window).as_ptr::<Closure>()).proto;
            let new = window.add(HEADER_SLOTS);
            if (*proto).arity == u32::from(field(pc, 2)) && new.byte_add((*proto).frame_bytes as usize) <= (*vm).stack_limit {
                let w = new.cast::<u8>();
                w.offset(offset::TAG_KIND).cast::<u32>().write(TAGGED_CALLN);
                w.offset(offset::DISTANCE).cast::<u32>().write(u32::from(field(pc, 1)) + 32);
                w.offset(offset::RETURN_PC).cast::<*const u64>().write(pc.add(1));
                w.offset(offset::RETURN_K).cast::<*const Value>().write(k);
                return D::next(vm, (*proto).code, new, (*proto).constants, (*vm).table);
            }
        }
        call_n_mid::<D>(vm, pc, base, k, t)
    }
    fn call_open(vm, pc, base, k, t) { call_open_slow::<D>(vm, pc, base, k, t) }
    fn tail_call(vm, pc, base, k, t) { tail_call_mid::<D>(vm, pc, base, k, t) }
    fn tail_call_open(vm, pc, base, k, t) { tail_call_open_slow::<D>(vm, pc, base, k, t) }
    fn return_0(vm, pc, base, k, t) {
        let frame = base.cast::<u8>();
        if *frame.offset(offset::KIND).cast::<u16>() == FrameKind::Call0 as u16 {
            let back = *frame.offset(offset::RETURN_PC).cast::<*const u64>();
            let k = *frame.offset(offset::RETURN_K).cast::<*const Value>();
            let caller = base.byte_sub(*frame.offset(offset::DISTANCE).cast::<u32>() as usize);
            return D::next(vm, back, caller, k, t);
        }
        return_0_slow::<D>(vm, pc, base, k, t)
    }
    fn return_1(vm, pc, base, k, t) {
        let frame = base.cast::<u8>();
        if *frame.offset(offset::KIND).cast::<u16>() == FrameKind::Call1 as u16 {
            let src = reg(base, pc, 1);
            let (payload, tag) = ((*src).payload, (*src).tag);
            let back = *frame.offset(offset::RETURN_PC).cast::<*const u64>();
            let k = *frame.offset(offset::RETURN_K).cast::<*const Value>();
            let caller = base.byte_sub(*frame.offset(offset::DISTANCE).cast::<u32>() as usize);
            let dst = caller.byte_add(*back.cast::<u16>().sub(1) as usize);
            (*dst).payload = payload;
            (*dst).tag = tag;
            return D::next(vm, back, caller, k, t);
        }
        return_1_mid::<D>(vm, pc, base, k, t)
    }
    fn return_n(vm, pc, base, k, t) {
        let frame = base.cast::<u8>();
        let back = *frame.offset(offset::RETURN_PC).cast::<*const u64>();
        if *frame.offset(offset::KIND).cast::<u16>() == FrameKind::CallN as u16 {
            let count = field(pc, 2) as usize;
            if *back.cast::<u16>().sub(1) as usize == count {
                let first = reg(base, pc, 1);
                let k = *frame.offset(offset::RETURN_K).cast::<*const Value>();
                let caller = base.byte_sub(*frame.offset(offset::DISTANCE).cast::<u32>() as usize);
                let window = caller.byte_add(*back.cast::<u16>().sub(3) as usize);
                let mut i = 0;
                while i < count {
                    copy(window.add(i), first.add(i));
                    i += 1;
                }
                return D::next(vm, back, caller, k, t);
            }
        }
        return_n_slow::<D>(vm, pc, base, k, t)
    }
    fn return_open(vm, pc, base, k, t) { return_open_slow::<D>(vm, pc, base, k, t) }
    fn vararg(vm, pc, base, k, t) { vararg_slow::<D>(vm, pc, base, k, t) }
    fn vararg_open(vm, pc, base, k, t) {
        let (start, count) = RegisterFrame(base).varargs();
        (*vm).open_start = start;
        (*vm).open_count = count;
        next!(vm, pc, base, k, t, 1)
    }
    fn vararg_table(vm, pc, base, k, t) { vararg_table_slow::<D>(vm, pc, base, k, t) }
    fn get_vararg(vm, pc, base, k, t) { get_vararg_slow::<D>(vm, pc, base, k, t) }
    fn vararg_from(vm, pc, base, k, t) { vararg_from_slow::<D>(vm, pc, base, k, t) }
    fn vararg_from_open(vm, pc, base, k, t) { vararg_from_open_slow::<D>(vm, pc, base, k, t) }

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

const TAGGED_CALL1: u32 = tag::CLOSURE as u32 | (FrameKind::Call1 as u32) << 16;
const TAGGED_CALL0: u32 = tag::CLOSURE as u32 | (FrameKind::Call0 as u32) << 16;
const TAGGED_CALLN: u32 = tag::CLOSURE as u32 | (FrameKind::CallN as u32) << 16;

// ---- arithmetic ----

/// Addition and its like: integers wrap, two floats, or a mixed pair.
macro_rules! arith_ops {
    ($($reg_op:ident $k_op:ident $slow:ident $k_slow:ident $mid:ident $k_mid:ident $int:ident $float:tt;)*) => { handlers! { $(
        fn $reg_op(vm, pc, base, k, t) {
            let (a, b) = (reg(base, pc, 2), reg(base, pc, 3));
            if (*a).tag | (*b).tag == tag::INT {
                let v = (*a).payload.$int((*b).payload);
                let dst = reg(base, pc, 1);
                (*dst).payload = v;
                (*dst).tag = tag::INT;
                next!(vm, pc, base, k, t, 1)
            }
            if both_floats(a, b) {
                put_float(reg(base, pc, 1), (*a).as_f64() $float (*b).as_f64());
                next!(vm, pc, base, k, t, 1)
            }
            $mid::<D>(vm, pc, base, k, t)
        }
        #[inline(never)]
        fn $mid(vm, pc, base, k, t) {
            let (a, b) = (reg(base, pc, 2), reg(base, pc, 3));
            if (*a).tag == tag::INT && (*b).tag == tag::FLOAT {
                put_float(reg(base, pc, 1), (*a).as_i64() as f64 $float (*b).as_f64());
                next!(vm, pc, base, k, t, 1)
            }
            if (*a).tag == tag::FLOAT && (*b).tag == tag::INT {
                put_float(reg(base, pc, 1), (*a).as_f64() $float (*b).as_i64() as f64);
                next!(vm, pc, base, k, t, 1)
            }
            $slow::<D>(vm, pc, base, k, t)
        }
        fn $k_op(vm, pc, base, k, t) {
            let (a, b) = (reg(base, pc, 2), konst(k, pc, 3));
            if (*a).tag | (*b).tag == tag::INT {
                let v = (*a).payload.$int((*b).payload);
                let dst = reg(base, pc, 1);
                (*dst).payload = v;
                (*dst).tag = tag::INT;
                next!(vm, pc, base, k, t, 1)
            }
            if both_floats(a, b) {
                put_float(reg(base, pc, 1), (*a).as_f64() $float (*b).as_f64());
                next!(vm, pc, base, k, t, 1)
            }
            $k_mid::<D>(vm, pc, base, k, t)
        }
        #[inline(never)]
        fn $k_mid(vm, pc, base, k, t) {
            let (a, b) = (reg(base, pc, 2), konst(k, pc, 3));
            if (*a).tag == tag::INT && (*b).tag == tag::FLOAT {
                put_float(reg(base, pc, 1), (*a).as_i64() as f64 $float (*b).as_f64());
                next!(vm, pc, base, k, t, 1)
            }
            if (*a).tag == tag::FLOAT && (*b).tag == tag::INT {
                put_float(reg(base, pc, 1), (*a).as_f64() $float (*b).as_i64() as f64);
                next!(vm, pc, base, k, t, 1)
            }
            $k_slow::<D>(vm, pc, base, k, t)
        }
    )* } };
}

arith_ops! {
    add add_k add_slow add_k_slow add_mid add_k_mid wrapping_add +;
    sub sub_k sub_slow sub_k_slow sub_mid sub_k_mid wrapping_sub -;
    mul mul_k mul_slow mul_k_slow mul_mid mul_k_mid wrapping_mul *;
}

/// A number as a float, for operations that always give one.
macro_rules! as_float {
    ($v:expr, $slow:expr) => {
        match (*$v).tag {
            tag::FLOAT => (*$v).as_f64(),
            tag::INT => (*$v).as_i64() as f64,
            _ => return $slow,
        }
    };
}

macro_rules! float_ops {
    ($($reg_op:ident $k_op:ident $slow:ident $k_slow:ident |$x:ident, $y:ident| $result:expr;)*) => { handlers! { $(
        fn $reg_op(vm, pc, base, k, t) {
            let (a, b) = (reg(base, pc, 2), reg(base, pc, 3));
            let $x = as_float!(a, $slow::<D>(vm, pc, base, k, t));
            let $y = as_float!(b, $slow::<D>(vm, pc, base, k, t));
            put_float(reg(base, pc, 1), $result);
            next!(vm, pc, base, k, t, 1)
        }
        fn $k_op(vm, pc, base, k, t) {
            let (a, b) = (reg(base, pc, 2), konst(k, pc, 3));
            let $x = as_float!(a, $k_slow::<D>(vm, pc, base, k, t));
            let $y = as_float!(b, $k_slow::<D>(vm, pc, base, k, t));
            put_float(reg(base, pc, 1), $result);
            next!(vm, pc, base, k, t, 1)
        }
    )* } };
}

float_ops! {
    div div_k div_slow div_k_slow |x, y| x / y;
    pow pow_k pow_slow pow_k_slow |x, y| if y == 2.0 { x * x } else { float_pow(x, y) };
}

/// Floor division and modulo: integers where the divisor is positive, and floats; all else is slow.
macro_rules! floor_ops {
    ($($reg_op:ident $k_op:ident $slow:ident $k_slow:ident $int:ident $float:ident;)*) => { handlers! { $(
        fn $reg_op(vm, pc, base, k, t) {
            let (a, b) = (reg(base, pc, 2), reg(base, pc, 3));
            if (*a).tag | (*b).tag == tag::INT && (*b).as_i64() > 0 {
                put_int(reg(base, pc, 1), $int((*a).as_i64(), (*b).as_i64()));
                next!(vm, pc, base, k, t, 1)
            }
            if both_floats(a, b) {
                put_float(reg(base, pc, 1), $float((*a).as_f64(), (*b).as_f64()));
                next!(vm, pc, base, k, t, 1)
            }
            $slow::<D>(vm, pc, base, k, t)
        }
        fn $k_op(vm, pc, base, k, t) {
            let (a, b) = (reg(base, pc, 2), konst(k, pc, 3));
            if (*a).tag | (*b).tag == tag::INT && (*b).as_i64() > 0 {
                put_int(reg(base, pc, 1), $int((*a).as_i64(), (*b).as_i64()));
                next!(vm, pc, base, k, t, 1)
            }
            if both_floats(a, b) {
                put_float(reg(base, pc, 1), $float((*a).as_f64(), (*b).as_f64()));
                next!(vm, pc, base, k, t, 1)
            }
            $k_slow::<D>(vm, pc, base, k, t)
        }
    )* } };
}

/// `a mod b` for `b > 0`; 32-bit operands take the shorter division.
#[inline(always)]
unsafe fn int_mod(a: i64, b: i64) -> i64 {
    if (a | b) as u64 >> 32 == 0 {
        return i64::from((a as u32).checked_rem(b as u32).unwrap_unchecked());
    }
    let r = a.checked_rem(b).unwrap_unchecked();
    r + (b & (r >> 63))
}

/// `a // b` for `b > 0`.
#[inline(always)]
unsafe fn int_div(a: i64, b: i64) -> i64 {
    if (a | b) as u64 >> 32 == 0 {
        return i64::from((a as u32).checked_div(b as u32).unwrap_unchecked());
    }
    let q = a.checked_div(b).unwrap_unchecked();
    let r = a.wrapping_sub(q.wrapping_mul(b));
    q + (r >> 63)
}

floor_ops! {
    mod_ mod_k mod_slow mod_k_slow int_mod float_modulo;
    idiv idiv_k idiv_slow idiv_k_slow int_div float_floor_div;
}

macro_rules! bit_ops {
    ($($reg_op:ident $k_op:ident $slow:ident $k_slow:ident $op:tt;)*) => { handlers! { $(
        fn $reg_op(vm, pc, base, k, t) {
            let (a, b) = (reg(base, pc, 2), reg(base, pc, 3));
            if (*a).tag | (*b).tag == tag::INT {
                put_int(reg(base, pc, 1), (*a).as_i64() $op (*b).as_i64());
                next!(vm, pc, base, k, t, 1)
            }
            $slow::<D>(vm, pc, base, k, t)
        }
        fn $k_op(vm, pc, base, k, t) {
            let (a, b) = (reg(base, pc, 2), konst(k, pc, 3));
            if (*a).tag | (*b).tag == tag::INT {
                put_int(reg(base, pc, 1), (*a).as_i64() $op (*b).as_i64());
                next!(vm, pc, base, k, t, 1)
            }
            $k_slow::<D>(vm, pc, base, k, t)
        }
    )* } };
}

bit_ops! {
    band band_k band_slow band_k_slow &;
    bor bor_k bor_slow bor_k_slow |;
    bxor bxor_k bxor_slow bxor_k_slow ^;
}

handlers! {
    fn shl(vm, pc, base, k, t) {
        let (a, b) = (reg(base, pc, 2), reg(base, pc, 3));
        if (*a).tag | (*b).tag == tag::INT {
            put_int(reg(base, pc, 1), shift_left((*a).as_i64(), (*b).as_i64()));
            next!(vm, pc, base, k, t, 1)
        }
        shl_slow::<D>(vm, pc, base, k, t)
    }
    fn shr(vm, pc, base, k, t) {
        let (a, b) = (reg(base, pc, 2), reg(base, pc, 3));
        if (*a).tag | (*b).tag == tag::INT {
            put_int(reg(base, pc, 1), shift_right((*a).as_i64(), (*b).as_i64()));
            next!(vm, pc, base, k, t, 1)
        }
        shr_slow::<D>(vm, pc, base, k, t)
    }
    fn shl_i(vm, pc, base, k, t) {
        let a = reg(base, pc, 2);
        if (*a).tag == tag::INT {
            put_int(reg(base, pc, 1), shift_left((*a).as_i64(), imm(pc, 3)));
            next!(vm, pc, base, k, t, 1)
        }
        shl_i_slow::<D>(vm, pc, base, k, t)
    }
    fn shr_i(vm, pc, base, k, t) {
        let a = reg(base, pc, 2);
        if (*a).tag == tag::INT {
            put_int(reg(base, pc, 1), shift_right((*a).as_i64(), imm(pc, 3)));
            next!(vm, pc, base, k, t, 1)
        }
        shr_i_slow::<D>(vm, pc, base, k, t)
    }
    fn add_i(vm, pc, base, k, t) {
        let a = reg(base, pc, 2);
        if (*a).tag == tag::INT {
            put_int(reg(base, pc, 1), (*a).as_i64().wrapping_add(imm(pc, 3)));
            next!(vm, pc, base, k, t, 1)
        }
        if (*a).tag == tag::FLOAT {
            put_float(reg(base, pc, 1), (*a).as_f64() + imm(pc, 3) as f64);
            next!(vm, pc, base, k, t, 1)
        }
        add_i_slow::<D>(vm, pc, base, k, t)
    }
    fn sub_i(vm, pc, base, k, t) {
        let a = reg(base, pc, 2);
        if (*a).tag == tag::INT {
            put_int(reg(base, pc, 1), (*a).as_i64().wrapping_sub(imm(pc, 3)));
            next!(vm, pc, base, k, t, 1)
        }
        if (*a).tag == tag::FLOAT {
            put_float(reg(base, pc, 1), (*a).as_f64() - imm(pc, 3) as f64);
            next!(vm, pc, base, k, t, 1)
        }
        sub_i_slow::<D>(vm, pc, base, k, t)
    }
}

/// Ordering branches on two registers, and on a register and an immediate.
macro_rules! order_ops {
    ($($name:ident $slow:ident $op:tt $when:literal;)*) => { handlers! { $(
        fn $name(vm, pc, base, k, t) {
            let (a, b) = (reg(base, pc, 1), reg(base, pc, 2));
            if (*a).tag | (*b).tag == tag::INT {
                jump_if!(((*a).as_i64() $op (*b).as_i64()) == $when, vm, pc, base, k, t)
            }
            if both_floats(a, b) {
                jump_if!(((*a).as_f64() $op (*b).as_f64()) == $when, vm, pc, base, k, t)
            }
            $slow::<D>(vm, pc, base, k, t)
        }
    )* } };
}

macro_rules! order_imm_ops {
    ($($name:ident $slow:ident $op:tt $when:literal;)*) => { handlers! { $(
        fn $name(vm, pc, base, k, t) {
            let a = reg(base, pc, 1);
            if (*a).tag == tag::INT {
                jump_if!(((*a).as_i64() $op imm(pc, 2)) == $when, vm, pc, base, k, t)
            }
            if (*a).tag == tag::FLOAT {
                jump_if!(((*a).as_f64() $op imm(pc, 2) as f64) == $when, vm, pc, base, k, t)
            }
            $slow::<D>(vm, pc, base, k, t)
        }
    )* } };
}

order_ops! {
    jump_lt jump_lt_slow < true;
    jump_not_lt jump_not_lt_slow < false;
    jump_le jump_le_slow <= true;
    jump_not_le jump_not_le_slow <= false;
}

order_imm_ops! {
    jump_lt_i jump_lt_i_slow < true;
    jump_not_lt_i jump_not_lt_i_slow < false;
    jump_le_i jump_le_i_slow <= true;
    jump_not_le_i jump_not_le_i_slow <= false;
    jump_gt_i jump_gt_i_slow > true;
    jump_not_gt_i jump_not_gt_i_slow > false;
    jump_ge_i jump_ge_i_slow >= true;
    jump_not_ge_i jump_not_ge_i_slow >= false;
}

// ---- second chances: common cases that the first test does not cover ----

handlers! {
    #[inline(never)]
    fn get_index_mid(vm, pc, base, k, t) {
        let (object, key) = (reg(base, pc, 2), reg(base, pc, 3));
        if (*object).tag == tag::TABLE {
            let v = Table::get((*object).as_ptr(), *key);
            if v.tag != tag::NIL || (*(*object).as_ptr::<Table>()).meta.is_null() {
                *reg(base, pc, 1) = v;
                next!(vm, pc, base, k, t, 1)
            }
        }
        get_index_slow::<D>(vm, pc, base, k, t)
    }
    #[inline(never)]
    fn set_index_mid(vm, pc, base, k, t) {
        if store_plain(reg(base, pc, 1), reg(base, pc, 2), reg(base, pc, 3)) {
            next!(vm, pc, base, k, t, 1)
        }
        set_index_slow::<D>(vm, pc, base, k, t)
    }
    #[inline(never)]
    fn set_index_k_mid(vm, pc, base, k, t) {
        if store_plain(reg(base, pc, 1), reg(base, pc, 2), konst(k, pc, 3)) {
            next!(vm, pc, base, k, t, 1)
        }
        set_index_k_slow::<D>(vm, pc, base, k, t)
    }
    #[inline(never)]
    fn get_field_mid(vm, pc, base, k, t) {
        let object = reg(base, pc, 2);
        if (*object).tag == tag::TABLE {
            let table: *const Table = (*object).as_ptr();
            if let Some((holder, at)) = (*vm).lookups.find((*table).header.word, (*konst(k, pc, 3)).as_ptr()) {
                let holder = if holder.is_null() { table } else { holder };
                let slot = (*holder).slots.byte_add(at);
                if (*slot).tag != tag::NIL {
                    copy(reg(base, pc, 1), slot);
                    next!(vm, pc, base, k, t, 3)
                }
            }
        }
        get_field_slow::<D>(vm, pc, base, k, t)
    }
    #[inline(never)]
    fn self_field_mid(vm, pc, base, k, t) {
        let object = reg(base, pc, 2);
        let name: *mut Str = (*konst(k, pc, 3)).as_ptr();
        if (*object).tag == tag::TABLE {
            let table: *const Table = (*object).as_ptr();
            if let Some((holder, at)) = (*vm).lookups.find((*table).header.word, name) {
                let holder = if holder.is_null() { table } else { holder };
                let slot = (*holder).slots.byte_add(at);
                if (*slot).tag != tag::NIL {
                    let window = reg(base, pc, 1);
                    copy(window.add(2), object);
                    copy(window, slot);
                    next!(vm, pc, base, k, t, 3)
                }
            }
        } else if (*object).tag == tag::STR {
            // Methods of strings: the string metatable's `__index` table.
            let v = (*vm).string_method(name);
            if v.tag != tag::NIL {
                let window = reg(base, pc, 1);
                copy(window.add(2), object);
                *window = v;
                next!(vm, pc, base, k, t, 3)
            }
        }
        self_field_slow::<D>(vm, pc, base, k, t)
    }
    #[inline(never)]
    fn set_field_mid(vm, pc, base, k, t) {
        if set_looked_up(vm, reg(base, pc, 1), (*konst(k, pc, 2)).as_ptr(), reg(base, pc, 3)) {
            next!(vm, pc, base, k, t, 3)
        }
        set_field_slow::<D>(vm, pc, base, k, t)
    }
    #[inline(never)]
    fn set_field_k_mid(vm, pc, base, k, t) {
        if set_looked_up(vm, reg(base, pc, 1), (*konst(k, pc, 2)).as_ptr(), konst(k, pc, 3)) {
            next!(vm, pc, base, k, t, 3)
        }
        set_field_k_slow::<D>(vm, pc, base, k, t)
    }
    #[inline(never)]
    fn jump_eq_k_mid(vm, pc, base, k, t) {
        let (a, b) = (reg(base, pc, 1), konst(k, pc, 2));
        let equal = constant_equal(a, b);
        jump_if!(equal, vm, pc, base, k, t)
    }
    #[inline(never)]
    fn jump_ne_k_mid(vm, pc, base, k, t) {
        let (a, b) = (reg(base, pc, 1), konst(k, pc, 2));
        let equal = constant_equal(a, b);
        jump_if!(!equal, vm, pc, base, k, t)
    }
    #[inline(never)]
    fn for_call_mid(vm, pc, base, k, t) {
        let iterator = reg(base, pc, 1);
        if (*iterator).tag == tag::NATIVE && (*iterator).payload == (*vm).next_function as u64 {
            let (state, control) = (reg(base, pc, 2), reg(base, pc, 3));
            if (*state).tag == tag::TABLE {
                return for_next::<D>(vm, pc, base, k, t);
            }
        }
        if (*iterator).tag == tag::NATIVE && (*iterator).payload == (*vm).ipairs_step as u64 {
            let (state, control) = (reg(base, pc, 2), reg(base, pc, 3));
            if (*state).tag == tag::TABLE && (*control).tag == tag::INT {
                let table: *const Table = (*state).as_ptr();
                let i = (*control).as_i64().wrapping_add(1);
                let v = Table::get_int(table, i);
                if v.tag != tag::NIL || (*table).meta.is_null() {
                    let window = reg(base, pc, 4);
                    let results = field(pc, 5) as usize;
                    let mut at = 2;
                    if v.tag == tag::NIL {
                        (*window).tag = tag::NIL;
                        at = 1;
                    } else {
                        put_int(window, i);
                        if results > 1 {
                            copy(window.add(1), &raw const v);
                        }
                    }
                    while at < results {
                        (*window.add(at)).tag = tag::NIL;
                        at += 1;
                    }
                    next!(vm, pc, base, k, t, 3)
                }
            }
        }
        for_call_slow::<D>(vm, pc, base, k, t)
    }
    #[inline(never)]
    fn for_next(vm, pc, base, k, t) {
        let (state, control) = (reg(base, pc, 2), reg(base, pc, 3));
        let table: *mut Table = (*state).as_ptr();
        // The hint is the position behind the key of the last round; it serves if that key is there.
        let hint = *pc.add(2) as usize;
        let position = if (*control).tag == tag::NIL {
            0
        } else if Table::key_before(table, hint, *control) {
            hint
        } else {
            match Table::position(table, *control) {
                Ok(p) => p,
                Err(()) => return for_call_slow::<D>(vm, pc, base, k, t),
            }
        };
        let window = reg(base, pc, 4);
        let results = field(pc, 5) as usize;
        let mut i = 2;
        match Table::entry_from(table, position) {
            Some((at, key, value)) => {
                *pc.add(2).cast_mut() = at as u64;
                copy(window, &raw const key);
                if results > 1 {
                    copy(window.add(1), &raw const value);
                }
            }
            None => {
                (*window).tag = tag::NIL;
                i = 1;
            }
        }
        while i < results {
            (*window.add(i)).tag = tag::NIL;
            i += 1;
        }
        D::next(vm, pc.add(3), base, k, t)
    }
}

/// Stores into a plain table (no metatable, no barrier due) what needs no growth; false if this is another kind of
/// store.
#[inline(always)]
unsafe fn store_plain(object: *const Value, key: *const Value, value: *const Value) -> bool {
    if (*object).tag != tag::TABLE {
        return false;
    }
    let table: *mut Table = (*object).as_ptr();
    if (*table).header.gc & GC_BARRIER != 0 || !(*table).meta.is_null() || (*table).header.aux & flag::WATCHED != 0 {
        return false;
    }
    let len = u64::from((*table).len);
    if (*key).tag == tag::INT && (*key).payload.wrapping_sub(1) == len {
        let tag = (*value).tag;
        if len >= u64::from((*table).capacity) || tag == tag::NIL || (*table).has_hash() {
            return false;
        }
        Table::array_put(table, len as usize + 1, *value);
        (*table).len = len as u32 + 1;
        return true;
    }
    Table::put_plain(table, *key, *value)
}

/// Overwrites a field that the lookup cache knows and that is not nil (so that no `__newindex` has a say).
#[inline(always)]
unsafe fn set_looked_up(vm: *mut Vm, object: *const Value, name: *const Str, value: *const Value) -> bool {
    if (*object).tag != tag::TABLE {
        return false;
    }
    let table: *mut Table = (*object).as_ptr();
    if (*table).header.gc & GC_BARRIER != 0 || crate::vm::is_event_key(name) {
        return false;
    }
    match (*vm).lookups.find((*table).header.word, name) {
        Some((holder, at)) if holder.is_null() => {
            let slot = (*table).slots.byte_add(at);
            if (*slot).tag == tag::NIL {
                return false;
            }
            copy(slot, value);
            true
        }
        _ => false,
    }
}

/// Raw equality with a constant that is not the same bits.
#[inline(always)]
unsafe fn constant_equal(a: *const Value, b: *const Value) -> bool {
    match ((*a).tag, (*b).tag) {
        (tag::FLOAT, tag::FLOAT) => (*a).as_f64() == (*b).as_f64(),
        (tag::INT, tag::FLOAT) => int_equals_float((*a).as_i64(), (*b).as_f64()),
        (tag::FLOAT, tag::INT) => int_equals_float((*b).as_i64(), (*a).as_f64()),
        (tag::STR, tag::STR) => Str::equal((*a).as_ptr(), (*b).as_ptr()),
        (x, y) => x == y && matches!(x, tag::NIL | tag::TRUE | tag::FALSE),
    }
}

macro_rules! call_shells {
    ($($name:ident $kind:ident;)*) => { handlers! { $(
        #[inline(never)]
        fn $name(vm, pc, base, k, t) {
            (*vm).pc = pc;
            (*vm).base = base;
            (*vm).k = k;
            let flow = (*vm).call_slow(FrameKind::$kind, false);
            resume::<D>(vm, flow)
        }
    )* } };
}

call_shells! {
    call_mid Call1;
    call_0_mid Call0;
    call_n_mid CallN;
}

handlers! {
    #[inline(never)]
    fn tail_call_mid(vm, pc, base, k, t) {
        (*vm).pc = pc;
        (*vm).base = base;
        (*vm).k = k;
        let flow = (*vm).tail_call_slow(false);
        resume::<D>(vm, flow)
    }
    #[inline(never)]
    fn return_1_mid(vm, pc, base, k, t) {
        (*vm).pc = pc;
        (*vm).base = base;
        (*vm).k = k;
        let flow = (*vm).return_slow(reg(base, pc, 1), 1);
        resume::<D>(vm, flow)
    }
}

macro_rules! arith_shells {
    ($($name:ident $op:ident $rhs:ident;)*) => { shells! { $(
        $name => |vm, pc, base, k| { let (a, b) = (*reg(base, pc, 2), $rhs(base, k, pc)); vm.arith_slow(ArithOp::$op, a, b) };
    )* } };
}

#[inline(always)]
unsafe fn register_rhs(base: *mut Value, _k: *const Value, pc: *const u64) -> Value {
    *reg(base, pc, 3)
}
#[inline(always)]
unsafe fn constant_rhs(_base: *mut Value, k: *const Value, pc: *const u64) -> Value {
    *konst(k, pc, 3)
}
#[inline(always)]
unsafe fn immediate_rhs(_base: *mut Value, _k: *const Value, pc: *const u64) -> Value {
    Value::int(imm(pc, 3))
}
/// Unary operations pass their operand twice, as Lua does.
#[inline(always)]
unsafe fn same_rhs(base: *mut Value, _k: *const Value, pc: *const u64) -> Value {
    *reg(base, pc, 2)
}

arith_shells! {
    add_slow Add register_rhs;
    sub_slow Sub register_rhs;
    mul_slow Mul register_rhs;
    mod_slow Mod register_rhs;
    pow_slow Pow register_rhs;
    div_slow Div register_rhs;
    idiv_slow IDiv register_rhs;
    band_slow BAnd register_rhs;
    bor_slow BOr register_rhs;
    bxor_slow BXor register_rhs;
    shl_slow Shl register_rhs;
    shr_slow Shr register_rhs;
    add_k_slow Add constant_rhs;
    sub_k_slow Sub constant_rhs;
    mul_k_slow Mul constant_rhs;
    mod_k_slow Mod constant_rhs;
    pow_k_slow Pow constant_rhs;
    div_k_slow Div constant_rhs;
    idiv_k_slow IDiv constant_rhs;
    band_k_slow BAnd constant_rhs;
    bor_k_slow BOr constant_rhs;
    bxor_k_slow BXor constant_rhs;
    add_i_slow Add immediate_rhs;
    sub_i_slow Sub immediate_rhs;
    shl_i_slow Shl immediate_rhs;
    shr_i_slow Shr immediate_rhs;
    unm_slow Unm same_rhs;
    bnot_slow BNot same_rhs;
}

shells! {
    poll_slow => |vm, pc, base, k| vm.poll();
    set_upvalue_slow => |vm, pc, base, k| {
        let cell: *mut Cell = upvalue(base, pc, 1);
        vm.barrier(cell);
        (*cell).value = *reg(base, pc, 2);
        vm.pc = pc.add(1);
        Ok(Go::On)
    };
    set_cell_slow => |vm, pc, base, k| {
        let cell: *mut Cell = (*reg(base, pc, 1)).as_ptr();
        vm.barrier(cell);
        (*cell).value = *reg(base, pc, 2);
        vm.pc = pc.add(1);
        Ok(Go::On)
    };
    new_cell_slow => |vm, pc, base, k| vm.new_cell_slow();
    closure_slow => |vm, pc, base, k| vm.closure_slow();
    new_table_slow => |vm, pc, base, k| vm.new_table_slow();
    get_index_slow => |vm, pc, base, k| vm.get_index_slow();
    get_int_slow => |vm, pc, base, k| vm.get_int_slow();
    get_field_slow => |vm, pc, base, k| vm.get_field_slow();
    get_global_slow => |vm, pc, base, k| vm.get_global_slow();
    self_field_slow => |vm, pc, base, k| vm.self_field_slow();
    set_index_slow => |vm, pc, base, k| vm.set_index_slow(*reg(base, pc, 3));
    set_index_k_slow => |vm, pc, base, k| vm.set_index_slow(*konst(k, pc, 3));
    set_int_slow => |vm, pc, base, k| vm.set_int_slow(*reg(base, pc, 3));
    set_int_k_slow => |vm, pc, base, k| vm.set_int_slow(*konst(k, pc, 3));
    set_field_slow => |vm, pc, base, k| vm.set_field_slow(*reg(base, pc, 3));
    set_field_k_slow => |vm, pc, base, k| vm.set_field_slow(*konst(k, pc, 3));
    set_global_slow => |vm, pc, base, k| vm.set_global_slow(*reg(base, pc, 3));
    set_global_k_slow => |vm, pc, base, k| vm.set_global_slow(*konst(k, pc, 3));
    set_list_slow => |vm, pc, base, k| vm.set_list_slow(false);
    set_list_open_slow => |vm, pc, base, k| vm.set_list_slow(true);
    len_slow => |vm, pc, base, k| vm.len_slow();
    concat_slow => |vm, pc, base, k| vm.concat_slow();
    jump_eq_slow => |vm, pc, base, k| vm.equal_slow(*reg(base, pc, 1), *reg(base, pc, 2), true);
    jump_ne_slow => |vm, pc, base, k| vm.equal_slow(*reg(base, pc, 1), *reg(base, pc, 2), false);
    jump_lt_slow => |vm, pc, base, k| vm.order_slow(*reg(base, pc, 1), *reg(base, pc, 2), false, true);
    jump_not_lt_slow => |vm, pc, base, k| vm.order_slow(*reg(base, pc, 1), *reg(base, pc, 2), false, false);
    jump_le_slow => |vm, pc, base, k| vm.order_slow(*reg(base, pc, 1), *reg(base, pc, 2), true, true);
    jump_not_le_slow => |vm, pc, base, k| vm.order_slow(*reg(base, pc, 1), *reg(base, pc, 2), true, false);
    jump_lt_i_slow => |vm, pc, base, k| vm.order_slow(*reg(base, pc, 1), Value::int(imm(pc, 2)), false, true);
    jump_not_lt_i_slow => |vm, pc, base, k| vm.order_slow(*reg(base, pc, 1), Value::int(imm(pc, 2)), false, false);
    jump_le_i_slow => |vm, pc, base, k| vm.order_slow(*reg(base, pc, 1), Value::int(imm(pc, 2)), true, true);
    jump_not_le_i_slow => |vm, pc, base, k| vm.order_slow(*reg(base, pc, 1), Value::int(imm(pc, 2)), true, false);
    // `a > i` is `i < a`, and `a >= i` is `i <= a`.
    jump_gt_i_slow => |vm, pc, base, k| vm.order_slow(Value::int(imm(pc, 2)), *reg(base, pc, 1), false, true);
    jump_not_gt_i_slow => |vm, pc, base, k| vm.order_slow(Value::int(imm(pc, 2)), *reg(base, pc, 1), false, false);
    jump_ge_i_slow => |vm, pc, base, k| vm.order_slow(Value::int(imm(pc, 2)), *reg(base, pc, 1), true, true);
    jump_not_ge_i_slow => |vm, pc, base, k| vm.order_slow(Value::int(imm(pc, 2)), *reg(base, pc, 1), true, false);
    for_prep_slow => |vm, pc, base, k| vm.for_prep_slow();
    for_call_slow => |vm, pc, base, k| vm.for_call_slow();
    call_open_slow => |vm, pc, base, k| vm.call_slow(FrameKind::CallN, true);
    tail_call_open_slow => |vm, pc, base, k| vm.tail_call_slow(true);
    return_0_slow => |vm, pc, base, k| vm.return_slow(base, 0);
    return_n_slow => |vm, pc, base, k| vm.return_slow(reg(base, pc, 1), field(pc, 2) as usize);
    return_open_slow => |vm, pc, base, k| vm.return_open_slow();
    vararg_slow => |vm, pc, base, k| vm.vararg_copy();
    vararg_table_slow => |vm, pc, base, k| vm.vararg_table_slow();
    get_vararg_slow => |vm, pc, base, k| vm.get_vararg_slow();
    vararg_from_slow => |vm, pc, base, k| vm.vararg_from_slow();
    vararg_from_open_slow => |vm, pc, base, k| vm.vararg_from_open_slow();
    tbc_slow => |vm, pc, base, k| vm.tbc_slow();
    close_slow => |vm, pc, base, k| vm.close_step(reg(base, pc, 1));
    check_global_slow => |vm, pc, base, k| vm.check_global_slow();
}

const _: () = assert!(ARITY_VARARG > u16::MAX as u32);
