//! Number to text: `tostring`'s forms and the primitives of `string.format`, digit by digit as
//! C's `printf` in the "C" locale.

use std::fmt::Write;

use crate::{Num, Std};

/// Flags, width and precision of a conversion such as `%-+8.3f`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FormatSpec {
    /// `-`: pad on the right.
    pub left: bool,
    /// `+`: a sign for positive numbers too.
    pub plus: bool,
    /// ` `: a space where a positive number's sign would stand.
    pub space: bool,
    /// `#`: a point always, trailing zeros of `%g`, `0x` of `%x`, `0` of `%o`.
    pub alternate: bool,
    /// `0`: pad with zeros after the sign.
    pub zero: bool,
    /// Capital letters: `%E`, `%G`, `%A`, `%X`.
    pub upper: bool,
    /// The least number of bytes.
    pub width: usize,
    /// The number after the point, if written.
    pub precision: Option<usize>,
}

/// Appends what `tostring` makes of a number.
pub fn write_num(out: &mut Vec<u8>, n: Num, std: Std) {
    match n {
        Num::Int(i) => write_int(out, i),
        Num::Float(f) => write_float(out, f, std),
    }
}

/// Appends an integer in decimal.
pub fn write_int(out: &mut Vec<u8>, i: i64) {
    out.extend_from_slice(int_text(i, &mut [0; 20]));
}

/// The decimal digits of 0 to 99, in pairs.
const PAIRS: [u8; 200] = {
    let mut pairs = [0; 200];
    let mut i = 0;
    while i < 100 {
        pairs[2 * i] = b'0' + (i / 10) as u8;
        pairs[2 * i + 1] = b'0' + (i % 10) as u8;
        i += 1;
    }
    pairs
};

/// The text of an integer in decimal, at the end of a buffer that fits the longest.
#[inline]
pub fn int_text(i: i64, buffer: &mut [u8; 20]) -> &[u8] {
    let mut at = buffer.len();
    let mut rest = i.unsigned_abs();
    while rest >= 100 {
        let pair = 2 * (rest % 100) as usize;
        rest /= 100;
        at -= 2;
        buffer[at..at + 2].copy_from_slice(&PAIRS[pair..pair + 2]);
    }
    if rest >= 10 {
        let pair = 2 * rest as usize;
        at -= 2;
        buffer[at..at + 2].copy_from_slice(&PAIRS[pair..pair + 2]);
    } else {
        at -= 1;
        buffer[at] = b'0' + rest as u8;
    }
    if i < 0 {
        at -= 1;
        buffer[at] = b'-';
    }
    &buffer[at..]
}

/// Appends what `tostring` makes of a float.
///
/// Lua 5.5 takes `%.15g` if that reads back as the same float, else `%.17g`; Lua 5.4 takes
/// `%.14g`. Text that looks like an integer gets `.0`.
pub fn write_float(out: &mut Vec<u8>, f: f64, std: Std) {
    let start = out.len();
    if f.abs() < 1e14 && f.trunc() == f {
        // Integral floats are the commonest, and need no search for digits.
        if f.is_sign_negative() {
            out.push(b'-');
        }
        write_int(out, f.abs() as i64);
        out.extend_from_slice(b".0");
        return;
    }
    let most = if std.round_trip_floats() { 15 } else { 14 };
    if !write_shortest(out, f, most) {
        let precision = if std.round_trip_floats() {
            round_trip_digits(f)
        } else {
            most
        };
        fmt_g(
            out,
            f,
            &FormatSpec {
                precision: Some(precision),
                ..FormatSpec::default()
            },
        );
    }
    if out[start..].iter().all(|b| matches!(b, b'-' | b'0'..=b'9')) {
        out.extend_from_slice(b".0");
    }
}

/// Text on the stack, for one number.
struct SmallText {
    bytes: [u8; 32],
    len: usize,
}

impl std::fmt::Write for SmallText {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        let end = self.len + text.len();
        let room = self.bytes.get_mut(self.len..end).ok_or(std::fmt::Error)?;
        room.copy_from_slice(text.as_bytes());
        self.len = end;
        Ok(())
    }
}

/// Appends the shortest digits that read back as a normal `f`, laid out as `%.<most>g` does; false if there are more than
/// `most` of them. Up to 15 digits survive the way through a normal double, so that these are the rounded digits too.
fn write_shortest(out: &mut Vec<u8>, f: f64, most: usize) -> bool {
    if !f.is_normal() {
        return false;
    }
    let mut text = SmallText { bytes: [0; 32], len: 0 };
    if write!(text, "{:e}", f.abs()).is_err() {
        return false;
    }
    let text = &text.bytes[..text.len];
    let Some(e) = text.iter().position(|&b| b == b'e') else {
        return false;
    };
    let mut digits = [0u8; 17];
    let mut count = 0;
    for &b in text[..e].iter().filter(|b| b.is_ascii_digit()) {
        if count == most {
            return false;
        }
        digits[count] = b;
        count += 1;
    }
    let digits = &digits[..count];
    let (negative, exponent_digits) = match text.get(e + 1) {
        Some(b'-') => (true, &text[e + 2..]),
        _ => (false, &text[e + 1..]),
    };
    let size = exponent_digits.iter().fold(0i32, |n, &b| n * 10 + i32::from(b - b'0'));
    let exponent = if negative { -size } else { size };
    if f.is_sign_negative() {
        out.push(b'-');
    }
    if exponent < -4 || exponent >= most as i32 {
        out.push(digits[0]);
        if count > 1 {
            out.push(b'.');
            out.extend_from_slice(&digits[1..]);
        }
        out.push(b'e');
        out.push(if negative { b'-' } else { b'+' });
        if size < 10 {
            out.push(b'0');
        }
        write_int(out, i64::from(size));
    } else if exponent < 0 {
        out.extend_from_slice(b"0.");
        out.resize(out.len() + size as usize - 1, b'0');
        out.extend_from_slice(digits);
    } else {
        let whole = exponent as usize + 1;
        if count <= whole {
            out.extend_from_slice(digits);
            out.resize(out.len() + whole - count, b'0');
        } else {
            out.extend_from_slice(&digits[..whole]);
            out.push(b'.');
            out.extend_from_slice(&digits[whole..]);
        }
    }
    true
}

/// 15 if that many digits read back as `f`, else 17.
fn round_trip_digits(f: f64) -> usize {
    if !f.is_finite() {
        return 15;
    }
    if f.is_normal() {
        // The shortest text has more than 15 digits, or it would have been taken.
        return 17;
    }
    let mut text = String::new();
    write!(text, "{f:.14e}").expect("strings take all text");
    if text.parse() == Ok(f) { 15 } else { 17 }
}

/// `%e`: a digit, the point, `precision` (6) digits, and an exponent of two or more digits.
pub fn fmt_e(out: &mut Vec<u8>, f: f64, spec: &FormatSpec) {
    let Some(sign) = sign_or_word(out, f, spec) else {
        return;
    };
    let mut body = Vec::new();
    exponent_form(&mut body, f.abs(), spec.precision.unwrap_or(6), spec, false);
    pad(out, sign, &body, spec);
}

/// `%f`: the point and `precision` (6) digits.
pub fn fmt_f(out: &mut Vec<u8>, f: f64, spec: &FormatSpec) {
    let Some(sign) = sign_or_word(out, f, spec) else {
        return;
    };
    let mut body = Vec::new();
    fixed_form(&mut body, f.abs(), spec.precision.unwrap_or(6), spec, false);
    pad(out, sign, &body, spec);
}

/// `%g`: `precision` (6) significant digits, as `%e` or `%f` would write them, whichever is
/// shorter, without trailing zeros.
pub fn fmt_g(out: &mut Vec<u8>, f: f64, spec: &FormatSpec) {
    let Some(sign) = sign_or_word(out, f, spec) else {
        return;
    };
    let digits = spec.precision.unwrap_or(6).max(1);
    let mut body = Vec::new();
    let exponent = exponent_form(&mut body, f.abs(), digits - 1, spec, !spec.alternate);
    if exponent >= -4 && exponent < digits as i64 {
        body.clear();
        let fraction = (digits as i64 - 1 - exponent) as usize;
        fixed_form(&mut body, f.abs(), fraction, spec, !spec.alternate);
    }
    pad(out, sign, &body, spec);
}

/// `%a`: hexadecimal digits, as many as needed unless `precision` says, and a binary exponent.
pub fn fmt_a(out: &mut Vec<u8>, f: f64, spec: &FormatSpec) {
    let Some(sign) = sign_or_word(out, f, spec) else {
        return;
    };
    const FRACTION: u64 = (1 << 52) - 1;
    let bits = f.abs().to_bits();
    let (mut lead, mut exponent) = match bits >> 52 {
        0 => (0, -1022),
        biased => (1, biased as i64 - 1023),
    };
    let mut fraction = bits & FRACTION;
    if bits == 0 {
        exponent = 0;
    }
    let mut digits = 13;
    match spec.precision {
        Some(precision) if precision < 13 => {
            let drop = 4 * (13 - precision) as u32;
            let whole = lead << 52 | fraction;
            let half = 1u64 << (drop - 1);
            let lost = whole & ((1 << drop) - 1);
            let mut kept = whole >> drop;
            if lost > half || (lost == half && kept & 1 == 1) {
                kept += 1;
            }
            let rounded = kept << drop;
            lead = rounded >> 52;
            fraction = rounded & FRACTION;
            digits = precision;
        }
        Some(_) => {}
        None => {
            while digits > 0 && (fraction >> (52 - 4 * digits)) & 0xf == 0 {
                digits -= 1;
            }
        }
    }
    let mut body = vec![b'0' + lead as u8];
    let zeros = spec.precision.map_or(0, |precision| precision.saturating_sub(13));
    if digits + zeros > 0 || spec.alternate {
        body.push(b'.');
    }
    for position in 1..=digits {
        let digit = (fraction >> (52 - 4 * position)) & 0xf;
        body.push(b"0123456789abcdef"[digit as usize]);
    }
    body.resize(body.len() + zeros, b'0');
    body.extend(format!("p{exponent:+}").bytes());
    if spec.upper {
        body.make_ascii_uppercase();
    }
    let prefix = if spec.upper { b"0X" } else { b"0x" };
    let mut head = sign.to_vec();
    head.extend_from_slice(prefix);
    pad(out, &head, &body, spec);
}

/// `%d` and `%i`; a precision is the least number of digits and cancels the flag `0`.
pub fn fmt_d(out: &mut Vec<u8>, i: i64, spec: &FormatSpec) {
    let sign = sign_text(i < 0, spec);
    fmt_digits(out, sign, i.unsigned_abs().to_string().into_bytes(), spec);
}

/// `%u`, of the integer's bits as an unsigned number.
pub fn fmt_u(out: &mut Vec<u8>, i: i64, spec: &FormatSpec) {
    fmt_digits(out, b"", (i as u64).to_string().into_bytes(), spec);
}

/// `%x` and `%X`, of the integer's bits as an unsigned number.
pub fn fmt_x(out: &mut Vec<u8>, i: i64, spec: &FormatSpec) {
    let digits = if spec.upper { format!("{i:X}") } else { format!("{i:x}") };
    let prefix: &[u8] = match (spec.alternate && i != 0, spec.upper) {
        (false, _) => b"",
        (true, false) => b"0x",
        (true, true) => b"0X",
    };
    fmt_digits(out, prefix, digits.into_bytes(), spec);
}

/// `%o`, of the integer's bits as an unsigned number.
pub fn fmt_o(out: &mut Vec<u8>, i: i64, spec: &FormatSpec) {
    let mut digits = format!("{i:o}").into_bytes();
    let enough = spec.precision.is_some_and(|precision| precision > digits.len());
    if spec.alternate && digits[0] != b'0' && !enough {
        digits.insert(0, b'0');
    }
    fmt_digits(out, b"", digits, spec);
}

fn fmt_digits(out: &mut Vec<u8>, head: &[u8], mut digits: Vec<u8>, spec: &FormatSpec) {
    let mut spec = *spec;
    if let Some(precision) = spec.precision {
        spec.zero = false;
        if precision == 0 && digits == b"0" {
            digits.clear();
        }
        let missing = precision.saturating_sub(digits.len());
        digits.splice(0..0, std::iter::repeat_n(b'0', missing));
    }
    pad(out, head, &digits, &spec);
}

fn sign_text(negative: bool, spec: &FormatSpec) -> &'static [u8] {
    match (negative, spec.plus, spec.space) {
        (true, ..) => b"-",
        (false, true, _) => b"+",
        (false, false, true) => b" ",
        (false, false, false) => b"",
    }
}

/// The sign of a finite number; writes `inf` or `nan` whole.
fn sign_or_word(out: &mut Vec<u8>, f: f64, spec: &FormatSpec) -> Option<&'static [u8]> {
    let sign = sign_text(f.is_sign_negative(), spec);
    if f.is_finite() {
        return Some(sign);
    }
    let word: &[u8] = match (f.is_nan(), spec.upper) {
        (true, false) => b"nan",
        (true, true) => b"NAN",
        (false, false) => b"inf",
        (false, true) => b"INF",
    };
    pad(out, sign, word, &FormatSpec { zero: false, ..*spec });
    None
}

/// Appends the head, the body, and what the width asks for: spaces outside, or zeros between.
fn pad(out: &mut Vec<u8>, head: &[u8], body: &[u8], spec: &FormatSpec) {
    let missing = spec.width.saturating_sub(head.len() + body.len());
    let fill = |out: &mut Vec<u8>, byte| out.resize(out.len() + missing, byte);
    if !spec.left && !spec.zero {
        fill(out, b' ');
    }
    out.extend_from_slice(head);
    if !spec.left && spec.zero {
        fill(out, b'0');
    }
    out.extend_from_slice(body);
    if spec.left {
        fill(out, b' ');
    }
}

/// Writes the `%e` form of a positive float and returns its decimal exponent.
fn exponent_form(body: &mut Vec<u8>, f: f64, precision: usize, spec: &FormatSpec, trim: bool) -> i64 {
    let text = exact(f, precision, true);
    let (mantissa, exponent) = text.split_once('e').expect("the form has an exponent");
    body.extend_from_slice(mantissa.as_bytes());
    finish_fraction(body, mantissa.contains('.'), spec, trim);
    let exponent: i64 = exponent.parse().expect("an exponent is a small integer");
    body.push(if spec.upper { b'E' } else { b'e' });
    body.push(if exponent < 0 { b'-' } else { b'+' });
    body.extend(format!("{:02}", exponent.abs()).bytes());
    exponent
}

/// Writes the `%f` form of a positive float.
fn fixed_form(body: &mut Vec<u8>, f: f64, precision: usize, spec: &FormatSpec, trim: bool) {
    let text = exact(f, precision, false);
    body.extend_from_slice(text.as_bytes());
    finish_fraction(body, text.contains('.'), spec, trim);
}

fn finish_fraction(body: &mut Vec<u8>, has_point: bool, spec: &FormatSpec, trim: bool) {
    if has_point && trim {
        while body.last() == Some(&b'0') {
            body.pop();
        }
        if body.last() == Some(&b'.') {
            body.pop();
        }
    } else if !has_point && spec.alternate {
        body.push(b'.');
    }
}

/// The digits of a positive float by `core::fmt`, whose precision is limited; the digits past the
/// limit are zeros, since no double has so many.
fn exact(f: f64, precision: usize, exponent: bool) -> String {
    // The longest exact fraction of a double has 1074 digits.
    const LONGEST: usize = 1100;
    let asked = precision.min(LONGEST);
    let mut text = if exponent {
        format!("{f:.asked$e}")
    } else {
        format!("{f:.asked$}")
    };
    if precision > LONGEST {
        let zeros = "0".repeat(precision - LONGEST);
        let at = text.find('e').unwrap_or(text.len());
        text.insert_str(at, &zeros);
    }
    text
}
