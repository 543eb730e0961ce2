//! Exact conversion between floats and integers.

use crate::Num;

/// What to do with a float that is not integral.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// Refuse it.
    Exact,
    /// Take the integer below.
    Floor,
    /// Take the integer above.
    Ceil,
}

/// The integer that `f` rounds to, or `None` if `f` is NaN, infinite, out of `i64`'s range after
/// rounding, or (under [`Rounding::Exact`]) not integral.
#[inline]
pub fn float_to_integer(f: f64, rounding: Rounding) -> Option<i64> {
    // 2^63 itself is a float, and the first one out of range; NaN fails both comparisons.
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if !(-LIMIT..LIMIT).contains(&f) {
        return None;
    }
    // Towards zero. The conversion back is exact: a float with a fraction is small, and one without is unchanged.
    let i = f as i64;
    let whole = i as f64;
    if whole == f {
        return Some(i);
    }
    match rounding {
        Rounding::Exact => None,
        Rounding::Floor => Some(i - i64::from(whole > f)),
        Rounding::Ceil => Some(i + i64::from(whole < f)),
    }
}

/// The integer equal to `n`, if there is one.
#[inline]
pub fn to_integer(n: Num) -> Option<i64> {
    match n {
        Num::Int(i) => Some(i),
        Num::Float(f) => float_to_integer(f, Rounding::Exact),
    }
}
