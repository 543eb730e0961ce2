//! The conversion specifications of `string.format`, and what they make of numbers and strings.

use std::io::Write;

use perilune_lang::{FormatSpec, fmt_a, fmt_d, fmt_e, fmt_f, fmt_g, fmt_o, fmt_u, fmt_x, write_int};

/// What is wrong with a format string.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FormatError {
    /// More flags and digits than any valid specification has.
    TooLong,
    /// No such conversion; the text starts at the `%`.
    InvalidConversion(Vec<u8>),
    /// The conversion does not take these modifiers; the text starts at the `%`.
    InvalidSpecification(Vec<u8>),
    /// `%q` with modifiers.
    QuotedModifiers,
}

impl FormatError {
    /// The message that scripts see.
    pub fn message(&self) -> Vec<u8> {
        match self {
            FormatError::TooLong => b"invalid format (too long)".to_vec(),
            FormatError::InvalidConversion(text) => [b"invalid conversion '", &text[..], b"' to 'format'"].concat(),
            FormatError::InvalidSpecification(text) => {
                [b"invalid conversion specification: '", &text[..], b"'"].concat()
            }
            FormatError::QuotedModifiers => b"specifier '%q' cannot have modifiers".to_vec(),
        }
    }
}

/// One conversion specification such as `%-5.2f`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conversion<'a> {
    /// The whole text, from the `%` to the letter.
    pub text: &'a [u8],
    /// The conversion letter; 0 if the format ends before it.
    pub letter: u8,
}

/// Which modifiers a conversion takes.
#[derive(Clone, Copy, Debug)]
pub struct Allowed {
    flags: &'static [u8],
    precision: bool,
}

impl Allowed {
    /// `%a %e %f %g`
    pub const FLOAT: Allowed = Allowed {
        flags: b"-+#0 ",
        precision: true,
    };
    /// `%d %i`
    pub const INT: Allowed = Allowed {
        flags: b"-+0 ",
        precision: true,
    };
    /// `%u`
    pub const UNSIGNED: Allowed = Allowed {
        flags: b"-0",
        precision: true,
    };
    /// `%o %x`
    pub const HEX: Allowed = Allowed {
        flags: b"-#0",
        precision: true,
    };
    /// `%s`
    pub const STR: Allowed = Allowed {
        flags: b"-",
        precision: true,
    };
    /// `%c %p`
    pub const CHAR: Allowed = Allowed {
        flags: b"-",
        precision: false,
    };
}

impl<'a> Conversion<'a> {
    /// Reads the conversion at the start of `format`, which begins with its `%`.
    ///
    /// # Errors
    /// [`FormatError::TooLong`]
    pub fn parse(format: &'a [u8]) -> Result<Conversion<'a>, FormatError> {
        // No valid specification has more than 21 bytes behind its `%`.
        const LIMIT: usize = 22;
        let modifiers = format[1..]
            .iter()
            .take_while(|b| b"-+#0 123456789.".contains(b))
            .count();
        if modifiers + 1 >= LIMIT {
            return Err(FormatError::TooLong);
        }
        let letter = format.get(1 + modifiers).copied().unwrap_or(0);
        let end = 1 + modifiers + usize::from(letter != 0);
        Ok(Conversion {
            text: &format[..end],
            letter,
        })
    }

    /// Is it just `%` and a letter?
    #[inline]
    pub fn is_bare(&self) -> bool {
        self.text.len() == 2
    }

    /// Checks the modifiers and reads them.
    ///
    /// # Errors
    /// [`FormatError::InvalidSpecification`]
    pub fn spec(&self, allowed: Allowed) -> Result<FormatSpec, FormatError> {
        let mut spec = FormatSpec {
            upper: self.letter.is_ascii_uppercase(),
            ..FormatSpec::default()
        };
        if self.is_bare() {
            return Ok(spec);
        }
        let mut rest = &self.text[1..];
        while let [flag, tail @ ..] = rest
            && allowed.flags.contains(flag)
        {
            match flag {
                b'-' => spec.left = true,
                b'+' => spec.plus = true,
                b' ' => spec.space = true,
                b'#' => spec.alternate = true,
                _ => spec.zero = true,
            }
            rest = tail;
        }
        if rest.first() != Some(&b'0') {
            spec.width = two_digits(&mut rest);
            if let [b'.', tail @ ..] = rest
                && allowed.precision
            {
                rest = tail;
                spec.precision = Some(two_digits(&mut rest));
            }
        }
        if rest.len() == 1 && rest[0].is_ascii_alphabetic() {
            Ok(spec)
        } else {
            Err(FormatError::InvalidSpecification(self.text.to_vec()))
        }
    }

    /// The error for a letter that is no conversion.
    pub fn invalid(&self) -> FormatError {
        FormatError::InvalidConversion(self.text.to_vec())
    }
}

/// Reads at most two digits; none is 0.
fn two_digits(rest: &mut &[u8]) -> usize {
    let mut number = 0;
    for _ in 0..2 {
        if let [digit @ b'0'..=b'9', tail @ ..] = rest {
            number = number * 10 + usize::from(digit - b'0');
            *rest = tail;
        }
    }
    number
}

/// Appends an integer by `%d %i %u %o %x %X`.
pub fn write_integer(out: &mut Vec<u8>, letter: u8, n: i64, spec: &FormatSpec) {
    match letter {
        b'd' | b'i' if *spec == FormatSpec::default() => write_int(out, n),
        b'd' | b'i' => fmt_d(out, n, spec),
        b'u' => fmt_u(out, n, spec),
        b'o' => fmt_o(out, n, spec),
        _ => fmt_x(out, n, spec),
    }
}

/// Appends a float by `%a %e %f %g` or their capitals.
pub fn write_floating(out: &mut Vec<u8>, letter: u8, f: f64, spec: &FormatSpec) {
    let plain = FormatSpec {
        width: spec.width,
        precision: spec.precision,
        ..FormatSpec::default()
    };
    if f.is_finite() && *spec == plain {
        // Without flags the digits can go straight to the output.
        let precision = spec.precision.unwrap_or(6);
        let width = spec.width;
        match letter {
            b'f' => {
                write!(out, "{f:width$.precision$}").expect("a vector takes all bytes");
                return;
            }
            b'g' if width == 0 && precision <= 20 => return general(out, f, precision.max(1)),
            _ => {}
        }
    }
    match letter.to_ascii_lowercase() {
        b'a' => fmt_a(out, f, spec),
        b'e' => fmt_e(out, f, spec),
        b'f' => fmt_f(out, f, spec),
        _ => fmt_g(out, f, spec),
    }
}

/// `%g` of a finite float without flags or width, with up to 20 significant digits.
fn general(out: &mut Vec<u8>, f: f64, digits: usize) {
    let mut buffer = [0u8; 40];
    let mut cursor = &mut buffer[..];
    let precision = digits - 1;
    write!(cursor, "{:.precision$e}", f.abs()).expect("40 bytes hold 20 digits and an exponent");
    let free = cursor.len();
    let text = &buffer[..buffer.len() - free];
    let mark = text.iter().position(|&b| b == b'e').expect("the form has an exponent");
    let (mantissa, exponent) = (&text[..mark], &text[mark + 1..]);
    let exponent = exponent
        .iter()
        .fold(0i32, |n, &b| if b == b'-' { n } else { n * 10 + i32::from(b - b'0') })
        * if exponent[0] == b'-' { -1 } else { 1 };
    // The significant digits without the point and without trailing zeros.
    let mut significant = [b'0'; 20];
    significant[0] = mantissa[0];
    let mut count = 1;
    if let Some(fraction) = mantissa.get(2..) {
        significant[1..=fraction.len()].copy_from_slice(fraction);
        count += fraction.len();
    }
    while count > 1 && significant[count - 1] == b'0' {
        count -= 1;
    }
    let significant = &significant[..count];
    if f.is_sign_negative() {
        out.push(b'-');
    }
    if exponent < -4 || exponent >= digits as i32 {
        out.push(significant[0]);
        if count > 1 {
            out.push(b'.');
            out.extend_from_slice(&significant[1..]);
        }
        write!(out, "e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs())
            .expect("a vector takes all bytes");
    } else if exponent < 0 {
        out.extend_from_slice(b"0.");
        out.resize(out.len() + (-exponent - 1) as usize, b'0');
        out.extend_from_slice(significant);
    } else {
        let whole = exponent as usize + 1;
        if count <= whole {
            out.extend_from_slice(significant);
            out.resize(out.len() + whole - count, b'0');
        } else {
            out.extend_from_slice(&significant[..whole]);
            out.push(b'.');
            out.extend_from_slice(&significant[whole..]);
        }
    }
}

/// Appends bytes by `%s %c`: at most `precision` of them, padded to `width`.
pub fn write_padded(out: &mut Vec<u8>, text: &[u8], spec: &FormatSpec) {
    let text = &text[..spec.precision.unwrap_or(usize::MAX).min(text.len())];
    let missing = spec.width.saturating_sub(text.len());
    if !spec.left {
        out.resize(out.len() + missing, b' ');
    }
    out.extend_from_slice(text);
    if spec.left {
        out.resize(out.len() + missing, b' ');
    }
}

/// Appends a string as a literal that reads back as the same string (`%q`).
pub fn write_quoted(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    for (i, &byte) in text.iter().enumerate() {
        match byte {
            b'"' | b'\\' | b'\n' => out.extend_from_slice(&[b'\\', byte]),
            _ if byte.is_ascii_control() => {
                // A digit behind the escape would be read as part of it.
                let digit_follows = text.get(i + 1).is_some_and(u8::is_ascii_digit);
                let result = if digit_follows {
                    write!(out, "\\{byte:03}")
                } else {
                    write!(out, "\\{byte}")
                };
                result.expect("a vector takes all bytes");
            }
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}

/// Appends a float as a numeral or expression that reads back as the same float (`%q`).
pub fn write_quoted_float(out: &mut Vec<u8>, f: f64) {
    match f {
        f64::INFINITY => out.extend_from_slice(b"1e9999"),
        f64::NEG_INFINITY => out.extend_from_slice(b"-1e9999"),
        _ if f.is_nan() => out.extend_from_slice(b"(0/0)"),
        _ => fmt_a(out, f, &FormatSpec::default()),
    }
}

/// Appends an integer as an expression that reads back as the same integer (`%q`).
pub fn write_quoted_int(out: &mut Vec<u8>, n: i64) {
    // The digits of the least integer, without its sign, are out of range.
    if n == i64::MIN {
        out.extend_from_slice(b"0x8000000000000000")
    } else {
        write_int(out, n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn float(format: &str, f: f64) -> String {
        let conversion = Conversion::parse(format.as_bytes()).unwrap();
        let spec = conversion.spec(Allowed::FLOAT).unwrap();
        let mut out = Vec::new();
        write_floating(&mut out, conversion.letter, f, &spec);
        String::from_utf8(out).unwrap()
    }

    fn integer(format: &str, n: i64, allowed: Allowed) -> String {
        let conversion = Conversion::parse(format.as_bytes()).unwrap();
        let spec = conversion.spec(allowed).unwrap();
        let mut out = Vec::new();
        write_integer(&mut out, conversion.letter, n, &spec);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn floats() {
        for (format, f, expected) in [
            ("%f", 1.5, "1.500000"),
            ("%.0f", 2.5, "2"),
            ("%.3f", 2.0 / 3.0, "0.667"),
            ("%8.2f", -1.255, "   -1.25"),
            ("%-8.2f|", 3.0, "3.00    "),
            ("%08.2f", -3.0, "-0003.00"),
            ("%+.1f", 3.0, "+3.0"),
            ("%#.0f", 3.0, "3."),
            ("%.2f", -0.0, "-0.00"),
            ("%f", f64::INFINITY, "inf"),
            ("%5.1f", f64::NEG_INFINITY, " -inf"),
            ("%g", 100000.0, "100000"),
            ("%g", 1e6, "1e+06"),
            ("%g", 1e20, "1e+20"),
            ("%g", 0.0001, "0.0001"),
            ("%g", 0.00001234, "1.234e-05"),
            ("%g", -0.0, "-0"),
            ("%g", 0.0, "0"),
            ("%.3g", 0.0012345, "0.00123"),
            ("%.14g", std::f64::consts::PI, "3.1415926535898"),
            ("%.14g", 0.1, "0.1"),
            ("%.17g", 0.1, "0.10000000000000001"),
            ("%.0g", 123.0, "1e+02"),
            ("%.3g", 999.9, "1e+03"),
            ("%.4g", 999.9, "999.9"),
            ("%.20g", 0.1, "0.10000000000000000555"),
            ("%#g", 1.0, "1.00000"),
            ("%10g", 1.5, "       1.5"),
            ("%G", 1e-10, "1E-10"),
            ("%e", 12345.678, "1.234568e+04"),
            ("%E", 12345.678, "1.234568E+04"),
            ("%.99f", 0.0, &format!("0.{}", "0".repeat(99))),
            ("%a", 1.0, "0x1p+0"),
            ("%A", 0.5, "0X1P-1"),
        ] {
            let format = format.trim_end_matches('|');
            assert_eq!(float(format, f), expected, "{format} {f}");
        }
    }

    #[test]
    fn general_form_agrees_with_the_exact_one() {
        let mut random = crate::random::Random::from_seed(5, 5);
        for _ in 0..20_000 {
            let bits = random.next_u64();
            let f = if bits & 1 == 0 {
                f64::from_bits(bits)
            } else {
                (bits >> 40) as f64 / 1000.0
            };
            if !f.is_finite() {
                continue;
            }
            let digits = 1 + (bits >> 20) as usize % 20;
            let (mut a, mut b) = (Vec::new(), Vec::new());
            general(&mut a, f, digits);
            fmt_g(
                &mut b,
                f,
                &FormatSpec {
                    precision: Some(digits),
                    ..FormatSpec::default()
                },
            );
            assert_eq!(String::from_utf8(a), String::from_utf8(b), "%.{digits}g of {f:e}");
        }
    }

    #[test]
    fn integers() {
        for (format, n, allowed, expected) in [
            ("%d", -7, Allowed::INT, "-7"),
            ("%5d", 42, Allowed::INT, "   42"),
            ("%-5d", 42, Allowed::INT, "42   "),
            ("%05d", -42, Allowed::INT, "-0042"),
            ("%+d", 3, Allowed::INT, "+3"),
            ("% i", 3, Allowed::INT, " 3"),
            ("%.3d", 5, Allowed::INT, "005"),
            ("%08.3d", 5, Allowed::INT, "     005"),
            ("%d", i64::MIN, Allowed::INT, "-9223372036854775808"),
            ("%x", 255, Allowed::HEX, "ff"),
            ("%#X", 255, Allowed::HEX, "0XFF"),
            ("%x", -1, Allowed::HEX, "ffffffffffffffff"),
            ("%#o", 8, Allowed::HEX, "010"),
            ("%u", -1, Allowed::UNSIGNED, "18446744073709551615"),
        ] {
            assert_eq!(integer(format, n, allowed), expected, "{format}");
        }
    }

    #[test]
    fn invalid_specifications() {
        let message = |format: &str, allowed| {
            let result = Conversion::parse(format.as_bytes()).and_then(|c| c.spec(allowed));
            String::from_utf8(result.unwrap_err().message()).unwrap()
        };
        for (format, allowed) in [
            ("%#d", Allowed::INT),
            ("%100d", Allowed::INT),
            ("%.100d", Allowed::INT),
            ("%010c", Allowed::CHAR),
            ("%.10c", Allowed::CHAR),
            ("%0.34s", Allowed::STR),
            ("%#i", Allowed::INT),
            ("%3.p", Allowed::CHAR),
            ("%+x", Allowed::HEX),
            ("%1.1.1f", Allowed::FLOAT),
        ] {
            assert_eq!(
                message(format, allowed),
                format!("invalid conversion specification: '{format}'")
            );
        }
        assert_eq!(
            message(&format!("%{}d", "0".repeat(30)), Allowed::INT),
            "invalid format (too long)"
        );
        let unknown = |format: &str| {
            let conversion = Conversion::parse(format.as_bytes()).unwrap();
            String::from_utf8(conversion.invalid().message()).unwrap()
        };
        assert_eq!(unknown("%y rest"), "invalid conversion '%y' to 'format'");
        assert_eq!(unknown("%"), "invalid conversion '%' to 'format'");
        assert_eq!(unknown("%-5"), "invalid conversion '%-5' to 'format'");
        assert_eq!(
            FormatError::QuotedModifiers.message(),
            b"specifier '%q' cannot have modifiers"
        );
    }

    #[test]
    fn literals() {
        let quoted = |text: &[u8]| {
            let mut out = Vec::new();
            write_quoted(&mut out, text);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(quoted(b"a\"b\\c\nd"), "\"a\\\"b\\\\c\\\nd\"");
        assert_eq!(quoted(b"\0\x011\r\x7f9"), "\"\\0\\0011\\13\\1279\"");
        let number = |f: f64| {
            let mut out = Vec::new();
            write_quoted_float(&mut out, f);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(number(0.1), "0x1.999999999999ap-4");
        assert_eq!(number(f64::NAN), "(0/0)");
        assert_eq!(number(f64::NEG_INFINITY), "-1e9999");
        let mut out = Vec::new();
        write_quoted_int(&mut out, i64::MIN);
        write_quoted_int(&mut out, -1);
        assert_eq!(out, b"0x8000000000000000-1");
    }

    #[test]
    fn padding() {
        let padded = |format: &str| {
            let spec = Conversion::parse(format.as_bytes())
                .unwrap()
                .spec(Allowed::STR)
                .unwrap();
            let mut out = Vec::new();
            write_padded(&mut out, b"hello", &spec);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(padded("%8s"), "   hello");
        assert_eq!(padded("%-8s"), "hello   ");
        assert_eq!(padded("%.2s"), "he");
        assert_eq!(padded("%4.1s"), "   h");
        assert_eq!(padded("%.s"), "");
    }
}
