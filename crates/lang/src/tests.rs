//! Known values of the shared arithmetic.

mod laws;
mod printf_cases;
mod text;

use crate::ArithOp::*;
use crate::*;

const MIN: i64 = i64::MIN;
const MAX: i64 = i64::MAX;
/// 2^63, the first float past the integers.
const TWO63: f64 = 9_223_372_036_854_775_808.0;

fn int(i: i64) -> Num {
    Num::Int(i)
}

fn float(f: f64) -> Num {
    Num::Float(f)
}

#[test]
fn integers_wrap() {
    assert_eq!(arith(Add, int(MAX), int(1)), Ok(int(MIN)));
    assert_eq!(arith(Sub, int(MIN), int(1)), Ok(int(MAX)));
    assert_eq!(arith(Mul, int(MIN), int(-1)), Ok(int(MIN)));
    assert_eq!(arith(Unm, int(MIN), int(0)), Ok(int(MIN)));
}

#[test]
fn integer_division_rounds_down() {
    let cases = [
        (7, 2, 3, 1),
        (-7, 2, -4, 1),
        (7, -2, -4, -1),
        (-7, -2, 3, -1),
        (6, 3, 2, 0),
        (-6, 3, -2, 0),
        (MIN, -1, MIN, 0),
        (MIN, 1, MIN, 0),
        (0, -5, 0, 0),
        (MAX, MIN, -1, -1),
    ];
    for (a, b, quotient, rest) in cases {
        assert_eq!(int_floor_div(a, b), Ok(quotient), "{a} // {b}");
        assert_eq!(int_modulo(a, b), Ok(rest), "{a} % {b}");
    }
    assert_eq!(int_floor_div(1, 0), Err(ArithError::DivideByZero));
    assert_eq!(int_modulo(1, 0), Err(ArithError::ModuloByZero));
    assert_eq!(ArithError::DivideByZero.to_string(), "attempt to divide by zero");
    assert_eq!(ArithError::ModuloByZero.to_string(), "attempt to perform 'n%0'");
}

#[test]
fn float_modulo_has_the_sign_of_the_divisor() {
    let inf = f64::INFINITY;
    let cases = [
        (5.5, 2.0, 1.5),
        (-5.5, 2.0, 0.5),
        (5.5, -2.0, -0.5),
        (-5.5, -2.0, -1.5),
        (1.0, inf, 1.0),
    ];
    for (a, b, rest) in cases {
        assert_eq!(float_modulo(a, b), rest, "{a} % {b}");
    }
    assert_eq!(float_modulo(-1.0, inf), inf);
    assert_eq!(float_modulo(1.0, -inf), -inf);
    assert!(float_modulo(1.0, 0.0).is_nan());
    assert!(float_modulo(inf, 2.0).is_nan());
    assert!(float_modulo(-0.0, 3.0).is_sign_negative());
    // Whole numbers take another way; the bits are those of `fmod`, the sign of zero included.
    let whole = [
        0.0,
        -0.0,
        1.0,
        -1.0,
        2.0,
        -3.0,
        7.0,
        1e15,
        -9_007_199_254_740_991.0,
        9_007_199_254_740_992.0,
        1e300,
    ];
    for a in whole {
        for b in whole {
            let rest: f64 = a % b;
            let corrected = if rest != 0.0 && rest.is_sign_negative() != b.is_sign_negative() {
                rest + b
            } else {
                rest
            };
            let found = float_modulo(a, b);
            assert!(
                found.to_bits() == corrected.to_bits() || found.is_nan() && corrected.is_nan(),
                "{a} % {b}"
            );
        }
    }
    assert_eq!(float_floor_div(-5.5, 2.0), -3.0);
    assert_eq!(arith(IDiv, int(1), float(0.0)), Ok(float(inf)));
}

#[test]
fn division_and_power_are_of_floats() {
    assert_eq!(arith(Div, int(1), int(2)), Ok(float(0.5)));
    assert_eq!(arith(Pow, int(2), int(10)), Ok(float(1024.0)));
    assert_eq!(arith(Pow, int(2), int(-1)), Ok(float(0.5)));
    assert_eq!(arith(Add, int(1), float(0.5)), Ok(float(1.5)));
}

#[test]
fn shifts_are_logical() {
    let cases = [
        (1, 63, MIN),
        (1, 64, 0),
        (-1, 1, -2),
        (-1, -1, MAX),
        (-1, -63, 1),
        (-1, -64, 0),
        (1, MIN, 0),
        (1, MAX, 0),
    ];
    for (a, count, expected) in cases {
        assert_eq!(shift_left(a, count), expected, "{a} << {count}");
    }
    assert_eq!(shift_right(-1, 60), 15);
    assert_eq!(shift_right(1, -4), 16);
    assert_eq!(shift_right(-1, MIN), 0);
}

#[test]
fn bitwise_operations_take_integral_floats() {
    assert_eq!(arith(BAnd, float(6.0), int(3)), Ok(int(2)));
    assert_eq!(arith(BOr, float(-1.0), int(0)), Ok(int(-1)));
    assert_eq!(arith(BXor, int(6), int(3)), Ok(int(5)));
    assert_eq!(arith(BNot, int(0), int(0)), Ok(int(-1)));
    assert_eq!(arith(Shl, float(1.5), int(1)), Err(ArithError::NoInteger));
    assert_eq!(arith(Shr, float(TWO63), int(1)), Err(ArithError::NoInteger));
}

#[test]
fn folding_refuses_what_constants_cannot_hold() {
    assert_eq!(fold_arith(Add, int(1), int(2)), Some(int(3)));
    assert_eq!(fold_arith(Mul, float(1.5), int(2)), Some(float(3.0)));
    assert_eq!(fold_arith(Unm, int(0), int(0)), Some(int(0)));
    assert_eq!(fold_arith(Shl, int(1), int(70)), Some(int(0)));
    assert_eq!(fold_arith(Div, int(1), int(4)), Some(float(0.25)));
    for (op, a, b) in [
        (Div, int(1), int(0)),
        (IDiv, int(1), int(0)),
        (Mod, int(1), int(0)),
        (Div, float(1.0), float(0.0)),
        (Mod, float(1.0), float(-0.0)),
        (Unm, float(0.0), int(0)),
        (Mul, float(0.0), int(1)),
        (Sub, float(f64::INFINITY), float(f64::INFINITY)),
        (BAnd, float(1.5), int(1)),
        (Div, int(0), int(5)),
    ] {
        assert_eq!(fold_arith(op, a, b), None, "{a:?} {} {b:?}", op.symbol());
    }
    assert_eq!(fold_arith(Pow, int(10), int(400)), Some(float(f64::INFINITY)));
}

#[test]
fn comparison_is_exact_between_kinds() {
    let big = (1i64 << 53) + 1;
    let rounded = (1i64 << 53) as f64;
    assert!(!int_lt_float(big, rounded));
    assert!(float_lt_int(rounded, big));
    assert!(!int_le_float(big, rounded));
    assert!(float_le_int(rounded, big));
    assert!(int_lt_float(MAX, TWO63));
    assert!(!float_le_int(TWO63, MAX));
    assert!(!int_lt_float(MIN, -TWO63));
    assert!(int_le_float(MIN, -TWO63));
    assert!(float_le_int(-TWO63, MIN));
    assert!(int_lt_float(MAX, f64::INFINITY));
    assert!(!int_lt_float(MIN, f64::NEG_INFINITY));
    assert!(int_lt_float(1, 1.5) && !int_lt_float(2, 1.5));
    for i in [0, MIN, MAX, big] {
        assert!(!int_lt_float(i, f64::NAN) && !int_le_float(i, f64::NAN));
        assert!(!float_lt_int(f64::NAN, i) && !float_le_int(f64::NAN, i));
    }
    assert!(num_eq(int(1), float(1.0)));
    assert!(!num_eq(int(big), float(rounded)));
    assert!(!num_eq(int(MAX), float(TWO63)));
    assert!(num_lt(int(1), int(2)) && num_le(float(1.0), float(1.0)));
}

#[test]
fn floats_convert_only_exactly() {
    assert_eq!(float_to_integer(3.0, Rounding::Exact), Some(3));
    assert_eq!(float_to_integer(3.5, Rounding::Exact), None);
    assert_eq!(float_to_integer(3.5, Rounding::Floor), Some(3));
    assert_eq!(float_to_integer(-3.5, Rounding::Floor), Some(-4));
    assert_eq!(float_to_integer(-3.5, Rounding::Ceil), Some(-3));
    assert_eq!(float_to_integer(-TWO63, Rounding::Exact), Some(MIN));
    assert_eq!(float_to_integer(TWO63, Rounding::Floor), None);
    assert_eq!(float_to_integer(f64::NAN, Rounding::Floor), None);
    assert_eq!(float_to_integer(f64::INFINITY, Rounding::Ceil), None);
    assert_eq!(to_integer(float(-0.0)), Some(0));
}

fn number(n: Num) -> ForValue {
    ForValue::Number(n)
}

fn for_ints(start: i64, limit: i64, step: i64) -> ForLoop {
    prepare_for(number(int(start)), number(int(limit)), number(int(step))).expect("numbers")
}

#[test]
fn integer_loops_are_counted() {
    let count = |start, limit, step| match for_ints(start, limit, step) {
        ForLoop::Int { count, .. } => Some(count),
        _ => None,
    };
    assert_eq!(count(1, 10, 1), Some(9));
    assert_eq!(count(1, 10, 3), Some(3));
    assert_eq!(count(10, 1, -3), Some(3));
    assert_eq!(count(1, 0, 1), None);
    assert_eq!(count(0, 1, -1), None);
    assert_eq!(count(MIN, MAX, 1), Some(u64::MAX));
    assert_eq!(count(MAX, MIN, MIN), Some(1));
    assert_eq!(count(MAX - 1, MAX, 2), Some(0));
}

#[test]
fn float_limits_are_clipped() {
    let run =
        |start, limit, step| prepare_for(number(int(start)), number(float(limit)), number(int(step))).expect("numbers");
    assert_eq!(run(1, 3.7, 1), for_ints(1, 3, 1));
    assert_eq!(run(3, 0.5, -1), for_ints(3, 1, -1));
    assert_eq!(run(1, 1e100, 1), for_ints(1, MAX, 1));
    assert_eq!(run(1, -1e100, -1), for_ints(1, MIN, -1));
    assert_eq!(run(MIN, -1e100, 1), ForLoop::Skip);
    assert_eq!(run(MAX, 1e100, -1), ForLoop::Skip);
    assert_eq!(run(1, f64::NAN, 1), ForLoop::Skip);
    assert_eq!(run(1, f64::NAN, -1), for_ints(1, MIN, -1));
}

#[test]
fn float_loops_and_strings() {
    let one = number(int(1));
    let half = number(float(0.5));
    assert_eq!(
        prepare_for(one, number(int(2)), half),
        Ok(ForLoop::Float {
            start: 1.0,
            limit: 2.0,
            step: 0.5
        })
    );
    // A string makes the loop one of floats, unless it is the limit.
    assert_eq!(
        prepare_for(ForValue::Coerced(int(1)), number(int(2)), one),
        Ok(ForLoop::Float {
            start: 1.0,
            limit: 2.0,
            step: 1.0
        })
    );
    assert_eq!(prepare_for(one, ForValue::Coerced(int(2)), one), Ok(for_ints(1, 2, 1)));
    assert_eq!(prepare_for(number(float(2.0)), one, one), Ok(ForLoop::Skip));
    assert_eq!(float_for_next(1.0, 2.0, 0.5), Some(1.5));
    assert_eq!(float_for_next(2.0, 2.0, 0.5), None);
    assert_eq!(float_for_next(1.0, 0.5, -0.5), Some(0.5));
}

#[test]
fn loops_refuse_in_order() {
    let one = number(int(1));
    let other = ForValue::Other;
    assert_eq!(prepare_for(one, other, one), Err(ForError::Limit));
    assert_eq!(prepare_for(other, other, other), Err(ForError::Limit));
    assert_eq!(prepare_for(other, one, other), Err(ForError::Step));
    assert_eq!(prepare_for(other, one, one), Err(ForError::Initial));
    assert_eq!(prepare_for(one, other, number(int(0))), Err(ForError::ZeroStep));
    assert_eq!(prepare_for(one, one, number(float(0.0))), Err(ForError::ZeroStep));
    let message = ForError::Limit.message("table");
    assert_eq!(message, "bad 'for' limit (number expected, got table)");
    assert_eq!(ForError::ZeroStep.message("number"), "'for' step is zero");
}

#[test]
fn chunk_names_show_as_in_messages() {
    let show = |name: &[u8]| String::from_utf8(chunk_display(name)).expect("text");
    assert_eq!(show(b"=stdin"), "stdin");
    assert_eq!(show(b"@file.lua"), "file.lua");
    assert_eq!(show(b"x = 1"), "[string \"x = 1\"]");
    assert_eq!(show(b"x = 1\ny = 2"), "[string \"x = 1...\"]");
    assert_eq!(show(b""), "[string \"\"]");
    let long = [b'a'; 100];
    assert_eq!(show(&[b"=", &long[..]].concat()), "a".repeat(59));
    assert_eq!(show(&[b"@", &long[..]].concat()), format!("...{}", "a".repeat(56)));
    assert_eq!(show(&[b"@", &long[..59]].concat()), "a".repeat(59));
    assert_eq!(show(&long), format!("[string \"{}...\"]", "a".repeat(45)));
    assert_eq!(show(&long[..44]), format!("[string \"{}\"]", "a".repeat(44)));
    assert_eq!(show(&long[..45]), format!("[string \"{}...\"]", "a".repeat(45)));
}

#[test]
fn versions_differ_where_they_should() {
    assert_eq!(Std::default(), Std::V5_5);
    assert_eq!("5.4".parse(), Ok(Std::V5_4));
    assert_eq!("5.1".parse::<Std>(), Err(UnknownStd("5.1".to_owned())));
    assert_eq!(Std::V5_5.version_string(), "Lua 5.5");
    assert!(!Std::V5_4.global_declarations() && Std::V5_5.global_declarations());
    assert_eq!(ArithOp::ALL.map(ArithOp::event).len(), 14);
}
