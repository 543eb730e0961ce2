//! Laws on random values.

use arbtest::arbtest;

use crate::*;

/// A float of any bits, often near the edges of the integers.
fn any_float(u: &mut arbitrary::Unstructured<'_>) -> arbitrary::Result<f64> {
    Ok(match u.int_in_range(0..=3)? {
        0 => f64::from_bits(u.arbitrary()?),
        1 => u.arbitrary::<i64>()? as f64,
        2 => f64::from(u.arbitrary::<i16>()?) / 8.0,
        _ => (u.arbitrary::<i64>()? >> u.int_in_range(0..=63)?) as f64 + 0.5,
    })
}

#[test]
fn text_of_a_float_reads_back() {
    arbtest(|u| {
        let f = any_float(u)?;
        let mut text = Vec::new();
        write_float(&mut text, f, Std::V5_5);
        let shown = String::from_utf8_lossy(&text).into_owned();
        if f.is_finite() {
            let Some(Num::Float(back)) = parse_number(&text) else {
                panic!("{shown} is no float")
            };
            assert_eq!(back.to_bits(), f.to_bits(), "{shown}");
        } else {
            assert_eq!(parse_number(&text), None, "{shown}");
        }
        Ok(())
    })
    .budget_ms(300);
}

#[test]
fn hexadecimal_text_of_a_float_reads_back() {
    arbtest(|u| {
        let f = any_float(u)?;
        let mut text = Vec::new();
        fmt_a(&mut text, f, &FormatSpec::default());
        if f.is_finite() {
            let back = parse_number(&text).map(|n| n.to_float().to_bits());
            assert_eq!(back, Some(f.to_bits()), "{}", String::from_utf8_lossy(&text));
        }
        Ok(())
    })
    .budget_ms(300);
}

#[test]
fn any_bytes_are_a_number_or_not() {
    arbtest(|u| {
        let choices = b"0123456789abcdefABCDEFxXpPeE.+- \n\0nai";
        let mut text = Vec::new();
        for _ in 0..u.int_in_range(0..=30)? {
            text.push(*u.choose(choices)?);
        }
        if let Some(n) = parse_number(&text) {
            assert!(!n.to_float().is_nan());
        }
        Ok(())
    })
    .budget_ms(300);
}

#[test]
fn division_with_rest() {
    arbtest(|u| {
        let (a, b): (i64, i64) = (u.arbitrary()?, u.arbitrary()?);
        if b != 0 {
            let quotient = int_floor_div(a, b).expect("not by zero");
            let rest = int_modulo(a, b).expect("not by zero");
            assert_eq!(quotient.wrapping_mul(b).wrapping_add(rest), a);
            assert!(rest == 0 || (rest < 0) == (b < 0));
            assert!(rest.unsigned_abs() < b.unsigned_abs());
        }
        Ok(())
    })
    .budget_ms(200);
}

#[test]
fn comparison_is_a_total_order_without_nan() {
    arbtest(|u| {
        let i: i64 = u.arbitrary::<i64>()? >> u.int_in_range(0..=63)?;
        let f = any_float(u)?;
        let (a, b) = (Num::Int(i), Num::Float(f));
        let answers = [num_lt(a, b), num_eq(a, b), num_lt(b, a)];
        let holds = answers.iter().filter(|&&answer| answer).count();
        assert_eq!(holds, usize::from(!f.is_nan()), "{i} and {f}");
        assert_eq!(num_le(a, b), num_lt(a, b) || num_eq(a, b));
        assert_eq!(num_le(b, a), num_lt(b, a) || num_eq(a, b));
        Ok(())
    })
    .budget_ms(300);
}

#[test]
fn loops_visit_what_they_should() {
    arbtest(|u| {
        let start = i64::from(u.arbitrary::<i8>()?);
        let limit = i64::from(u.arbitrary::<i8>()?);
        let step = i64::from(u.int_in_range(-9i8..=9)?);
        let value = |i| ForValue::Number(Num::Int(i));
        let expected: u64 = match step {
            0 => 0,
            1.. if start <= limit => ((limit - start) / step + 1) as u64,
            ..0 if start >= limit => ((start - limit) / -step + 1) as u64,
            _ => 0,
        };
        match prepare_for(value(start), value(limit), value(step)) {
            Ok(ForLoop::Int { count, .. }) => assert_eq!(count + 1, expected),
            Ok(other) => assert_eq!((other, expected), (ForLoop::Skip, 0)),
            Err(error) => assert_eq!((error, step), (ForError::ZeroStep, 0)),
        }
        Ok(())
    })
    .budget_ms(200);
}
