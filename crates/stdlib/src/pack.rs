//! The format strings of `string.pack`, `string.unpack` and `string.packsize`.

use perilune_lang::Std;
use std::fmt;

/// One option of a format, with its size and the padding before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item {
    /// What to pack.
    pub option: Pack,
    /// Its size in bytes; 0 for what has no fixed size.
    pub size: usize,
    /// Bytes of alignment before it.
    pub padding: usize,
}

/// What an option packs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pack {
    /// A signed integer: `b h i l j`.
    Int,
    /// An unsigned integer: `B H I L J T`.
    Uint,
    /// A single-precision float: `f`.
    Float,
    /// A double: `d n`.
    Double,
    /// A string of fixed size: `c`.
    Fixed,
    /// A string after its length, whose size is the item's: `s`.
    Prefixed,
    /// A string up to a zero byte: `z`.
    Zero,
    /// One byte of padding: `x`.
    Byte,
    /// Alignment alone: `X`.
    Align,
    /// Nothing: a space, or an option that sets endianness or alignment.
    None,
}

/// What is wrong with a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PackError {
    /// An unknown option.
    InvalidOption(u8),
    /// `c` without a number.
    MissingSize,
    /// An integer of more than 16 bytes, or of none.
    SizeOutOfLimits(usize),
    /// `X` not before an option that can be aligned (about argument 1).
    InvalidNext,
    /// An alignment that is no power of two (about argument 1).
    NotPowerOfTwo,
}

impl PackError {
    /// Is this an error about the format argument (rather than a plain error)?
    pub fn is_argument_error(self) -> bool {
        matches!(self, PackError::InvalidNext | PackError::NotPowerOfTwo)
    }
}

impl PackError {
    /// The message; the offending byte of an option is shown as it is.
    pub fn message(self) -> Vec<u8> {
        match self {
            PackError::InvalidOption(byte) => [b"invalid format option '", &[byte][..], b"'"].concat(),
            other => other.to_string().into_bytes(),
        }
    }
}

impl fmt::Display for PackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PackError::InvalidOption(byte) => write!(f, "invalid format option '{}'", char::from(*byte)),
            PackError::MissingSize => f.write_str("missing size for format option 'c'"),
            // The reference prints the size as a C `int`.
            PackError::SizeOutOfLimits(size) => {
                write!(f, "integral size ({}) out of limits [1,{MAX_INT_SIZE}]", *size as i32)
            }
            PackError::InvalidNext => f.write_str("invalid next option for option 'X'"),
            PackError::NotPowerOfTwo => f.write_str("format asks for alignment not power of 2"),
        }
    }
}

impl std::error::Error for PackError {}

/// The largest integer that can be packed, in bytes.
pub const MAX_INT_SIZE: usize = 16;

const WORD: usize = size_of::<i64>();

/// Reads a format option by option.
#[derive(Clone, Debug)]
pub struct Format<'a> {
    text: &'a [u8],
    at: usize,
    little: bool,
    max_align: usize,
    native_align: usize,
    max_size: usize,
}

impl<'a> Format<'a> {
    /// Starts at the beginning of `text`, native endianness, no alignment. The language version says how large a packed string may
    /// be, and what the native alignment is.
    pub fn new(text: &'a [u8], std: Std) -> Format<'a> {
        // The reference reads a C string, which a zero byte ends.
        let end = memchr::memchr(0, text).unwrap_or(text.len());
        Format {
            text: &text[..end],
            at: 0,
            little: cfg!(target_endian = "little"),
            max_align: 1,
            native_align: std.native_alignment(),
            max_size: std.longest_string(),
        }
    }

    /// Is the current endianness little?
    pub fn is_little(&self) -> bool {
        self.little
    }

    /// The offset of the next option, with which [`resume`](Format::resume) continues.
    pub fn position(&self) -> usize {
        self.at
    }

    /// The next item, given the `total` size before it; `None` at the end.
    ///
    /// # Errors
    /// The option is invalid.
    pub fn next(&mut self, total: usize) -> Result<Option<Item>, PackError> {
        let Some(&byte) = self.text.get(self.at) else {
            return Ok(None);
        };
        self.at += 1;
        let (option, size) = self.option(byte)?;
        let mut align = size;
        if option == Pack::Align {
            let next = self.text.get(self.at).copied().ok_or(PackError::InvalidNext)?;
            self.at += 1;
            let (following, size) = self.option(next)?;
            if following == Pack::Fixed || size == 0 {
                return Err(PackError::InvalidNext);
            }
            align = size;
        }
        let mut padding = 0;
        if align > 1 && option != Pack::Fixed {
            align = align.min(self.max_align);
            if !align.is_power_of_two() {
                return Err(PackError::NotPowerOfTwo);
            }
            padding = total.wrapping_neg() & (align - 1);
        }
        Ok(Some(Item { option, size, padding }))
    }

    fn option(&mut self, byte: u8) -> Result<(Pack, usize), PackError> {
        Ok(match byte {
            b'b' => (Pack::Int, 1),
            b'B' => (Pack::Uint, 1),
            b'h' => (Pack::Int, 2),
            b'H' => (Pack::Uint, 2),
            b'l' | b'j' => (Pack::Int, WORD),
            b'L' | b'J' | b'T' => (Pack::Uint, WORD),
            b'f' => (Pack::Float, 4),
            b'd' | b'n' => (Pack::Double, 8),
            b'i' => (Pack::Int, self.limited(4)?),
            b'I' => (Pack::Uint, self.limited(4)?),
            b's' => (Pack::Prefixed, self.limited(WORD)?),
            b'c' => (Pack::Fixed, self.number().ok_or(PackError::MissingSize)?),
            b'z' => (Pack::Zero, 0),
            b'x' => (Pack::Byte, 1),
            b'X' => (Pack::Align, 0),
            b' ' => (Pack::None, 0),
            b'<' => self.endian(true),
            b'>' => self.endian(false),
            b'=' => self.endian(cfg!(target_endian = "little")),
            b'!' => {
                self.max_align = self.limited(self.native_align)?;
                (Pack::None, 0)
            }
            other => return Err(PackError::InvalidOption(other)),
        })
    }

    fn endian(&mut self, little: bool) -> (Pack, usize) {
        self.little = little;
        (Pack::None, 0)
    }

    /// A decimal number, which stops growing near the largest size.
    fn number(&mut self) -> Option<usize> {
        if !self.text.get(self.at)?.is_ascii_digit() {
            return None;
        }
        let mut number = 0usize;
        while let Some(digit @ b'0'..=b'9') = self.text.get(self.at) {
            if number > (self.max_size - 9) / 10 {
                break;
            }
            number = number * 10 + usize::from(digit - b'0');
            self.at += 1;
        }
        Some(number)
    }

    fn limited(&mut self, default: usize) -> Result<usize, PackError> {
        let size = self.number().unwrap_or(default);
        if (1..=MAX_INT_SIZE).contains(&size) {
            Ok(size)
        } else {
            Err(PackError::SizeOutOfLimits(size))
        }
    }
}

/// Appends an integer in `size` bytes, extending the sign of a `negative` one past eight bytes.
pub fn pack_int(out: &mut Vec<u8>, n: i64, size: usize, little: bool, negative: bool) {
    let fill = if negative { 0xff } else { 0 };
    let bytes = n.to_le_bytes();
    let start = out.len();
    out.extend((0..size).map(|i| bytes.get(i).copied().unwrap_or(fill)));
    if !little {
        out[start..].reverse();
    }
}

/// Reads an integer from all of `bytes` (1 to 16 of them), or `None` if it does not fit 64 bits.
pub fn unpack_int(bytes: &[u8], little: bool, signed: bool) -> Option<i64> {
    let size = bytes.len();
    // Index 0 is the least significant byte.
    let byte = |i: usize| if little { bytes[i] } else { bytes[size - 1 - i] };
    let mut n = 0u64;
    for i in (0..size.min(WORD)).rev() {
        n = n << 8 | u64::from(byte(i));
    }
    if size < WORD {
        if signed {
            let unused = 64 - 8 * size as u32;
            return Some((n << unused) as i64 >> unused);
        }
    } else {
        let fill = if signed && (n as i64) < 0 { 0xff } else { 0 };
        if (WORD..size).any(|i| byte(i) != fill) {
            return None;
        }
    }
    Some(n as i64)
}

/// Does `n` fit in `size` bytes, signed?
pub fn fits_signed(n: i64, size: usize) -> bool {
    size >= WORD || {
        let limit = 1i64 << (8 * size - 1);
        (-limit..limit).contains(&n)
    }
}

/// Does `n` fit in `size` bytes, unsigned?
pub fn fits_unsigned(n: u64, size: usize) -> bool {
    size >= WORD || n >> (8 * size) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(text: &str) -> Result<Vec<(Pack, usize, usize)>, PackError> {
        let mut format = Format::new(text.as_bytes(), Std::V5_5);
        let (mut out, mut total) = (Vec::new(), 0);
        while let Some(item) = format.next(total)? {
            total += item.size + item.padding;
            out.push((item.option, item.size, item.padding));
        }
        Ok(out)
    }

    #[test]
    fn every_option_has_its_size() {
        let all = "bBhHlLjJTfdnii3I7ss2c10zx";
        let sizes: Vec<usize> = items(all).unwrap().iter().map(|i| i.1).collect();
        assert_eq!(sizes, [1, 1, 2, 2, 8, 8, 8, 8, 8, 4, 8, 8, 4, 3, 7, 8, 2, 10, 0, 1]);
        assert_eq!(items(" <>=!4").unwrap().iter().filter(|i| i.0 == Pack::None).count(), 5);
        assert_eq!(items("b\0!!!").unwrap(), [(Pack::Int, 1, 0)]);
    }

    #[test]
    fn alignment() {
        let paddings: Vec<usize> = items("!8bXhi4i8c1Xi8").unwrap().iter().map(|i| i.2).collect();
        assert_eq!(paddings, [0, 0, 1, 2, 0, 0, 7]);
        assert_eq!(items("!4bd").unwrap()[2], (Pack::Double, 8, 3));
        assert_eq!(items("bd").unwrap()[1].2, 0);
        assert_eq!(items("!3 i4"), Err(PackError::NotPowerOfTwo));
        assert_eq!(items("!4 i3"), Err(PackError::NotPowerOfTwo));
        for bad in ["X", "Xz", "X ", "Xc1", "XX", "!4 X"] {
            assert_eq!(items(bad), Err(PackError::InvalidNext), "{bad}");
        }
    }

    #[test]
    fn errors_have_the_references_words() {
        let message = |text: &str| String::from_utf8(items(text).unwrap_err().message()).unwrap();
        assert_eq!(message("r"), "invalid format option 'r'");
        assert_eq!(message("i0"), "integral size (0) out of limits [1,16]");
        assert_eq!(message("I17"), "integral size (17) out of limits [1,16]");
        assert_eq!(message("!17"), "integral size (17) out of limits [1,16]");
        assert_eq!(message("c"), "missing size for format option 'c'");
    }

    #[test]
    fn integers_round_trip() {
        for n in [0, 1, -1, 127, -128, 255, 0x1234_5678, i64::MAX, i64::MIN] {
            for size in 1..=16 {
                for little in [true, false] {
                    if !fits_signed(n, size) {
                        continue;
                    }
                    let mut out = Vec::new();
                    pack_int(&mut out, n, size, little, n < 0);
                    assert_eq!(out.len(), size);
                    assert_eq!(unpack_int(&out, little, true), Some(n), "{n} {size} {little}");
                }
            }
        }
        assert_eq!(unpack_int(&[0xff; 2], true, false), Some(0xffff));
        assert_eq!(unpack_int(&[0xff; 9], true, false), None);
        assert_eq!(unpack_int(&[0xff; 16], true, true), Some(-1));
        assert_eq!(unpack_int(&[0, 0, 0, 0, 0, 0, 0, 0, 1], true, true), None);
        assert!(fits_unsigned(255, 1) && !fits_unsigned(256, 1) && fits_unsigned(u64::MAX, 8));
        let mut out = Vec::new();
        pack_int(&mut out, 0x0102, 3, false, false);
        assert_eq!(out, [0, 1, 2]);
    }
}
