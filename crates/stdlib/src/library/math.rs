//! `math`.

use perilune_lang::{Num, Rounding, float_to_integer};
use perilune_vm::{Ctx, NativeFn, Raised, Returns, Table, Val};

use crate::random::{Random, entropy};

const FUNCTIONS: &[(&str, NativeFn)] = &[
    ("abs", abs),
    ("acos", |ctx| float_function(ctx, f64::acos)),
    ("asin", |ctx| float_function(ctx, f64::asin)),
    ("atan", atan),
    ("ceil", ceil),
    ("cos", |ctx| float_function(ctx, f64::cos)),
    ("deg", |ctx| float_function(ctx, |f| f * (180.0 / std::f64::consts::PI))),
    ("exp", |ctx| float_function(ctx, f64::exp)),
    ("floor", floor),
    ("fmod", fmod),
    ("frexp", frexp),
    ("ldexp", ldexp),
    ("log", log),
    ("max", max),
    ("min", min),
    ("modf", modf),
    ("rad", |ctx| float_function(ctx, |f| f * (std::f64::consts::PI / 180.0))),
    ("random", random),
    ("randomseed", randomseed),
    ("sin", |ctx| float_function(ctx, f64::sin)),
    ("sqrt", |ctx| float_function(ctx, f64::sqrt)),
    ("tan", |ctx| float_function(ctx, f64::tan)),
    ("tointeger", tointeger),
    ("type", type_),
    ("ult", ult),
];

/// What is left of 5.2.
const OLD_FUNCTIONS: &[(&str, NativeFn)] = &[
    ("cosh", |ctx| float_function(ctx, f64::cosh)),
    ("log10", |ctx| float_function(ctx, f64::log10)),
    ("pow", |ctx| {
        let (x, y) = (ctx.check_float(0)?, ctx.check_float(1)?);
        ctx.ret_float(perilune_lang::float_pow(x, y))
    }),
    ("sinh", |ctx| float_function(ctx, f64::sinh)),
    ("tanh", |ctx| float_function(ctx, f64::tanh)),
];

/// Fills the table `math`.
pub(super) fn open(ctx: &Ctx<'_>, math: Table<'_>) -> Result<(), Raised> {
    ctx.set_functions(math, FUNCTIONS)?;
    if ctx.std().old_math_functions() {
        ctx.set_functions(math, OLD_FUNCTIONS)?;
        math.set_str(ctx, "atan2", math.get_str(ctx, b"atan")?)?;
    }
    math.set_str(ctx, "pi", Val::float(std::f64::consts::PI))?;
    math.set_str(ctx, "huge", Val::float(f64::INFINITY))?;
    math.set_str(ctx, "maxinteger", Val::int(i64::MAX))?;
    math.set_str(ctx, "mininteger", Val::int(i64::MIN))
}

fn float_function(ctx: &Ctx<'_>, f: fn(f64) -> f64) -> Result<Returns, Raised> {
    let x = ctx.check_float(0)?;
    ctx.ret_float(f(x))
}

/// Pushes an integral float, as an integer if it fits.
fn push_integral(ctx: &Ctx<'_>, f: f64) -> Result<(), Raised> {
    match float_to_integer(f, Rounding::Exact) {
        Some(i) => ctx.push(Val::int(i)),
        None => ctx.push(Val::float(f)),
    }
}

fn abs(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    match ctx.arg(0).as_int() {
        Some(i) => ctx.ret_int(i.wrapping_abs()),
        None => float_function(ctx, f64::abs),
    }
}

fn atan(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let y = ctx.check_float(0)?;
    let x = ctx.opt_float(1, 1.0)?;
    ctx.ret_float(y.atan2(x))
}

fn ceil(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    if let Some(i) = ctx.arg(0).as_int() {
        return ctx.ret_int(i);
    }
    push_integral(ctx, ctx.check_float(0)?.ceil())?;
    Ok(Returns(1))
}

fn floor(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    if let Some(i) = ctx.arg(0).as_int() {
        return ctx.ret_int(i);
    }
    push_integral(ctx, ctx.check_float(0)?.floor())?;
    Ok(Returns(1))
}

fn fmod(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    if let (Some(a), Some(b)) = (ctx.arg(0).as_int(), ctx.arg(1).as_int()) {
        if b == 0 {
            return Err(ctx.arg_error(1, "zero"));
        }
        return ctx.ret_int(a.wrapping_rem(b));
    }
    // The reference's compiler evaluates the second argument's check first.
    let b = ctx.check_float(1)?;
    let a = ctx.check_float(0)?;
    ctx.ret_float(a % b)
}

/// Splits a float into a fraction in `[0.5, 1)` and a power of two.
fn split_float(x: f64) -> (f64, i64) {
    if x == 0.0 || !x.is_finite() {
        return (x, 0);
    }
    let exponent = |x: f64| (x.to_bits() >> 52 & 0x7ff) as i64;
    // Subnormals are brought to the normal range first.
    let (x, shift) = if exponent(x) == 0 {
        (x * 2f64.powi(64), 64)
    } else {
        (x, 0)
    };
    let fraction = f64::from_bits(x.to_bits() & !(0x7ff << 52) | 1022 << 52);
    (fraction, exponent(x) - 1022 - shift)
}

fn frexp(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let (fraction, exponent) = split_float(ctx.check_float(0)?);
    ctx.push(Val::float(fraction))?;
    ctx.push(Val::int(exponent))?;
    Ok(Returns(2))
}

/// `x * 2^exponent`, rounded once.
fn scale_float(x: f64, exponent: i64) -> f64 {
    if x == 0.0 || !x.is_finite() {
        return x;
    }
    let (fraction, own) = split_float(x);
    let power = own.saturating_add(exponent);
    if power > 1100 {
        return fraction * f64::INFINITY;
    }
    if power < -1200 {
        return fraction * 0.0;
    }
    // At most the last product rounds: the first two factors keep the value normal.
    let power = power as i32;
    if power >= -1021 {
        let half = power / 2;
        fraction * 2f64.powi(half) * 2f64.powi(power - half)
    } else {
        fraction * 2f64.powi(-1000) * 2f64.powi(power + 1000)
    }
}

fn ldexp(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let x = ctx.check_float(0)?;
    // The reference narrows the exponent to a C `int`.
    let exponent = i64::from(ctx.check_int(1)? as i32);
    ctx.ret_float(scale_float(x, exponent))
}

fn log(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let x = ctx.check_float(0)?;
    if ctx.is_none_or_nil(1) {
        return ctx.ret_float(x.ln());
    }
    let base = ctx.check_float(1)?;
    ctx.ret_float(match base {
        2.0 => x.log2(),
        10.0 => x.log10(),
        _ => x.ln() / base.ln(),
    })
}

fn max(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    extreme(ctx, |ctx, candidate, best| ctx.less_than(best, candidate))
}

fn min(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    extreme(ctx, |ctx, candidate, best| ctx.less_than(candidate, best))
}

#[inline(always)]
fn extreme(
    ctx: &mut Ctx<'_>,
    better: fn(&mut Ctx<'_>, usize, usize) -> Result<bool, Raised>,
) -> Result<Returns, Raised> {
    let count = ctx.nargs();
    if count == 0 {
        return Err(ctx.arg_error(0, "value expected"));
    }
    let mut best = 0;
    for candidate in 1..count {
        if better(ctx, candidate, best)? {
            best = candidate;
        }
    }
    ctx.ret(ctx.arg(best))
}

fn modf(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    if let Some(i) = ctx.arg(0).as_int() {
        ctx.push(Val::int(i))?;
        ctx.push(Val::float(0.0))?;
        return Ok(Returns(2));
    }
    let f = ctx.check_float(0)?;
    let whole = f.trunc();
    push_integral(ctx, whole)?;
    // Infinities have no fraction.
    ctx.push(Val::float(if f == whole { 0.0 } else { f - whole }))?;
    Ok(Returns(2))
}

fn tointeger(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    match ctx.arg(0).to_int() {
        Some(i) => ctx.ret_int(i),
        None => {
            ctx.check_any(0)?;
            ctx.ret_nil()
        }
    }
}

fn type_(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    match ctx.arg(0).as_num() {
        Some(Num::Int(_)) => ctx.ret_str(b"integer"),
        Some(Num::Float(_)) => ctx.ret_str(b"float"),
        None => {
            ctx.check_any(0)?;
            ctx.ret_nil()
        }
    }
}

fn ult(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let a = ctx.check_int(0)?;
    let b = ctx.check_int(1)?;
    ctx.ret_bool((a as u64) < b as u64)
}

/// The generator of one VM.
struct Generator(Random);

impl Default for Generator {
    fn default() -> Generator {
        Generator(Random::from_entropy())
    }
}

fn random(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let state = ctx.state::<Generator>();
    let bits = state.borrow_mut().0.next_u64();
    let (low, high) = match ctx.nargs() {
        0 => return ctx.ret_float(Random::float(bits)),
        1 => match ctx.check_int(0)? {
            0 => return ctx.ret_int(bits as i64),
            high => (1, high),
        },
        2 => (ctx.check_int(0)?, ctx.check_int(1)?),
        _ => return Err(ctx.error("wrong number of arguments")),
    };
    if low > high {
        return Err(ctx.arg_error(0, "interval is empty"));
    }
    let offset = state
        .borrow_mut()
        .0
        .project(bits, (high as u64).wrapping_sub(low as u64));
    ctx.ret_int((low as u64).wrapping_add(offset) as i64)
}

fn randomseed(ctx: &mut Ctx<'_>) -> Result<Returns, Raised> {
    let state = ctx.state::<Generator>();
    let (first, second) = if ctx.is_none(0) {
        (entropy(), state.borrow_mut().0.next_u64())
    } else {
        (ctx.check_int(0)? as u64, ctx.opt_int(1, 0)? as u64)
    };
    state.borrow_mut().0 = Random::from_seed(first, second);
    ctx.push(Val::int(first as i64))?;
    ctx.push(Val::int(second as i64))?;
    Ok(Returns(2))
}

#[cfg(test)]
mod tests {
    use super::{scale_float, split_float};

    #[test]
    fn floats_split_and_scale() {
        assert_eq!(split_float(10.0), (0.625, 4));
        assert_eq!(split_float(-0.5), (-0.5, 0));
        assert_eq!(split_float(0.0), (0.0, 0));
        assert_eq!(split_float(f64::from_bits(1)), (0.5, -1073));
        assert_eq!(split_float(f64::INFINITY), (f64::INFINITY, 0));
        for x in [1.0, -3.7, 1e300, 1e-300, f64::from_bits(1), f64::MAX, f64::MIN_POSITIVE] {
            let (fraction, exponent) = split_float(x);
            assert!((0.5..1.0).contains(&fraction.abs()));
            assert_eq!(scale_float(fraction, exponent), x);
        }
        assert_eq!(scale_float(1.0, 1024), f64::INFINITY);
        assert_eq!(scale_float(-1.0, i64::from(i32::MAX)), f64::NEG_INFINITY);
        assert_eq!(scale_float(1.0, -1074), f64::from_bits(1));
        assert_eq!(scale_float(1.0, -1075), 0.0);
        assert_eq!(scale_float(1.0, i64::from(i32::MIN)), 0.0);
        assert_eq!(scale_float(f64::from_bits(1), 1074), 1.0);
    }
}
