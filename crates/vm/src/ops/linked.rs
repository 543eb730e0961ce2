//! Handlers of pairs and triples whose instructions hand their result to the next one in a register of the machine (see
//! [`crate::pairs`]).
//!
//! `made_*` is the fast path of a first instruction: its result, or nothing where another path must do it. `taken_*` is that of an
//! instruction behind it, which has one of its operands as `v`; all others it reads where they are, after the first result has been
//! stored, since they may be the same.

use super::pair::plainly;
use super::*;

#[inline(always)]
unsafe fn put(to: *mut Value, v: Value) {
    (*to).payload = v.payload;
    (*to).tag = v.tag;
}

/// Both operands integers, or both floats, or one of each if they may be `MIXED`, which takes a register more.
macro_rules! number_makers {
    ($($name:ident $rhs:ident $int:ident $float:tt;)*) => { $(
        #[inline(always)]
        unsafe fn $name<const MIXED: bool>(base: *mut Value, k: *const Value, pc: *const u64) -> Option<Value> {
            let (a, b) = (reg(base, pc, 2), $rhs(base, k, pc));
            if both_floats(a, b) {
                return Some(Value::float((*a).as_f64() $float (*b).as_f64()));
            }
            if (*a).tag | (*b).tag == tag::INT {
                return Some(Value::int((*a).as_i64().$int((*b).as_i64())));
            }
            if !MIXED {
                return None;
            }
            Some(Value::float(as_float(*a)? $float as_float(*b)?))
        }
    )* };
}

number_makers! {
    made_add register_operand wrapping_add +;
    made_sub register_operand wrapping_sub -;
    made_mul register_operand wrapping_mul *;
    made_mul_k constant_operand wrapping_mul *;
}

/// Two integers.
macro_rules! integer_makers {
    ($($name:ident $rhs:ident |$x:ident, $y:ident| $result:expr;)*) => { $(
        #[inline(always)]
        unsafe fn $name(base: *mut Value, k: *const Value, pc: *const u64) -> Option<Value> {
            let (a, b) = (reg(base, pc, 2), $rhs(base, k, pc));
            let ($x, $y) = ((*a).as_i64(), (*b).as_i64());
            ((*a).tag | (*b).tag == tag::INT).then(|| Value::int($result))
        }
    )* };
}

integer_makers! {
    made_shl register_operand |x, y| shift_left(x, y);
    made_bor register_operand |x, y| x | y;
    made_band_k constant_operand |x, y| x & y;
}

#[inline(always)]
unsafe fn made_mod_k(base: *mut Value, k: *const Value, pc: *const u64) -> Option<Value> {
    taken_mod_k(base, k, pc, *reg(base, pc, 2))
}

#[inline(always)]
unsafe fn made_add_i(base: *mut Value, k: *const Value, pc: *const u64) -> Option<Value> {
    taken_add_i(base, k, pc, *reg(base, pc, 2))
}

#[inline(always)]
unsafe fn made_div(base: *mut Value, _k: *const Value, pc: *const u64) -> Option<Value> {
    let (a, b) = (reg(base, pc, 2), reg(base, pc, 3));
    Some(Value::float(as_float(*a)? / as_float(*b)?))
}

#[inline(always)]
unsafe fn made_div_k(base: *mut Value, k: *const Value, pc: *const u64) -> Option<Value> {
    taken_div_k(base, k, pc, *reg(base, pc, 2))
}

#[inline(always)]
unsafe fn made_get_upvalue(base: *mut Value, _k: *const Value, pc: *const u64) -> Option<Value> {
    let value = &raw const (*upvalue(base, pc, 2)).value;
    Some(Value {
        payload: (*value).payload,
        tag: (*value).tag,
    })
}

#[inline(always)]
unsafe fn made_get_index(base: *mut Value, _k: *const Value, pc: *const u64) -> Option<Value> {
    let (object, key) = (reg(base, pc, 2), reg(base, pc, 3));
    if (*object).tag != tag::TABLE || (*key).tag != tag::INT {
        return None;
    }
    let table: *const Table = (*object).as_ptr();
    let i = (*key).payload;
    if i.wrapping_sub(1) >= u64::from((*table).len) {
        return None;
    }
    let a = (*table).array;
    let tag = *a.add(i as usize - 1);
    (tag != tag::NIL).then(|| Value {
        payload: *a.cast::<u64>().sub(i as usize),
        tag,
    })
}

#[inline(always)]
unsafe fn made_get_field(base: *mut Value, _k: *const Value, pc: *const u64) -> Option<Value> {
    let object = reg(base, pc, 2);
    if (*object).tag != tag::TABLE {
        return None;
    }
    let table: *const Table = (*object).as_ptr();
    if !cached_shape(table, pc) {
        return None;
    }
    let slot = cached_slot(table, pc);
    let tag = (*slot).tag;
    (tag != tag::NIL).then(|| Value {
        payload: (*slot).payload,
        tag,
    })
}

#[inline(always)]
unsafe fn made_false(_base: *mut Value, _k: *const Value, _pc: *const u64) -> Option<Value> {
    Some(Value::FALSE)
}

#[inline(always)]
unsafe fn made_true(_base: *mut Value, _k: *const Value, _pc: *const u64) -> Option<Value> {
    Some(Value::TRUE)
}

#[inline(always)]
fn as_float(v: Value) -> Option<f64> {
    match v.tag {
        tag::FLOAT => Some(v.as_f64()),
        tag::INT => Some(v.as_i64() as f64),
        _ => None,
    }
}

/// An operation on `v` and the other operand, in the order of `$x` and `$y`.
macro_rules! number_takers {
    ($($name:ident $other:literal $int:ident $float:tt;)*) => { $(
        #[inline(always)]
        unsafe fn $name(base: *mut Value, _k: *const Value, pc: *const u64, v: Value) -> Option<Value> {
            let c = reg(base, pc, $other);
            if v.tag == tag::FLOAT {
                let (v, c) = (v.as_f64(), as_float(*c)?);
                let (x, y) = if $other == 3 { (v, c) } else { (c, v) };
                return Some(Value::float(x $float y));
            }
            if v.tag != tag::INT || (*c).tag != tag::INT {
                return None;
            }
            let (x, y) = if $other == 3 { (v.as_i64(), (*c).as_i64()) } else { ((*c).as_i64(), v.as_i64()) };
            Some(Value::int(x.$int(y)))
        }
    )* };
}

number_takers! {
    taken_add_lhs 3 wrapping_add +;
    taken_add_rhs 2 wrapping_add +;
    taken_mul_lhs 3 wrapping_mul *;
    taken_mul_rhs 2 wrapping_mul *;
}

#[inline(always)]
unsafe fn taken_add_i(_base: *mut Value, _k: *const Value, pc: *const u64, v: Value) -> Option<Value> {
    match v.tag {
        tag::FLOAT => Some(Value::float(v.as_f64() + imm(pc, 3) as f64)),
        tag::INT => Some(Value::int(v.as_i64().wrapping_add(imm(pc, 3)))),
        _ => None,
    }
}

#[inline(always)]
unsafe fn taken_mod_k(_base: *mut Value, k: *const Value, pc: *const u64, v: Value) -> Option<Value> {
    let c = konst(k, pc, 3);
    if v.tag != tag::INT || (*c).tag != tag::INT || (*c).as_i64() <= 0 {
        return None;
    }
    Some(Value::int(int_mod(v.as_i64(), (*c).as_i64())))
}

#[inline(always)]
unsafe fn taken_div_k(_base: *mut Value, k: *const Value, pc: *const u64, v: Value) -> Option<Value> {
    Some(Value::float(as_float(v)? / as_float(*konst(k, pc, 3))?))
}

#[inline(always)]
unsafe fn taken_bor_rhs(base: *mut Value, _k: *const Value, pc: *const u64, v: Value) -> Option<Value> {
    let c = reg(base, pc, 2);
    (v.tag == tag::INT && (*c).tag == tag::INT).then(|| Value::int((*c).as_i64() | v.as_i64()))
}

#[inline(always)]
unsafe fn taken_band_k(_base: *mut Value, k: *const Value, pc: *const u64, v: Value) -> Option<Value> {
    let c = konst(k, pc, 3);
    (v.tag == tag::INT && (*c).tag == tag::INT).then(|| Value::int(v.as_i64() & (*c).as_i64()))
}

/// A result that the second instruction computes with.
macro_rules! computing_handlers {
    ($($name:ident = $first:ident $made:path, $taken:ident;)*) => { handlers! { $(
        fn $name(vm, pc, base, k, t) {
            if let Some(v) = $made(base, k, pc) {
                put(reg(base, pc, 1), v);
                let second = pc.add(const { Opcode::$first.words() });
                if let Some(v) = $taken(base, k, second, v) {
                    put(reg(base, second, 1), v);
                    return D::next(vm, second.add(1), base, k, t);
                }
                return D::next(vm, second, base, k, t);
            }
            plainly!($first, vm, pc, base, k, t)
        }
    )* } };
}

computing_handlers! {
    add_add_i = Add made_add::<true>, taken_add_i;
    add_mod_k = Add made_add::<false>, taken_mod_k;
    add_div_k = Add made_add::<false>, taken_div_k;
    add_i_mul_lhs = AddI made_add_i, taken_mul_lhs;
    add_i_mul_rhs = AddI made_add_i, taken_mul_rhs;
    mul_div_k = Mul made_mul::<false>, taken_div_k;
    mul_k_add_lhs = MulK made_mul_k::<false>, taken_add_lhs;
    div_k_add_lhs = DivK made_div_k, taken_add_lhs;
    mod_k_add_lhs = ModK made_mod_k, taken_add_lhs;
    mod_k_add_i = ModK made_mod_k, taken_add_i;
    shl_bor_rhs = Shl made_shl, taken_bor_rhs;
    bor_band_k = BOr made_bor, taken_band_k;
}

/// A result that the second instruction compares, with the register that the other of its first two fields names.
macro_rules! comparing_handlers {
    ($($name:ident = $first:ident $made:path, $other:literal $op:tt $when:literal;)*) => { handlers! { $(
        fn $name(vm, pc, base, k, t) {
            if let Some(v) = $made(base, k, pc) {
                put(reg(base, pc, 1), v);
                let second = pc.add(const { Opcode::$first.words() });
                let c = reg(base, second, $other);
                if v.tag == tag::INT && (*c).tag == tag::INT {
                    let (v, c) = (v.as_i64(), (*c).as_i64());
                    let (x, y) = if $other == 2 { (v, c) } else { (c, v) };
                    jump_if!((x $op y) == $when, vm, second, base, k, t)
                }
                if v.tag == tag::FLOAT && (*c).tag == tag::FLOAT {
                    let (v, c) = (v.as_f64(), (*c).as_f64());
                    let (x, y) = if $other == 2 { (v, c) } else { (c, v) };
                    jump_if!((x $op y) == $when, vm, second, base, k, t)
                }
                return D::next(vm, second, base, k, t);
            }
            plainly!($first, vm, pc, base, k, t)
        }
    )* } };
}

comparing_handlers! {
    add_jump_le = Add made_add::<false>, 2 <= true;
    get_index_jump_lt = GetIndex made_get_index, 2 < true;
    get_index_jump_not_lt = GetIndex made_get_index, 2 < false;
    get_index_jump_gt = GetIndex made_get_index, 1 < true;
    get_index_jump_not_gt = GetIndex made_get_index, 1 < false;
}

/// A result that is returned: where one value is wanted, it goes there at once.
macro_rules! returning_handlers {
    ($($name:ident = $first:ident $made:path;)*) => { handlers! { $(
        fn $name(vm, pc, base, k, t) {
            if let Some(v) = $made(base, k, pc) {
                let frame = base.cast::<u8>();
                if *frame.offset(offset::KIND).cast::<u16>() == FrameKind::Call1 as u16 {
                    let back = *frame.offset(offset::RETURN_PC).cast::<*const u64>();
                    let k = *frame.offset(offset::RETURN_K).cast::<*const Value>();
                    let caller = base.byte_sub(*frame.offset(offset::DISTANCE).cast::<u32>() as usize);
                    put(caller.byte_add(*back.cast::<u16>().sub(1) as usize), v);
                    if D::METERED {
                        pay(&mut (*vm).fuel, behind_return(pc.add(const { Opcode::$first.words() })));
                    }
                    return D::next(vm, back, caller, k, t);
                }
                put(reg(base, pc, 1), v);
                return D::next(vm, pc.add(const { Opcode::$first.words() }), base, k, t);
            }
            plainly!($first, vm, pc, base, k, t)
        }
    )* } };
}

returning_handlers! {
    add_return_1 = Add made_add::<false>;
    add_i_return_1 = AddI made_add_i;
    sub_return_1 = Sub made_sub::<false>;
    mul_return_1 = Mul made_mul::<false>;
    div_return_1 = Div made_div;
    mod_k_return_1 = ModK made_mod_k;
    band_k_return_1 = BAndK made_band_k;
    get_upvalue_return_1 = GetUpvalue made_get_upvalue;
    get_field_return_1 = GetField made_get_field;
    get_index_return_1 = GetIndex made_get_index;
    load_false_return_1 = LoadFalse made_false;
    load_true_return_1 = LoadTrue made_true;
}

handlers! {
    /// An element that decides a branch: of a boolean, the payload is not even fetched.
    fn get_index_jump_if(vm, pc, base, k, t) {
        if let Some(v) = made_get_index(base, k, pc) {
            put(reg(base, pc, 1), v);
            let second = pc.add(1);
            if v.tag != tag::FALSE {
                let to = *second.cast::<i32>().add(1);
                go_by!(to as isize, vm, second.add(1), base, k, t)
            }
            next!(vm, second, base, k, t, 1)
        }
        plainly!(GetIndex, vm, pc, base, k, t)
    }
    fn get_index_jump_if_not(vm, pc, base, k, t) {
        if let Some(v) = made_get_index(base, k, pc) {
            let second = pc.add(1);
            (*reg(base, pc, 1)).tag = v.tag;
            if v.tag == tag::FALSE {
                let to = *second.cast::<i32>().add(1);
                go_by!(to as isize, vm, second.add(1), base, k, t)
            }
            (*reg(base, pc, 1)).payload = v.payload;
            next!(vm, second, base, k, t, 1)
        }
        plainly!(GetIndex, vm, pc, base, k, t)
    }

    /// An element times another number, added to a third: a sum of products.
    fn get_index_mul_add(vm, pc, base, k, t) {
        if let Some(v) = made_get_index(base, k, pc) {
            put(reg(base, pc, 1), v);
            if let Some(v) = taken_mul_rhs(base, k, pc.add(1), v) {
                put(reg(base, pc.add(1), 1), v);
                if let Some(v) = taken_add_rhs(base, k, pc.add(2), v) {
                    put(reg(base, pc.add(2), 1), v);
                    next!(vm, pc, base, k, t, 3)
                }
                next!(vm, pc, base, k, t, 2)
            }
            next!(vm, pc, base, k, t, 1)
        }
        plainly!(GetIndex, vm, pc, base, k, t)
    }

    /// A counter in an upvalue. A number needs no barrier.
    fn get_upvalue_add_i_set_upvalue(vm, pc, base, k, t) {
        if let Some(v) = made_get_upvalue(base, k, pc)
            && let Some(sum) = taken_add_i(base, k, pc.add(1), v)
        {
            put(reg(base, pc, 1), v);
            put(reg(base, pc.add(1), 1), sum);
            put(&raw mut (*upvalue(base, pc.add(2), 1)).value, sum);
            next!(vm, pc, base, k, t, 3)
        }
        plainly!(GetUpvalue, vm, pc, base, k, t)
    }
}

/// A number in a field that changes by another, where both inline caches hit. A number needs no barrier.
macro_rules! changing_handlers {
    ($($name:ident = $taken:ident;)*) => { handlers! { $(
        fn $name(vm, pc, base, k, t) {
            if let Some(v) = made_get_field(base, k, pc) {
                put(reg(base, pc, 1), v);
                let second = pc.add(3);
                if let Some(sum) = $taken(base, k, second, v) {
                    put(reg(base, second, 1), sum);
                    let third = pc.add(4);
                    let object = reg(base, third, 1);
                    if (*object).tag == tag::TABLE && field(third, 0) == Opcode::SetField as u16 {
                        let table: *mut Table = (*object).as_ptr();
                        if cached_shape(table, third) {
                            put(cached_slot(table, third), sum);
                            next!(vm, third, base, k, t, 3)
                        }
                    }
                    return D::next(vm, third, base, k, t);
                }
                return D::next(vm, second, base, k, t);
            }
            plainly!(GetField, vm, pc, base, k, t)
        }
    )* } };
}

changing_handlers! {
    get_field_add_i_set_field = taken_add_i;
    get_field_add_set_field = taken_add_lhs;
}
