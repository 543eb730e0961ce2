//! Sets of bytes, and the classes of the C locale.

/// A set of bytes as 256 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct ByteSet([u64; 4]);

/// The classes by the small letters that name them.
static CLASSES: [(u8, ByteSet); 11] = [
    members(b'a'),
    members(b'c'),
    members(b'd'),
    members(b'g'),
    members(b'l'),
    members(b'p'),
    members(b's'),
    members(b'u'),
    members(b'w'),
    members(b'x'),
    members(b'z'),
];

const fn members(class: u8) -> (u8, ByteSet) {
    let mut words = [0u64; 4];
    let mut byte = 0u8;
    loop {
        let is_member = match class {
            b'a' => byte.is_ascii_alphabetic(),
            b'c' => byte.is_ascii_control(),
            b'd' => byte.is_ascii_digit(),
            b'g' => byte.is_ascii_graphic(),
            b'l' => byte.is_ascii_lowercase(),
            b'p' => byte.is_ascii_punctuation(),
            b's' => matches!(byte, b' ' | b'\t'..=b'\r'),
            b'u' => byte.is_ascii_uppercase(),
            b'w' => byte.is_ascii_alphanumeric(),
            b'x' => byte.is_ascii_hexdigit(),
            _ => byte == 0,
        };
        if is_member {
            words[(byte >> 6) as usize] |= 1 << (byte & 63);
        }
        if byte == u8::MAX {
            return (class, ByteSet(words));
        }
        byte += 1;
    }
}

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
        let lower = letter.to_ascii_lowercase();
        match CLASSES.iter().find(|(name, _)| *name == lower) {
            Some((_, set)) if lower == letter => *set,
            Some((_, set)) => set.complement(),
            None => ByteSet::byte(letter),
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
