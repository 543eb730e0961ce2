//! Handlers of pairs (see [`crate::pairs`]).

use super::*;

/// Goes on in the plain handler of the first instruction, through the table: called by name, it would become part of the pair's
/// handler, which would then save registers.
macro_rules! plainly {
    ($first:ident, $vm:ident, $pc:ident, $base:ident, $k:ident, $t:ident) => {
        ((*$t.add(Opcode::$first as usize)).0)($vm, $pc, $base, $k, $t)
    };
}
pub(super) use plainly;

/// Pairs whose second instruction finds the first's result in its register: `$try` is the first's fast path, `$words` its length, and
/// `$otherwise` goes on where that fails.
macro_rules! pair_handlers {
    ($($name:ident = $try:ident $words:literal $otherwise:ident $second:ident;)*) => { handlers! { $(
        fn $name(vm, pc, base, k, t) {
            if $try(base, k, pc) {
                return $second::<D>(vm, pc.add($words), base, k, t);
            }
            $otherwise::<D>(vm, pc, base, k, t)
        }
    )* } };
}

/// The same, where the first always succeeds.
macro_rules! sure_pair_handlers {
    ($($name:ident = $do:ident $second:ident;)*) => { handlers! { $(
        fn $name(vm, pc, base, k, t) {
            $do(base, pc);
            $second::<D>(vm, pc.add(1), base, k, t)
        }
    )* } };
}

sure_pair_handlers! {
    get_upvalue_get_upvalue = do_get_upvalue get_upvalue;
    get_upvalue_move = do_get_upvalue move_;
    get_upvalue_get_index = do_get_upvalue get_index;
    get_upvalue_get_field = do_get_upvalue still_get_field;
    get_upvalue_add = do_get_upvalue add;
    get_upvalue_add_i = do_get_upvalue add_i;
    get_upvalue_sub_i = do_get_upvalue sub_i;
    get_upvalue_mul_k = do_get_upvalue mul_k;
    get_upvalue_mod = do_get_upvalue mod_;
    move_move = do_move move_;
    move_call = do_move call;
    move_call_0 = do_move call_0;
    move_call_n = do_move call_n;
    move_jump = do_move jump;
    load_int_move = do_load_int move_;
    load_float_mul = do_load_float mul;
    load_float_jump_le = do_load_float jump_le;
    load_int_div = do_load_int div;
    load_int_sub = do_load_int sub;
    load_true_jump_lt = do_load_true jump_lt;
}

pair_handlers! {
    get_index_get_index = try_get_index 1 get_index_mid get_index;
    get_index_set_index = try_get_index 1 get_index_mid set_index;
    get_index_add = try_get_index 1 get_index_mid add;
    get_index_mul = try_get_index 1 get_index_mid mul;
    get_index_get_field = try_get_index 1 get_index_mid still_get_field;
    get_int_get_int = try_get_int 1 get_int_slow get_int;
    get_int_jump_if_not = try_get_int 1 get_int_slow jump_if_not;
    set_index_set_index = try_set_index 1 set_index_mid set_index;
    set_index_k_set_index_k = try_set_index_k 1 set_index_k_mid set_index_k;
    set_index_for_loop = try_set_index 1 set_index_mid for_loop;
    set_index_k_for_loop = try_set_index_k 1 set_index_k_mid for_loop;
    get_field_get_field = try_get_field 3 get_field_mid still_get_field;
    get_field_add = try_get_field 3 get_field_mid add;
    get_field_sub = try_get_field 3 get_field_mid sub;
    get_field_add_i = try_get_field 3 get_field_mid add_i;
    get_field_mul = try_get_field 3 get_field_mid mul;
    get_field_jump_if = try_get_field 3 get_field_mid jump_if;
    get_field_jump_if_not = try_get_field 3 get_field_mid jump_if_not;
    add_for_loop = try_add 1 add_mid for_loop;
    add_get_index = try_add 1 add_mid get_index;
    mul_add_i = try_mul 1 mul_mid add_i;
    sub_i_jump_lt = try_sub_i 1 plain_sub_i jump_lt;
    add_i_add = try_add_i 1 plain_add_i add;
    add_i_get_index = try_add_i 1 plain_add_i get_index;
    add_i_set_index = try_add_i 1 plain_add_i set_index;
    add_i_set_upvalue = try_add_i 1 plain_add_i set_upvalue;
    add_i_jump_ne_i = try_add_i 1 plain_add_i jump_ne_i;
    sub_i_move = try_sub_i 1 plain_sub_i move_;
    sub_i_call = try_sub_i 1 plain_sub_i call;
    sub_i_band = try_sub_i 1 plain_sub_i band;
    mul_k_mod_k = try_mul_k 1 plain_mul_k mod_k;
    mod_k_set_upvalue = try_mod_k 1 mod_k_mid set_upvalue;
    band_add_i = try_band 1 band_slow add_i;
}

// Triples that end in a call.
handlers! {
    fn move_move_call(vm, pc, base, k, t) {
        do_move(base, pc);
        do_move(base, pc.add(1));
        call::<D>(vm, pc.add(2), base, k, t)
    }
    fn get_upvalue_move_call(vm, pc, base, k, t) {
        do_get_upvalue(base, pc);
        do_move(base, pc.add(1));
        call::<D>(vm, pc.add(2), base, k, t)
    }
    fn get_upvalue_sub_i_call(vm, pc, base, k, t) {
        do_get_upvalue(base, pc);
        if try_sub_i(base, k, pc.add(1)) {
            return call::<D>(vm, pc.add(2), base, k, t);
        }
        plain_sub_i::<D>(vm, pc.add(1), base, k, t)
    }
}

handlers! {
    #[inline(never)]
    fn plain_add_i(vm, pc, base, k, t) { plainly!(AddI, vm, pc, base, k, t) }
    #[inline(never)]
    fn plain_sub_i(vm, pc, base, k, t) { plainly!(SubI, vm, pc, base, k, t) }
    #[inline(never)]
    fn plain_mul_k(vm, pc, base, k, t) { plainly!(MulK, vm, pc, base, k, t) }
    /// `get_field` behind another instruction: unless the VM has written another form over it.
    #[inline(always)]
    fn still_get_field(vm, pc, base, k, t) {
        if field(pc, 0) == Opcode::GetField as u16 {
            return get_field::<D>(vm, pc, base, k, t);
        }
        D::next(vm, pc, base, k, t)
    }
}

#[inline(always)]
unsafe fn do_get_upvalue(base: *mut Value, pc: *const u64) {
    copy(reg(base, pc, 1), &raw const (*upvalue(base, pc, 2)).value);
}

#[inline(always)]
unsafe fn do_move(base: *mut Value, pc: *const u64) {
    copy(reg(base, pc, 1), reg(base, pc, 2));
}

#[inline(always)]
unsafe fn do_load_int(base: *mut Value, pc: *const u64) {
    put_int(reg(base, pc, 1), imm(pc, 2));
}

#[inline(always)]
unsafe fn do_load_true(base: *mut Value, pc: *const u64) {
    (*reg(base, pc, 1)).tag = tag::TRUE;
}

#[inline(always)]
unsafe fn do_load_float(base: *mut Value, pc: *const u64) {
    put_float(reg(base, pc, 1), imm(pc, 2) as f64);
}

#[inline(always)]
unsafe fn try_get_index(base: *mut Value, _k: *const Value, pc: *const u64) -> bool {
    let (object, key) = (reg(base, pc, 2), reg(base, pc, 3));
    if (*object).tag != tag::TABLE || (*key).tag != tag::INT {
        return false;
    }
    element((*object).as_ptr(), (*key).payload, reg(base, pc, 1))
}

#[inline(always)]
unsafe fn try_get_int(base: *mut Value, _k: *const Value, pc: *const u64) -> bool {
    let object = reg(base, pc, 2);
    (*object).tag == tag::TABLE && element((*object).as_ptr(), imm(pc, 3) as u64, reg(base, pc, 1))
}

/// Copies element `i` of the array part, if there is one that is not nil.
#[inline(always)]
unsafe fn element(table: *const Table, i: u64, dst: *mut Value) -> bool {
    if i.wrapping_sub(1) >= u64::from((*table).len) {
        return false;
    }
    let a = (*table).array;
    let tag = *a.add(i as usize - 1);
    if tag == tag::NIL {
        return false;
    }
    (*dst).payload = *a.cast::<u64>().sub(i as usize);
    (*dst).tag = tag;
    true
}

#[inline(always)]
unsafe fn try_get_field(base: *mut Value, _k: *const Value, pc: *const u64) -> bool {
    let object = reg(base, pc, 2);
    if (*object).tag != tag::TABLE {
        return false;
    }
    let table: *const Table = (*object).as_ptr();
    if !cached_shape(table, pc) {
        return false;
    }
    let slot = cached_slot(table, pc);
    let tag = (*slot).tag;
    if tag == tag::NIL {
        return false;
    }
    let dst = reg(base, pc, 1);
    (*dst).payload = (*slot).payload;
    (*dst).tag = tag;
    true
}

#[inline(always)]
unsafe fn try_set_index(base: *mut Value, _k: *const Value, pc: *const u64) -> bool {
    overwrite::<false>(reg(base, pc, 1), reg(base, pc, 2), reg(base, pc, 3))
}

#[inline(always)]
unsafe fn try_set_index_k(base: *mut Value, k: *const Value, pc: *const u64) -> bool {
    overwrite::<true>(reg(base, pc, 1), reg(base, pc, 2), konst(k, pc, 3))
}

/// Stores a value that is not nil over an element of the array part that is not nil. Among constants, booleans are so common that
/// it is worth a test whether the payload matters.
#[inline(always)]
unsafe fn overwrite<const CONSTANT: bool>(object: *const Value, key: *const Value, value: *const Value) -> bool {
    if (*object).tag != tag::TABLE || (*key).tag != tag::INT {
        return false;
    }
    let table: *mut Table = (*object).as_ptr();
    let at = (*key).payload.wrapping_sub(1);
    if (*table).header.gc & GC_BARRIER != 0 || at >= u64::from((*table).len) {
        return false;
    }
    let a = (*table).array;
    let tag = (*value).tag;
    if *a.add(at as usize) == tag::NIL || tag == tag::NIL {
        return false;
    }
    if !CONSTANT || !is_boolean(tag) {
        *a.cast::<u64>().sub(at as usize).sub(1) = (*value).payload;
    }
    *a.add(at as usize) = tag;
    true
}

#[inline(always)]
unsafe fn try_add(base: *mut Value, _k: *const Value, pc: *const u64) -> bool {
    let (a, b, dst) = (reg(base, pc, 2), reg(base, pc, 3), reg(base, pc, 1));
    if (*a).tag | (*b).tag == tag::INT {
        put_int(dst, (*a).as_i64().wrapping_add((*b).as_i64()));
        return true;
    }
    if !both_floats(a, b) {
        return false;
    }
    put_float(dst, (*a).as_f64() + (*b).as_f64());
    true
}

#[inline(always)]
unsafe fn try_mul(base: *mut Value, _k: *const Value, pc: *const u64) -> bool {
    let (a, b, dst) = (reg(base, pc, 2), reg(base, pc, 3), reg(base, pc, 1));
    if both_floats(a, b) {
        put_float(dst, (*a).as_f64() * (*b).as_f64());
        return true;
    }
    if (*a).tag | (*b).tag != tag::INT {
        return false;
    }
    put_int(dst, (*a).as_i64().wrapping_mul((*b).as_i64()));
    true
}

#[inline(always)]
unsafe fn try_add_i(base: *mut Value, _k: *const Value, pc: *const u64) -> bool {
    let a = reg(base, pc, 2);
    if (*a).tag != tag::INT {
        return false;
    }
    put_int(reg(base, pc, 1), (*a).as_i64().wrapping_add(imm(pc, 3)));
    true
}

#[inline(always)]
unsafe fn try_sub_i(base: *mut Value, _k: *const Value, pc: *const u64) -> bool {
    let a = reg(base, pc, 2);
    if (*a).tag != tag::INT {
        return false;
    }
    put_int(reg(base, pc, 1), (*a).as_i64().wrapping_sub(imm(pc, 3)));
    true
}

#[inline(always)]
unsafe fn try_mul_k(base: *mut Value, k: *const Value, pc: *const u64) -> bool {
    let (a, b) = (reg(base, pc, 2), konst(k, pc, 3));
    if (*a).tag | (*b).tag != tag::INT {
        return false;
    }
    put_int(reg(base, pc, 1), (*a).as_i64().wrapping_mul((*b).as_i64()));
    true
}

#[inline(always)]
unsafe fn try_mod_k(base: *mut Value, k: *const Value, pc: *const u64) -> bool {
    let (a, b) = (reg(base, pc, 2), konst(k, pc, 3));
    if (*a).tag | (*b).tag != tag::INT || (*b).as_i64() <= 0 {
        return false;
    }
    put_int(reg(base, pc, 1), int_mod((*a).as_i64(), (*b).as_i64()));
    true
}

#[inline(always)]
unsafe fn try_band(base: *mut Value, _k: *const Value, pc: *const u64) -> bool {
    let (a, b) = (reg(base, pc, 2), reg(base, pc, 3));
    if (*a).tag | (*b).tag != tag::INT {
        return false;
    }
    put_int(reg(base, pc, 1), (*a).as_i64() & (*b).as_i64());
    true
}

/// Pairs of arithmetic on integers or floats. The value between the two goes to its register too, where the code behind may
/// look for it, but the second takes it from the machine's. `$other` is the second's other operand.
macro_rules! chain_handlers {
    ($($name:ident = $first:ident $int:ident $float:tt, $then_int:ident $then_float:tt, $other:literal;)*) => { handlers! { $(
        fn $name(vm, pc, base, k, t) {
            let (a, b) = (reg(base, pc, 2), reg(base, pc, 3));
            if both_floats(a, b) {
                let v = (*a).as_f64() $float (*b).as_f64();
                put_float(reg(base, pc, 1), v);
                let c = reg(base, pc.add(1), $other);
                if (*c).tag == tag::FLOAT {
                    let c = (*c).as_f64();
                    let (x, y) = if $other == 3 { (v, c) } else { (c, v) };
                    put_float(reg(base, pc.add(1), 1), x $then_float y);
                    next!(vm, pc, base, k, t, 2)
                }
                next!(vm, pc, base, k, t, 1)
            }
            if (*a).tag | (*b).tag == tag::INT {
                let v = (*a).as_i64().$int((*b).as_i64());
                put_int(reg(base, pc, 1), v);
                let c = reg(base, pc.add(1), $other);
                if (*c).tag == tag::INT {
                    let c = (*c).as_i64();
                    let (x, y) = if $other == 3 { (v, c) } else { (c, v) };
                    put_int(reg(base, pc.add(1), 1), x.$then_int(y));
                    next!(vm, pc, base, k, t, 2)
                }
                next!(vm, pc, base, k, t, 1)
            }
            plainly!($first, vm, pc, base, k, t)
        }
    )* } };
}

chain_handlers! {
    add_add_lhs = Add wrapping_add +, wrapping_add +, 3;
    add_add_rhs = Add wrapping_add +, wrapping_add +, 2;
    add_sub_lhs = Add wrapping_add +, wrapping_sub -, 3;
    add_sub_rhs = Add wrapping_add +, wrapping_sub -, 2;
    add_mul_lhs = Add wrapping_add +, wrapping_mul *, 3;
    add_mul_rhs = Add wrapping_add +, wrapping_mul *, 2;
    sub_add_lhs = Sub wrapping_sub -, wrapping_add +, 3;
    sub_add_rhs = Sub wrapping_sub -, wrapping_add +, 2;
    sub_sub_lhs = Sub wrapping_sub -, wrapping_sub -, 3;
    sub_sub_rhs = Sub wrapping_sub -, wrapping_sub -, 2;
    sub_mul_lhs = Sub wrapping_sub -, wrapping_mul *, 3;
    sub_mul_rhs = Sub wrapping_sub -, wrapping_mul *, 2;
    mul_add_lhs = Mul wrapping_mul *, wrapping_add +, 3;
    mul_add_rhs = Mul wrapping_mul *, wrapping_add +, 2;
    mul_sub_lhs = Mul wrapping_mul *, wrapping_sub -, 3;
    mul_sub_rhs = Mul wrapping_mul *, wrapping_sub -, 2;
    mul_mul_lhs = Mul wrapping_mul *, wrapping_mul *, 3;
    mul_mul_rhs = Mul wrapping_mul *, wrapping_mul *, 2;
}
