//! Handlers of jumps and loops.

use super::*;

handlers! {
    fn jump(vm, pc, base, k, t) {
        let to = *pc.cast::<i32>().add(1);
        go_by!(to as isize, vm, pc.add(1), base, k, t)
    }
    fn jump_if(vm, pc, base, k, t) {
        if (*reg(base, pc, 1)).truthy() {
            let to = *pc.cast::<i32>().add(1);
            go_by!(to as isize, vm, pc.add(1), base, k, t)
        }
        next!(vm, pc, base, k, t, 1)
    }
    fn jump_if_not(vm, pc, base, k, t) {
        if !(*reg(base, pc, 1)).truthy() {
            let to = *pc.cast::<i32>().add(1);
            go_by!(to as isize, vm, pc.add(1), base, k, t)
        }
        next!(vm, pc, base, k, t, 1)
    }
    fn jump_nil(vm, pc, base, k, t) {
        if (*reg(base, pc, 1)).tag == tag::NIL {
            let to = *pc.cast::<i32>().add(1);
            go_by!(to as isize, vm, pc.add(1), base, k, t)
        }
        next!(vm, pc, base, k, t, 1)
    }
    fn jump_not_nil(vm, pc, base, k, t) {
        if (*reg(base, pc, 1)).tag != tag::NIL {
            let to = *pc.cast::<i32>().add(1);
            go_by!(to as isize, vm, pc.add(1), base, k, t)
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
        jump_eq_mid::<D>(vm, pc, base, k, t)
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
        jump_ne_mid::<D>(vm, pc, base, k, t)
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
    fn for_prep(vm, pc, base, k, t) {
        let (index, count, step) = (reg(base, pc, 1), reg(base, pc, 2), reg(base, pc, 3));
        if (*index).tag | (*count).tag | (*step).tag == tag::INT && (*step).as_i64() > 0 {
            let (start, limit, by) = ((*index).as_i64(), (*count).as_i64(), (*step).payload);
            if start > limit {
                let to = *pc.add(1).cast::<i32>();
                go_by!(to as isize, vm, pc.add(2), base, k, t)
            }
            let mut left = limit.wrapping_sub(start) as u64;
            if by != 1 {
                left = left.checked_div(by).unwrap_unchecked();
            }
            (*count).payload = left;
            next!(vm, pc, base, k, t, 2)
        }
        for_prep_slow::<D>(vm, pc, base, k, t)
    }
    fn for_loop(vm, pc, base, k, t) {
        let (index, count, step) = (reg(base, pc, 1), reg(base, pc, 2), reg(base, pc, 3));
        if (*index).tag == tag::INT {
            let left = (*count).payload;
            if left != 0 {
                (*count).payload = left - 1;
                (*index).payload = (*index).payload.wrapping_add((*step).payload);
                let to = *pc.add(1).cast::<i32>();
                go_by!(to as isize, vm, pc.add(2), base, k, t)
            }
            next!(vm, pc, base, k, t, 2)
        }
        let (by, limit) = ((*step).as_f64(), (*count).as_f64());
        let value = (*index).as_f64() + by;
        if if by > 0.0 { value <= limit } else { limit <= value } {
            (*index).payload = value.to_bits();
            let to = *pc.add(1).cast::<i32>();
            go_by!(to as isize, vm, pc.add(2), base, k, t)
        }
        next!(vm, pc, base, k, t, 2)
    }
    fn for_call(vm, pc, base, k, t) { for_call_mid::<D>(vm, pc, base, k, t) }

}

/// Ordering branches on two registers, and on a register and an immediate.
macro_rules! order_ops {
    ($($name:ident $mid:ident $slow:ident $op:tt $when:literal;)*) => { handlers! { $(
        fn $name(vm, pc, base, k, t) {
            let (a, b) = (reg(base, pc, 1), reg(base, pc, 2));
            if (*a).tag | (*b).tag == tag::INT {
                jump_if!(((*a).as_i64() $op (*b).as_i64()) == $when, vm, pc, base, k, t)
            }
            if both_floats(a, b) {
                jump_if!(((*a).as_f64() $op (*b).as_f64()) == $when, vm, pc, base, k, t)
            }
            $mid::<D>(vm, pc, base, k, t)
        }
        /// Two strings: by bytes, as in the C locale.
        #[inline(never)]
        fn $mid(vm, pc, base, k, t) {
            let (a, b) = (reg(base, pc, 1), reg(base, pc, 2));
            if (*a).tag == tag::STR && (*b).tag == tag::STR {
                if D::METERED {
                    (*vm).note_comparison(*a, *b);
                }
                let (a, b) = ((*(*a).as_ptr::<Str>()).bytes(), (*(*b).as_ptr::<Str>()).bytes());
                jump_if!((a $op b) == $when, vm, pc, base, k, t)
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
    jump_lt jump_lt_mid jump_lt_slow < true;
    jump_not_lt jump_not_lt_mid jump_not_lt_slow < false;
    jump_le jump_le_mid jump_le_slow <= true;
    jump_not_le jump_not_le_mid jump_not_le_slow <= false;
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

handlers! {
    #[inline(never)]
    fn jump_eq_mid(vm, pc, base, k, t) {
        if let Some(equal) = plainly_equal(reg(base, pc, 1), reg(base, pc, 2)) {
            jump_if!(equal, vm, pc, base, k, t)
        }
        jump_eq_slow::<D>(vm, pc, base, k, t)
    }
    #[inline(never)]
    fn jump_ne_mid(vm, pc, base, k, t) {
        if let Some(equal) = plainly_equal(reg(base, pc, 1), reg(base, pc, 2)) {
            jump_if!(!equal, vm, pc, base, k, t)
        }
        jump_ne_slow::<D>(vm, pc, base, k, t)
    }
    #[inline(never)]
    fn jump_eq_k_mid(vm, pc, base, k, t) {
        let (a, b) = (reg(base, pc, 1), konst(k, pc, 2));
        if D::METERED {
            (*vm).note_comparison(*a, *b);
        }
        let equal = constant_equal(a, b);
        jump_if!(equal, vm, pc, base, k, t)
    }
    #[inline(never)]
    fn jump_ne_k_mid(vm, pc, base, k, t) {
        let (a, b) = (reg(base, pc, 1), konst(k, pc, 2));
        if D::METERED {
            (*vm).note_comparison(*a, *b);
        }
        let equal = constant_equal(a, b);
        jump_if!(!equal, vm, pc, base, k, t)
    }
}

/// Whether two values that are not the same bits are equal, where neither content nor metamethods have a say.
#[inline(always)]
unsafe fn plainly_equal(a: *const Value, b: *const Value) -> Option<bool> {
    match ((*a).tag, (*b).tag) {
        (tag::STR, tag::STR) => {
            // Interned strings are equal only if they are one object, and to no long string.
            let (a, b) = ((*a).as_ptr::<Str>(), (*b).as_ptr::<Str>());
            (!(*a).is_long() || !(*b).is_long()).then_some(false)
        }
        (tag::TABLE, tag::TABLE) => {
            let (a, b) = ((*a).as_ptr::<Table>(), (*b).as_ptr::<Table>());
            ((*a).meta.is_null() && (*b).meta.is_null()).then_some(false)
        }
        (tag::FLOAT, tag::FLOAT) => Some((*a).as_f64() == (*b).as_f64()),
        (tag::INT | tag::FLOAT, tag::INT | tag::FLOAT) | (tag::USERDATA, tag::USERDATA) => None,
        // The payloads of nil and the booleans mean nothing.
        (x @ (tag::NIL | tag::TRUE | tag::FALSE), y) if x == y => Some(true),
        _ => Some(false),
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

handlers! {
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
                if D::METERED {
                    (*vm).note_places(at - position);
                }
                *pc.add(2).cast_mut() = at as u64;
                copy(window, &raw const key);
                if results > 1 {
                    copy(window.add(1), &raw const value);
                }
            }
            None => {
                if D::METERED {
                    (*vm).note_places(Table::places(table).saturating_sub(position));
                }
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
