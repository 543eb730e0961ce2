//! Sets of bytes, and the classes of the C locale.

/// A set of bytes as 256 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct ByteSet([u64; 4]);

impl ByteSet {
    /// No byte.
    pub const EMPTY: ByteSet = ByteSet([0; 4]);
    /// Every byte.
    pub const FULL: ByteSet = ByteSet([u64::MAX; 4]);

    /// The set of one byte.
    pub fn byte(byte: u8) -> ByteSet {
        let mut set = ByteSet::EMPTY;
        set.insert(byte);
        set
    }

    /// The class that `%letter` names; a byte that names no class stands for itself.
    pub fn class(letter: u8) -> ByteSet {
        let member: fn(u8) -> bool = match letter.to_ascii_lowercase() {
            b'a' => |b| b.is_ascii_alphabetic(),
            b'c' => |b| b.is_ascii_control(),
            b'd' => |b| b.is_ascii_digit(),
            b'g' => |b| b.is_ascii_graphic(),
            b'l' => |b| b.is_ascii_lowercase(),
            b'p' => |b| b.is_ascii_punctuation(),
            b's' => |b| matches!(b, b' ' | b'\t'..=b'\r'),
            b'u' => |b| b.is_ascii_uppercase(),
            b'w' => |b| b.is_ascii_alphanumeric(),
            b'x' => |b| b.is_ascii_hexdigit(),
            b'z' => |b| b == 0,
            _ => return ByteSet::byte(letter),
        };
        let mut set = ByteSet::EMPTY;
        for byte in (0..=255).filter(|&b| member(b)) {
            set.insert(byte);
        }
        if letter.is_ascii_uppercase() {
            set.complement()
        } else {
            set
        }
    }

    /// Is `byte` in the set?
    #[inline(always)]
    pub fn contains(&self, byte: u8) -> bool {
        self.0[usize::from(byte >> 6)] >> (byte & 63) & 1 != 0
    }

    /// Adds a byte.
    pub fn insert(&mut self, byte: u8) {
        self.0[usize::from(byte >> 6)] |= 1 << (byte & 63);
    }

    /// The bytes of either set.
    #[must_use]
    pub fn union(self, other: ByteSet) -> ByteSet {
        ByteSet(std::array::from_fn(|i| self.0[i] | other.0[i]))
    }

    /// The bytes not in the set.
    #[must_use]
    pub fn complement(self) -> ByteSet {
        ByteSet(self.0.map(|word| !word))
    }

    /// Have the sets no byte in common?
    pub fn is_disjoint(&self, other: &ByteSet) -> bool {
        self.0.iter().zip(other.0).all(|(a, b)| a & b == 0)
    }
}
