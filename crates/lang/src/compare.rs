//! Comparison of numbers of either kind, exact even where a conversion would round.

use crate::{Num, Rounding, float_to_integer};

/// Is `i < f`? False if `f` is NaN.
#[inline]
pub fn int_lt_float(i: i64, f: f64) -> bool {
    if fits_float(i) {
        return (i as f64) < f;
    }
    match float_to_integer(f, Rounding::Ceil) {
        Some(ceil) => i < ceil,
        None => f > 0.0,
    }
}

/// Is `i <= f`? False if `f` is NaN.
#[inline]
pub fn int_le_float(i: i64, f: f64) -> bool {
    if fits_float(i) {
        return (i as f64) <= f;
    }
    match float_to_integer(f, Rounding::Floor) {
        Some(floor) => i <= floor,
        None => f > 0.0,
    }
}

/// Is `f < i`? False if `f` is NaN.
#[inline]
pub fn float_lt_int(f: f64, i: i64) -> bool {
    if fits_float(i) {
        return f < i as f64;
    }
    match float_to_integer(f, Rounding::Floor) {
        Some(floor) => floor < i,
        None => f < 0.0,
    }
}

/// Is `f <= i`? False if `f` is NaN.
#[inline]
pub fn float_le_int(f: f64, i: i64) -> bool {
    if fits_float(i) {
        return f <= i as f64;
    }
    match float_to_integer(f, Rounding::Ceil) {
        Some(ceil) => ceil <= i,
        None => f < 0.0,
    }
}

/// Lua's `a < b` on numbers.
#[inline]
pub fn num_lt(a: Num, b: Num) -> bool {
    match (a, b) {
        (Num::Int(x), Num::Int(y)) => x < y,
        (Num::Float(x), Num::Float(y)) => x < y,
        (Num::Int(x), Num::Float(y)) => int_lt_float(x, y),
        (Num::Float(x), Num::Int(y)) => float_lt_int(x, y),
    }
}

/// Lua's `a <= b` on numbers.
#[inline]
pub fn num_le(a: Num, b: Num) -> bool {
    match (a, b) {
        (Num::Int(x), Num::Int(y)) => x <= y,
        (Num::Float(x), Num::Float(y)) => x <= y,
        (Num::Int(x), Num::Float(y)) => int_le_float(x, y),
        (Num::Float(x), Num::Int(y)) => float_le_int(x, y),
    }
}

/// Lua's `a == b` on numbers: mathematical equality, so an integer equals a float of its value.
#[inline]
pub fn num_eq(a: Num, b: Num) -> bool {
    match (a, b) {
        (Num::Int(x), Num::Int(y)) => x == y,
        (Num::Float(x), Num::Float(y)) => x == y,
        (Num::Int(i), Num::Float(f)) | (Num::Float(f), Num::Int(i)) => float_to_integer(f, Rounding::Exact) == Some(i),
    }
}

/// Does `i` convert to a float without rounding, judged by size alone?
#[inline]
fn fits_float(i: i64) -> bool {
    const EXACT: u64 = 1 << 53;
    (i as u64).wrapping_add(EXACT) <= 2 * EXACT
}
