//! Numbers from and to text.

use super::printf_cases::CASES;
use crate::*;

fn read(text: &str) -> Option<Num> {
    parse_number(text.as_bytes())
}

fn float(f: f64) -> Option<Num> {
    Some(Num::Float(f))
}

fn int(i: i64) -> Option<Num> {
    Some(Num::Int(i))
}

#[test]
fn decimal_numerals() {
    assert_eq!(read("42"), int(42));
    assert_eq!(read("  -42\t\n\x0b\x0c\r"), int(-42));
    assert_eq!(read("+7"), int(7));
    assert_eq!(read("007"), int(7));
    assert_eq!(read("9223372036854775807"), int(i64::MAX));
    assert_eq!(read("9223372036854775808"), float(9_223_372_036_854_775_808.0));
    assert_eq!(read("-9223372036854775808"), int(i64::MIN));
    assert_eq!(read("-9223372036854775809"), float(-9_223_372_036_854_775_808.0));
    assert_eq!(read("3."), float(3.0));
    assert_eq!(read(".5"), float(0.5));
    assert_eq!(read("1e2"), float(100.0));
    assert_eq!(read("1E+2"), float(100.0));
    assert_eq!(read("1e-400"), float(0.0));
    assert_eq!(read("1e400"), float(f64::INFINITY));
    let zero = read("-0.0").map(Num::to_float).expect("a number");
    assert!(zero == 0.0 && zero.is_sign_negative());
}

#[test]
fn hexadecimal_numerals() {
    assert_eq!(read("0x10"), int(16));
    assert_eq!(read("-0XfF"), int(-255));
    assert_eq!(read("0xffffffffffffffff"), int(-1));
    assert_eq!(read("0x1ffffffffffffffff"), int(-1));
    assert_eq!(read("0x.8"), float(0.5));
    assert_eq!(read("0xA.8p0"), float(10.5));
    assert_eq!(read("0x1p4"), float(16.0));
    assert_eq!(read("0x1P-2"), float(0.25));
    assert_eq!(read("-0x1p-1074"), float(-5e-324));
    assert_eq!(read("0x1p-1075"), float(0.0));
    assert_eq!(read("0x1.8p-1075"), float(5e-324));
    assert_eq!(read("0x1p1023"), float(2f64.powi(1023)));
    assert_eq!(read("0x1p1024"), float(f64::INFINITY));
    assert_eq!(read("0x1p99999999999999999999"), float(f64::INFINITY));
    assert_eq!(read("0x1.fffffffffffff8p0"), float(2.0), "ties go to even");
    assert_eq!(read("0x1.00000000000008p0"), float(1.0));
    assert_eq!(read("0x1.0000000000000800000000001p0"), float(1.0 + f64::EPSILON));
    assert_eq!(read("0x0.0000000000000000000000000000001p124"), float(1.0));
    assert_eq!(read("0x10000000000000000000000000000000.0p-124"), float(1.0));
}

#[test]
fn what_is_no_numeral() {
    for text in [
        "", " ", "-", "+", "--1", "- 1", "1 2", "1x", "0x", "0xg", "0x.", "0x1p", "0x1p+", "1e", "1e+", ".", "e5",
        ".e5", "1..2", "inf", "nan", "-inf", "Infinity", "NaN", "1_000", "1\0", "0b1", "0x1.8.1", "1e5.0", "\u{a0}1",
    ] {
        assert_eq!(read(text), None, "{text:?}");
    }
}

fn show(n: Num, std: Std) -> String {
    let mut out = Vec::new();
    write_num(&mut out, n, std);
    String::from_utf8(out).expect("ASCII")
}

#[test]
fn tostring_of_floats() {
    let cases = [
        (1.0, "1.0", "1.0"),
        (-0.0, "-0.0", "-0.0"),
        (0.1, "0.1", "0.1"),
        (1.1, "1.1", "1.1"),
        (0.1 + 0.2, "0.30000000000000004", "0.3"),
        (std::f64::consts::PI, "3.1415926535897931", "3.1415926535898"),
        (1e15, "1e+15", "1e+15"),
        (1e14, "100000000000000.0", "1e+14"),
        (123456789012345.0, "123456789012345.0", "1.2345678901234e+14"),
        (1e100, "1e+100", "1e+100"),
        (1e-5, "1e-05", "1e-05"),
        (0.0001, "0.0001", "0.0001"),
        (2f64.powi(53), "9007199254740992.0", "9.007199254741e+15"),
        (2f64.powi(63), "9.2233720368547758e+18", "9.2233720368548e+18"),
        (5e-324, "4.94065645841247e-324", "4.9406564584125e-324"),
        (f64::MAX, "1.7976931348623157e+308", "1.7976931348623e+308"),
        (f64::INFINITY, "inf", "inf"),
        (f64::NEG_INFINITY, "-inf", "-inf"),
        (99999999999999.0, "99999999999999.0", "99999999999999.0"),
    ];
    for (f, v5_5, v5_4) in cases {
        assert_eq!(show(Num::Float(f), Std::V5_5), v5_5);
        assert_eq!(show(Num::Float(f), Std::V5_4), v5_4);
    }
    assert_eq!(show(Num::Float(f64::NAN.copysign(1.0)), Std::V5_5), "nan");
    assert_eq!(show(Num::Float(f64::NAN.copysign(-1.0)), Std::V5_5), "-nan");
    assert_eq!(show(Num::Int(i64::MIN), Std::V5_5), "-9223372036854775808");
    assert_eq!(show(Num::Int(0), Std::V5_5), "0");
}

/// Reads a specification such as `%+08.3f` and formats with it.
fn printf(text: &str, f: f64) -> String {
    let mut spec = FormatSpec::default();
    let rest = text.strip_prefix('%').expect("a specification");
    let after_flags = rest.trim_start_matches(['-', '+', ' ', '#', '0']);
    for flag in rest[..rest.len() - after_flags.len()].chars() {
        match flag {
            '-' => spec.left = true,
            '+' => spec.plus = true,
            ' ' => spec.space = true,
            '#' => spec.alternate = true,
            _ => spec.zero = true,
        }
    }
    let kind = after_flags.chars().last().expect("a conversion");
    let numbers = &after_flags[..after_flags.len() - 1];
    let (width, precision) = match numbers.split_once('.') {
        Some((width, precision)) => (width, Some(precision.parse().unwrap_or(0))),
        None => (numbers, None),
    };
    spec.width = width.parse().unwrap_or(0);
    spec.precision = precision;
    spec.upper = kind.is_ascii_uppercase();
    let mut out = Vec::new();
    match kind.to_ascii_lowercase() {
        'e' => fmt_e(&mut out, f, &spec),
        'f' => fmt_f(&mut out, f, &spec),
        'g' => fmt_g(&mut out, f, &spec),
        'a' => fmt_a(&mut out, f, &spec),
        'd' => fmt_d(&mut out, f as i64, &spec),
        'x' => fmt_x(&mut out, f as i64, &spec),
        'o' => fmt_o(&mut out, f as i64, &spec),
        'u' => fmt_u(&mut out, f as i64, &spec),
        other => panic!("no conversion {other}"),
    }
    String::from_utf8(out).expect("ASCII")
}

/// The expected texts are those of C's `printf`.
#[test]
fn printf_forms() {
    for (spec, f, expected) in CASES {
        assert_eq!(printf(spec, *f), *expected, "{spec} of {f}");
    }
    assert!(CASES.len() > 200);
}

#[test]
fn digits_are_exact_at_any_precision() {
    let long = printf("%.99f", 1e-30);
    assert_eq!(long.len(), 101);
    assert!(long.starts_with("0.000000000000000000000000000001000000000000000083336420607"));
    let longer = printf("%.1500f", 0.5);
    assert_eq!(longer.len(), 1502);
    assert!(longer.trim_end_matches('0').ends_with("0.5"));
    assert_eq!(printf("%.1500e", 0.5).len(), 1502 + 4);
}
