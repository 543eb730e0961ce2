//! Arithmetic on numbers exactly as Lua 5.5 does it, and the rules of constant folding.

use std::fmt;

use crate::{ArithOp, Num, Rounding, float_to_integer};

/// Why an arithmetic operation on two numbers has no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ArithError {
    /// `a // 0` on integers.
    DivideByZero,
    /// `a % 0` on integers.
    ModuloByZero,
    /// A bitwise operand is a float without an exact integer.
    NoInteger,
}

impl fmt::Display for ArithError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ArithError::DivideByZero => "attempt to divide by zero",
            ArithError::ModuloByZero => "attempt to perform 'n%0'",
            ArithError::NoInteger => "number has no integer representation",
        })
    }
}

impl std::error::Error for ArithError {}

/// `a // b` on integers, rounded to minus infinity; `i64::MIN // -1` wraps.
///
/// # Errors
/// [`ArithError::DivideByZero`] if `b` is 0.
#[inline]
pub fn int_floor_div(a: i64, b: i64) -> Result<i64, ArithError> {
    if b == 0 {
        return Err(ArithError::DivideByZero);
    }
    let quotient = a.wrapping_div(b);
    let inexact = a.wrapping_rem(b) != 0;
    Ok(if inexact && (a ^ b) < 0 { quotient - 1 } else { quotient })
}

/// `a % b` on integers; a nonzero result has the sign of `b`.
///
/// # Errors
/// [`ArithError::ModuloByZero`] if `b` is 0.
#[inline]
pub fn int_modulo(a: i64, b: i64) -> Result<i64, ArithError> {
    if b == 0 {
        return Err(ArithError::ModuloByZero);
    }
    let rest = a.wrapping_rem(b);
    Ok(if rest != 0 && (rest ^ b) < 0 { rest + b } else { rest })
}

/// `a // b` on floats.
#[inline]
pub fn float_floor_div(a: f64, b: f64) -> f64 {
    (a / b).floor()
}

/// `a % b` on floats: C's `fmod`, corrected so that a nonzero result has the sign of `b`.
#[inline]
pub fn float_modulo(a: f64, b: f64) -> f64 {
    let rest = remainder(a, b);
    let wrong_sign = if rest > 0.0 {
        b < 0.0
    } else {
        rest < 0.0 && rest != b && b > 0.0
    };
    if wrong_sign { rest + b } else { rest }
}

/// C's `fmod`. Of whole numbers that integers hold exactly, it is the remainder of those, which takes a fraction of the time.
#[inline]
fn remainder(a: f64, b: f64) -> f64 {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if a.abs() < EXACT && b.abs() < EXACT {
        let (x, y) = (a as i64, b as i64);
        if y != 0 && x as f64 == a && y as f64 == b {
            return (x.wrapping_rem(y) as f64).copysign(a);
        }
    }
    a % b
}

/// `a ^ b`.
#[inline]
pub fn float_pow(a: f64, b: f64) -> f64 {
    // Squares are common; the general power is two orders slower and gives the same bits.
    if b == 2.0 { a * a } else { a.powf(b) }
}

/// `a << b`: a logical shift; a negative `b` shifts right, and 64 or more bits give 0.
#[inline]
pub fn shift_left(a: i64, b: i64) -> i64 {
    if b >= 0 {
        if b < 64 { ((a as u64) << b) as i64 } else { 0 }
    } else if b > -64 {
        ((a as u64) >> -b) as i64
    } else {
        0
    }
}

/// `a >> b`: a logical shift; a negative `b` shifts left, and 64 or more bits give 0.
#[inline]
pub fn shift_right(a: i64, b: i64) -> i64 {
    // Wrapping keeps `i64::MIN` a huge count of either sign, which gives 0 both ways.
    shift_left(a, b.wrapping_neg())
}

/// Does `op` on two numbers, as `lua_arith` without metamethods. Unary operations ignore `b`.
///
/// # Errors
/// Integer division or modulo by zero, and bitwise operations on floats without an exact
/// integer.
pub fn arith(op: ArithOp, a: Num, b: Num) -> Result<Num, ArithError> {
    use ArithOp::*;
    if op.is_bitwise() {
        let (Some(x), Some(y)) = (exact_integer(a), exact_integer(b)) else {
            return Err(ArithError::NoInteger);
        };
        return Ok(Num::Int(match op {
            BAnd => x & y,
            BOr => x | y,
            BXor => x ^ y,
            Shl => shift_left(x, y),
            Shr => shift_right(x, y),
            _ => !x,
        }));
    }
    if let (Num::Int(x), Num::Int(y)) = (a, b) {
        let int = match op {
            Add => x.wrapping_add(y),
            Sub => x.wrapping_sub(y),
            Mul => x.wrapping_mul(y),
            Mod => int_modulo(x, y)?,
            IDiv => int_floor_div(x, y)?,
            Unm => x.wrapping_neg(),
            _ => return Ok(Num::Float(float_arith(op, x as f64, y as f64))),
        };
        return Ok(Num::Int(int));
    }
    Ok(Num::Float(float_arith(op, a.to_float(), b.to_float())))
}

fn float_arith(op: ArithOp, a: f64, b: f64) -> f64 {
    match op {
        ArithOp::Add => a + b,
        ArithOp::Sub => a - b,
        ArithOp::Mul => a * b,
        ArithOp::Mod => float_modulo(a, b),
        ArithOp::Pow => float_pow(a, b),
        ArithOp::Div => a / b,
        ArithOp::IDiv => float_floor_div(a, b),
        ArithOp::Unm => -a,
        _ => unreachable!("bitwise operations have no float form"),
    }
}

fn exact_integer(n: Num) -> Option<i64> {
    match n {
        Num::Int(i) => Some(i),
        Num::Float(f) => float_to_integer(f, Rounding::Exact),
    }
}

/// Folds `op` on two constants, or refuses.
///
/// The rules are those of the reference compiler: no division or modulo by zero (not even of
/// floats), no bitwise operation on floats without an exact integer, and no float result that is
/// NaN or zero, since constants could not tell `0.0` from `-0.0`. Unary operations ignore `b`.
pub fn fold_arith(op: ArithOp, a: Num, b: Num) -> Option<Num> {
    if matches!(op, ArithOp::Div | ArithOp::IDiv | ArithOp::Mod) && b.to_float() == 0.0 {
        return None;
    }
    match arith(op, a, b).ok()? {
        Num::Float(f) if f.is_nan() || f == 0.0 => None,
        result => Some(result),
    }
}
