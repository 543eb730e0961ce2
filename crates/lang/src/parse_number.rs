//! Text to number, as `lua_stringtonumber` and the scanner convert.

use crate::Num;

/// The number that `text` denotes, surrounding white space and a sign allowed.
///
/// Decimal integers that overflow become floats; hexadecimal integers wrap around; `inf` and
/// `nan` are refused, and so is a zero byte.
pub fn parse_number(text: &[u8]) -> Option<Num> {
    let text = trim(text);
    let (negative, digits) = match text.first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    if let [b'0', b'x' | b'X', hex @ ..] = digits {
        return parse_hex(hex, negative);
    }
    match parse_decimal_int(digits, negative) {
        Some(i) => Some(Num::Int(i)),
        None => parse_decimal_float(digits, negative).map(Num::Float),
    }
}

/// Is `byte` white space to Lua?
#[inline]
pub fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

fn trim(mut text: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = text
        && is_space(*first)
    {
        text = rest;
    }
    while let [rest @ .., last] = text
        && is_space(*last)
    {
        text = rest;
    }
    text
}

fn parse_decimal_int(digits: &[u8], negative: bool) -> Option<i64> {
    if digits.is_empty() {
        return None;
    }
    // Down from zero, since the negative range is the larger one.
    let mut value: i64 = 0;
    for &byte in digits {
        if !byte.is_ascii_digit() {
            return None;
        }
        value = value.checked_mul(10)?.checked_sub(i64::from(byte - b'0'))?;
    }
    if negative { Some(value) } else { value.checked_neg() }
}

fn parse_decimal_float(digits: &[u8], negative: bool) -> Option<f64> {
    // The grammar is checked here, since Rust's parser takes words too; it does the rounding.
    let mut rest = digits;
    let whole = skip_digits(&mut rest);
    let mut fraction = 0;
    if let [b'.', tail @ ..] = rest {
        rest = tail;
        fraction = skip_digits(&mut rest);
    }
    if whole + fraction == 0 {
        return None;
    }
    if let [b'e' | b'E', tail @ ..] = rest {
        rest = match tail {
            [b'+' | b'-', tail @ ..] => tail,
            tail => tail,
        };
        if skip_digits(&mut rest) == 0 {
            return None;
        }
    }
    if !rest.is_empty() {
        return None;
    }
    let text = std::str::from_utf8(digits).expect("digits are ASCII");
    let value: f64 = text.parse().expect("the grammar was checked");
    Some(if negative { -value } else { value })
}

fn skip_digits(rest: &mut &[u8]) -> usize {
    let count = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    *rest = &rest[count..];
    count
}

/// What follows `0x`.
fn parse_hex(hex: &[u8], negative: bool) -> Option<Num> {
    if !hex.is_empty() && hex.iter().all(u8::is_ascii_hexdigit) {
        let value = hex.iter().fold(0i64, |value, &b| value << 4 | i64::from(hex_value(b)));
        return Some(Num::Int(if negative { value.wrapping_neg() } else { value }));
    }
    // 60 bits of mantissa, then a sticky bit: enough to round once to 53.
    let mut mantissa: u64 = 0;
    let mut sticky = false;
    let mut exponent: i64 = 0;
    let mut any = false;
    let mut dot = false;
    let mut at = 0;
    while let Some(&byte) = hex.get(at) {
        if byte == b'.' && !dot {
            dot = true;
        } else if byte.is_ascii_hexdigit() {
            any = true;
            let digit = hex_value(byte);
            if mantissa >> 60 == 0 {
                mantissa = mantissa << 4 | u64::from(digit);
                exponent -= if dot { 4 } else { 0 };
            } else {
                sticky |= digit != 0;
                exponent += if dot { 0 } else { 4 };
            }
        } else {
            break;
        }
        at += 1;
    }
    if !any {
        return None;
    }
    if let Some(b'p' | b'P') = hex.get(at) {
        at += 1;
        let minus = hex.get(at) == Some(&b'-');
        at += usize::from(matches!(hex.get(at), Some(b'+' | b'-')));
        let mut written: i64 = 0;
        let mut digits = 0;
        while let Some(byte @ b'0'..=b'9') = hex.get(at) {
            // Past this size the text would need more digits than memory has to make up for it.
            written = (written * 10 + i64::from(byte - b'0')).min(1 << 50);
            digits += 1;
            at += 1;
        }
        if digits == 0 {
            return None;
        }
        exponent += if minus { -written } else { written };
    }
    if at != hex.len() {
        return None;
    }
    let value = scale(mantissa, sticky, exponent);
    Some(Num::Float(if negative { -value } else { value }))
}

/// The float nearest to `mantissa * 2^exponent`, ties to even; `sticky` tells that the exact
/// value is a little larger.
fn scale(mantissa: u64, sticky: bool, exponent: i64) -> f64 {
    if mantissa == 0 {
        return 0.0;
    }
    let bits = i64::from(64 - mantissa.leading_zeros());
    // The exponent of the result's last place: normal numbers keep 53 bits, subnormal ones end
    // at 2^-1074.
    let last = (exponent + bits - 53).max(-1074);
    let drop = last - exponent;
    let mut kept = if drop <= 0 {
        mantissa << -drop.max(-63)
    } else if drop > 64 {
        0
    } else {
        let (kept, lost) = match drop {
            64 => (0, mantissa),
            _ => (mantissa >> drop, mantissa & ((1 << drop) - 1)),
        };
        let half = 1u64 << (drop - 1);
        let up = lost > half || (lost == half && (sticky || kept & 1 == 1));
        kept + u64::from(up)
    };
    let mut last = last;
    if kept == 1 << 53 {
        kept >>= 1;
        last += 1;
    }
    if kept == 0 {
        0.0
    } else if last > 971 {
        f64::INFINITY
    } else if kept < 1 << 52 {
        f64::from_bits(kept)
    } else {
        f64::from_bits((kept & ((1 << 52) - 1)) | ((last + 1075) as u64) << 52)
    }
}

/// The value of a hexadecimal digit.
fn hex_value(byte: u8) -> u8 {
    match byte {
        b'0'..=b'9' => byte - b'0',
        _ => (byte | 0x20) - b'a' + 10,
    }
}
