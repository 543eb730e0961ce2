//! Handlers of arithmetic.

use super::*;

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
}

/// Powers: squares here, all others by a call of the C library in a handler of their own.
macro_rules! pow_ops {
    ($($name:ident $mid:ident $slow:ident $rhs:ident;)*) => { handlers! { $(
        fn $name(vm, pc, base, k, t) {
            let (a, b) = (reg(base, pc, 2), $rhs(base, k, pc));
            if (*a).tag == tag::FLOAT
                && ((*b).tag == tag::INT && (*b).as_i64() == 2 || (*b).tag == tag::FLOAT && (*b).as_f64() == 2.0)
            {
                let x = (*a).as_f64();
                put_float(reg(base, pc, 1), x * x);
                next!(vm, pc, base, k, t, 1)
            }
            $mid::<D>(vm, pc, base, k, t)
        }
        #[inline(never)]
        fn $mid(vm, pc, base, k, t) {
            let (a, b) = (reg(base, pc, 2), $rhs(base, k, pc));
            let x = as_float!(a, $slow::<D>(vm, pc, base, k, t));
            let y = as_float!(b, $slow::<D>(vm, pc, base, k, t));
            put_float(reg(base, pc, 1), if y == 2.0 { x * x } else { float_pow(x, y) });
            next!(vm, pc, base, k, t, 1)
        }
    )* } };
}

#[inline(always)]
pub(super) unsafe fn register_operand(base: *mut Value, _k: *const Value, pc: *const u64) -> *const Value {
    reg(base, pc, 3)
}
#[inline(always)]
pub(super) unsafe fn constant_operand(_base: *mut Value, k: *const Value, pc: *const u64) -> *const Value {
    konst(k, pc, 3)
}

pow_ops! {
    pow pow_mid pow_slow register_operand;
    pow_k pow_k_mid pow_k_slow constant_operand;
}

/// Floor division and modulo: integers where the divisor is positive; floats, which call the C library, in handlers of their own,
/// so that integers need not save registers for that.
macro_rules! floor_ops {
    ($($reg_op:ident $k_op:ident $slow:ident $k_slow:ident $mid:ident $k_mid:ident $int:ident $float:ident;)*) => { handlers! { $(
        fn $reg_op(vm, pc, base, k, t) {
            let (a, b) = (reg(base, pc, 2), reg(base, pc, 3));
            if (*a).tag | (*b).tag == tag::INT && (*b).as_i64() > 0 {
                put_int(reg(base, pc, 1), $int((*a).as_i64(), (*b).as_i64()));
                next!(vm, pc, base, k, t, 1)
            }
            $mid::<D>(vm, pc, base, k, t)
        }
        #[inline(never)]
        fn $mid(vm, pc, base, k, t) {
            let (a, b) = (reg(base, pc, 2), reg(base, pc, 3));
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
            $k_mid::<D>(vm, pc, base, k, t)
        }
        #[inline(never)]
        fn $k_mid(vm, pc, base, k, t) {
            let (a, b) = (reg(base, pc, 2), konst(k, pc, 3));
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
pub(super) unsafe fn int_mod(a: i64, b: i64) -> i64 {
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
    mod_ mod_k mod_slow mod_k_slow mod_mid mod_k_mid int_mod float_modulo;
    idiv idiv_k idiv_slow idiv_k_slow idiv_mid idiv_k_mid int_div float_floor_div;
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
