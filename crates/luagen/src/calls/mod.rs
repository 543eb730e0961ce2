//! Programs of many calls of library functions with random arguments: patterns, formats and numerals, packing.

mod format;
mod pack;
mod pattern;

use arbitrary::Unstructured;

/// Which functions are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Calls {
    /// `find`, `match`, `gmatch`, `gsub`.
    Patterns,
    /// `format`, `tostring`, `tonumber`, numerals.
    Formats,
    /// `pack`, `unpack`, `packsize`.
    Packing,
}

/// Calls in one program.
const CALLS: usize = 50;

/// A program that prints what some calls return or raise; the bytes decide which.
pub fn calls(of: Calls, bytes: &[u8]) -> String {
    let mut source = Source(Unstructured::new(bytes));
    let mut program = match of {
        Calls::Patterns => pattern::HEAD.to_owned(),
        Calls::Formats => format::HEAD.to_owned(),
        Calls::Packing => pack::HEAD.to_owned(),
    };
    let mut count = 0;
    while count < CALLS && !source.0.is_empty() {
        program += &match of {
            Calls::Patterns => source.pattern_call(),
            Calls::Formats => source.format_call(),
            Calls::Packing => source.pack_call(),
        };
        program.push('\n');
        count += 1;
    }
    program
}

/// Where choices come from.
struct Source<'a>(Unstructured<'a>);

impl Source<'_> {
    /// A number below `n`; 0 when the bytes are used up.
    fn below(&mut self, n: usize) -> usize {
        self.0.int_in_range(0..=n - 1).unwrap_or(0)
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == n - 1 && n > 1
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    fn bits(&mut self) -> u64 {
        self.0.arbitrary().unwrap_or(0)
    }

    fn small(&mut self, low: i64, high: i64) -> i64 {
        self.0.int_in_range(low..=high).unwrap_or(low)
    }

    /// An integer: small, with few bits set, or any.
    fn int(&mut self) -> String {
        let value = match self.below(8) {
            0..=2 => self.small(-10, 20),
            3 => self.small(-70_000, 70_000),
            4 => {
                let power = 1i64 << self.below(63);
                power.wrapping_add(self.small(-2, 2))
            }
            5 => {
                let power = 1i64 << self.below(63);
                power.wrapping_neg().wrapping_add(self.small(-2, 2))
            }
            _ => self.bits() as i64 >> self.below(64),
        };
        match value {
            i64::MIN => "math.mininteger".to_owned(),
            value => value.to_string(),
        }
    }

    /// A float: simple, special, or of any bits.
    fn float(&mut self) -> String {
        let value = match self.below(9) {
            0 => self.small(-100, 100) as f64 / 8.0,
            1 => self.small(-99_999, 99_999) as f64 / 1000.0,
            2 => {
                let digits = self.small(-9999, 9999) as f64;
                digits * 10f64.powi(self.small(-30, 30) as i32)
            }
            3 => {
                return self
                    .pick(&["0.0", "-0.0", "1/0", "-1/0", "5e-324", "2^53", "2^63", "-2^63"])
                    .to_owned();
            }
            4 => self.bits() as i64 as f64,
            5 => 2f64.powi(self.small(-1074, 1023) as i32),
            6 => return format!("{}.5", self.small(-9, 1_000_000)),
            _ => f64::from_bits(self.bits()),
        };
        hex_float(value)
    }

    /// A string of up to `longest` bytes out of these.
    fn bytes_of(&mut self, alphabet: &[u8], longest: usize) -> Vec<u8> {
        let length = self.below(longest + 1);
        (0..length).map(|_| self.pick(alphabet)).collect()
    }
}

/// A float as a literal that means exactly it.
fn hex_float(value: f64) -> String {
    if value.is_nan() {
        return "(0/0)".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "(1/0)" } else { "(-1/0)" }.to_owned();
    }
    let bits = value.to_bits();
    let (exponent, fraction) = ((bits >> 52) & 0x7FF, bits & ((1 << 52) - 1));
    let sign = if value.is_sign_negative() { "-" } else { "" };
    match exponent {
        0 => format!("{sign}0x0.{fraction:013x}p-1022"),
        _ => format!("{sign}0x1.{fraction:013x}p{}", exponent as i64 - 1023),
    }
}

/// A string as a literal.
fn quoted(bytes: &[u8]) -> String {
    let mut text = "\"".to_owned();
    for &b in bytes {
        match b {
            b'"' | b'\\' => {
                text.push('\\');
                text.push(char::from(b));
            }
            b' '..=b'~' => text.push(char::from(b)),
            _ => text += &format!("\\{b:03}"),
        }
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seeded;

    #[test]
    fn there_are_many_calls() {
        for of in [Calls::Patterns, Calls::Formats, Calls::Packing] {
            let program = calls(of, &seeded::bytes(1, 1, 1500, 1500));
            assert!(program.lines().count() > 20, "{program}");
            assert_eq!(program, calls(of, &seeded::bytes(1, 1, 1500, 1500)));
        }
    }

    #[test]
    fn literals_are_exact() {
        assert_eq!(hex_float(1.5), "0x1.8000000000000p0");
        assert_eq!(hex_float(-5e-324), "-0x0.0000000000001p-1022");
        assert_eq!(quoted(b"a\"\n\xff"), "\"a\\\"\\010\\255\"");
    }
}
