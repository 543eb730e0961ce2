//! The field types of an instruction, and how each is laid into 64-bit words.

use std::fmt;

/// A frame slot that an instruction names directly, encoded as its byte offset (slot * 16).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reg(pub u16);

/// An index into the constants of the function, encoded as a byte offset (index * 16).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Const(pub u16);

/// An index into the upvalues of the closure, encoded as a byte offset (index * 8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Upvalue(pub u16);

/// A signed number that stands in the instruction itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Imm(pub i16);

/// A number of values, or a size hint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Count(pub u16);

/// A number of results, or [`ResultCount::OPEN`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResultCount(pub u16);

/// Any slot of the frame by number, past the reach of [`Reg`] as well; encoded as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(pub u16);

/// A short jump: words from the end of the instruction that holds it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Jump16(pub i16);

/// A long jump: words from the end of the instruction that holds it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Jump32(pub i32);

/// A wide index: a constant, a function of the module, or the first index of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Wide(pub u32);

/// A word that belongs to the VM that loads the code; zero in a module.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cache(pub u64);

/// What a closure takes for one of its upvalues, in 16 bits: a register as its byte offset, an
/// upvalue as its byte offset with the lowest bit set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Capture {
    /// The cell in a register of the function that makes the closure.
    Register(Reg),
    /// The cell of an upvalue of the function that makes the closure.
    Upvalue(Upvalue),
}

/// The cells that a closure takes, in the order of its upvalues.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Captures(pub Vec<Capture>);

impl Reg {
    /// Slots that a register field can name: `0..LIMIT`.
    pub const LIMIT: u16 = 4096;
}

impl Const {
    /// Constants that a constant field can name: `0..LIMIT`.
    pub const LIMIT: u16 = 4096;
}

impl Upvalue {
    /// Upvalues that an upvalue field can name: `0..LIMIT`.
    pub const LIMIT: u16 = 8192;
}

impl ResultCount {
    /// As many results as there are; they become the open values.
    pub const OPEN: ResultCount = ResultCount(u16::MAX);

    /// The number of results, unless open.
    pub fn fixed(self) -> Option<u16> {
        (self != Self::OPEN).then_some(self.0)
    }
}

impl Cache {
    /// What a cache word holds in a module.
    pub const EMPTY: Cache = Cache(0);
}

impl Captures {
    /// The most captures that one closure can take.
    pub const LIMIT: usize = u16::MAX as usize;
}

/// The type of a field, as the instruction table names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FieldType {
    /// [`Reg`]
    Reg,
    /// [`Const`]
    Const,
    /// [`Upvalue`]
    Upvalue,
    /// [`Imm`]
    Imm,
    /// [`Count`]
    Count,
    /// [`ResultCount`]
    ResultCount,
    /// [`Slot`]
    Slot,
    /// [`Jump16`]
    Jump16,
    /// [`Jump32`]
    Jump32,
    /// [`Wide`]
    Wide,
    /// [`Cache`]
    Cache,
    /// [`Captures`]
    Captures,
}

impl FieldType {
    /// Size and alignment in bytes; of captures, those of their count.
    pub const fn size(self) -> usize {
        match self {
            FieldType::Jump32 | FieldType::Wide => 4,
            FieldType::Cache => 8,
            _ => 2,
        }
    }
}

/// The byte offset, from the start of the instruction, of field `index` among fields of these types.
/// With `index == types.len()`, the end of the last field.
pub(crate) const fn field_offset(types: &[FieldType], index: usize) -> usize {
    let mut at: usize = 2; // behind the opcode
    let mut i = 0;
    while i < types.len() {
        let size = types[i].size();
        at = at.div_ceil(size) * size;
        if i == index {
            return at;
        }
        at += size;
        i += 1;
    }
    at
}

/// The value of a field, of any type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldValue<'a> {
    /// A register.
    Reg(Reg),
    /// A constant.
    Const(Const),
    /// An upvalue.
    Upvalue(Upvalue),
    /// An immediate.
    Imm(Imm),
    /// A count.
    Count(Count),
    /// A count of results.
    ResultCount(ResultCount),
    /// A slot by number.
    Slot(Slot),
    /// A jump of either width, in words from the end of the instruction.
    Jump(i32),
    /// A wide index.
    Wide(Wide),
    /// A cache word.
    Cache(Cache),
    /// The captures of a closure.
    Captures(&'a [Capture]),
}

/// A field whose value does not fit its encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FieldError {
    /// A register past [`Reg::LIMIT`].
    Register(Reg),
    /// A constant past [`Const::LIMIT`].
    Constant(Const),
    /// An upvalue past [`Upvalue::LIMIT`].
    Upvalue(Upvalue),
    /// More captures than [`Captures::LIMIT`].
    Captures(usize),
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FieldError::Register(reg) => write!(
                f,
                "register {reg} is past the reach of a register field ({})",
                Reg::LIMIT
            ),
            FieldError::Constant(k) => write!(
                f,
                "constant {k} is past the reach of a constant field ({})",
                Const::LIMIT
            ),
            FieldError::Upvalue(u) => write!(
                f,
                "upvalue {u} is past the reach of an upvalue field ({})",
                Upvalue::LIMIT
            ),
            FieldError::Captures(n) => write!(f, "{n} captures are more than {}", Captures::LIMIT),
        }
    }
}

impl std::error::Error for FieldError {}

/// How a word sequence fails to be an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeError {
    /// No instruction has this number.
    UnknownOpcode {
        /// Word offset of the instruction.
        at: u32,
        /// What stands in place of the opcode.
        code: u16,
    },
    /// The code ends inside the instruction (or `at` lies past its end).
    Truncated {
        /// Word offset of the instruction.
        at: u32,
    },
    /// A scaled field that is not a multiple of its scale.
    Misaligned {
        /// Word offset of the instruction.
        at: u32,
        /// The field's 16 bits.
        bits: u16,
    },
    /// Bits that belong to no field are not zero.
    Padding {
        /// Word offset of the instruction.
        at: u32,
    },
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DecodeError::UnknownOpcode { at, code } => write!(f, "word {at}: unknown opcode {code}"),
            DecodeError::Truncated { at } => write!(f, "word {at}: the code ends inside an instruction"),
            DecodeError::Misaligned { at, bits } => {
                write!(f, "word {at}: field {bits:#06x} is not a multiple of its scale")
            }
            DecodeError::Padding { at } => write!(f, "word {at}: unused bits are not zero"),
        }
    }
}

impl std::error::Error for DecodeError {}

/// Appends fields to words. Inlined with the fields of one instruction, all places are constants.
pub(crate) struct WordWriter<'a> {
    words: &'a mut Vec<u64>,
    /// The word in the making, and its number in the instruction.
    word: u64,
    index: usize,
    /// Byte offset of the next field from the start of the instruction.
    at: usize,
}

impl<'a> WordWriter<'a> {
    #[inline(always)]
    pub(crate) fn new(words: &'a mut Vec<u64>, opcode: u16) -> Self {
        WordWriter {
            words,
            word: u64::from(opcode),
            index: 0,
            at: 2,
        }
    }

    #[inline(always)]
    fn put(&mut self, size: usize, bits: u64) {
        let at = self.at.div_ceil(size) * size;
        if at / 8 > self.index {
            self.words.push(std::mem::take(&mut self.word));
            self.index += 1;
        }
        self.word |= bits << (at % 8 * 8);
        self.at = at + size;
    }

    #[inline(always)]
    pub(crate) fn finish(self) {
        self.words.push(self.word);
    }
}

/// Reads fields from words; remembers which bytes it read, so that the rest can be checked for zero.
pub(crate) struct WordReader<'a> {
    code: &'a [u64],
    start: usize,
    at: usize,
    padding: u64,
}

impl<'a> WordReader<'a> {
    /// Starts at word `start`; also gives the opcode there.
    pub(crate) fn new(code: &'a [u64], start: usize) -> Result<(Self, u16), DecodeError> {
        let Some(&word) = code.get(start) else {
            return Err(DecodeError::Truncated { at: start as u32 });
        };
        Ok((
            WordReader {
                code,
                start,
                at: 2,
                padding: 0,
            },
            word as u16,
        ))
    }

    fn place(&self) -> u32 {
        self.start as u32
    }

    fn get(&mut self, size: usize) -> Result<u64, DecodeError> {
        let aligned = self.at.div_ceil(size) * size;
        self.skip_to(aligned);
        let Some(&word) = self.code.get(self.start + self.at / 8) else {
            return Err(DecodeError::Truncated { at: self.place() });
        };
        let bits = word >> (self.at % 8 * 8);
        self.at += size;
        Ok(if size == 8 {
            bits
        } else {
            bits & ((1 << (size * 8)) - 1)
        })
    }

    /// Collects the bits between here and byte `to`, which lies at most one word further.
    fn skip_to(&mut self, to: usize) {
        while self.at < to {
            if let Some(word) = self.code.get(self.start + self.at / 8) {
                self.padding |= (word >> (self.at % 8 * 8)) & 0xffff;
            }
            self.at += 2;
        }
    }

    /// The number of words read, if all unused bits in them are zero.
    pub(crate) fn finish(mut self) -> Result<usize, DecodeError> {
        let end = self.at.div_ceil(8) * 8;
        self.skip_to(end);
        if self.padding != 0 {
            return Err(DecodeError::Padding { at: self.place() });
        }
        Ok(end / 8)
    }

    fn unscale(&self, bits: u64, scale: u64) -> Result<u16, DecodeError> {
        if !bits.is_multiple_of(scale) {
            return Err(DecodeError::Misaligned {
                at: self.place(),
                bits: bits as u16,
            });
        }
        Ok((bits / scale) as u16)
    }
}

/// What the instruction table needs of a field type.
pub(crate) trait Encoded: Sized {
    fn put(&self, words: &mut WordWriter<'_>);
    fn get(words: &mut WordReader<'_>) -> Result<Self, DecodeError>;
    fn value(&self) -> FieldValue<'_>;
    #[inline(always)]
    fn check(&self) -> Result<(), FieldError> {
        Ok(())
    }
}

impl Encoded for Reg {
    #[inline(always)]
    fn put(&self, words: &mut WordWriter<'_>) {
        words.put(2, u64::from(self.0) * 16);
    }
    fn get(words: &mut WordReader<'_>) -> Result<Self, DecodeError> {
        let bits = words.get(2)?;
        words.unscale(bits, 16).map(Reg)
    }
    fn value(&self) -> FieldValue<'_> {
        FieldValue::Reg(*self)
    }
    #[inline(always)]
    fn check(&self) -> Result<(), FieldError> {
        if self.0 < Reg::LIMIT {
            Ok(())
        } else {
            Err(FieldError::Register(*self))
        }
    }
}

impl Encoded for Const {
    #[inline(always)]
    fn put(&self, words: &mut WordWriter<'_>) {
        words.put(2, u64::from(self.0) * 16);
    }
    fn get(words: &mut WordReader<'_>) -> Result<Self, DecodeError> {
        let bits = words.get(2)?;
        words.unscale(bits, 16).map(Const)
    }
    fn value(&self) -> FieldValue<'_> {
        FieldValue::Const(*self)
    }
    #[inline(always)]
    fn check(&self) -> Result<(), FieldError> {
        if self.0 < Const::LIMIT {
            Ok(())
        } else {
            Err(FieldError::Constant(*self))
        }
    }
}

impl Encoded for Upvalue {
    #[inline(always)]
    fn put(&self, words: &mut WordWriter<'_>) {
        words.put(2, u64::from(self.0) * 8);
    }
    fn get(words: &mut WordReader<'_>) -> Result<Self, DecodeError> {
        let bits = words.get(2)?;
        words.unscale(bits, 8).map(Upvalue)
    }
    fn value(&self) -> FieldValue<'_> {
        FieldValue::Upvalue(*self)
    }
    #[inline(always)]
    fn check(&self) -> Result<(), FieldError> {
        if self.0 < Upvalue::LIMIT {
            Ok(())
        } else {
            Err(FieldError::Upvalue(*self))
        }
    }
}

macro_rules! plain_fields {
    ($($name:ident $size:literal $bits:ident $inner:ident $value:expr;)*) => { $(
        impl Encoded for $name {
            #[inline(always)]
            fn put(&self, words: &mut WordWriter<'_>) {
                words.put($size, u64::from(self.0 as $bits));
            }
            fn get(words: &mut WordReader<'_>) -> Result<Self, DecodeError> {
                words.get($size).map(|bits| $name(bits as $inner))
            }
            fn value(&self) -> FieldValue<'_> {
                let value: fn($name) -> FieldValue<'static> = $value;
                value(*self)
            }
        }
    )* };
}

plain_fields! {
    Imm 2 u16 i16 FieldValue::Imm;
    Count 2 u16 u16 FieldValue::Count;
    ResultCount 2 u16 u16 FieldValue::ResultCount;
    Slot 2 u16 u16 FieldValue::Slot;
    Jump16 2 u16 i16 |jump| FieldValue::Jump(jump.0.into());
    Jump32 4 u32 i32 |jump| FieldValue::Jump(jump.0);
    Wide 4 u32 u32 FieldValue::Wide;
    Cache 8 u64 u64 FieldValue::Cache;
}

impl Encoded for Captures {
    fn put(&self, words: &mut WordWriter<'_>) {
        words.put(2, self.0.len() as u64);
        for capture in &self.0 {
            words.put(2, u64::from(capture.to_bits()));
        }
    }
    fn get(words: &mut WordReader<'_>) -> Result<Self, DecodeError> {
        let count = words.get(2)? as usize;
        // A count must not reserve more than the code can hold.
        if count > (words.code.len() - words.start) * 4 {
            return Err(DecodeError::Truncated { at: words.place() });
        }
        let mut captures = Vec::with_capacity(count);
        for _ in 0..count {
            let bits = words.get(2)?;
            captures.push(if bits & 1 == 0 {
                Capture::Register(Reg(words.unscale(bits, 16)?))
            } else {
                Capture::Upvalue(Upvalue(words.unscale(bits - 1, 8)?))
            });
        }
        Ok(Captures(captures))
    }
    fn value(&self) -> FieldValue<'_> {
        FieldValue::Captures(&self.0)
    }
    fn check(&self) -> Result<(), FieldError> {
        if self.0.len() > Captures::LIMIT {
            return Err(FieldError::Captures(self.0.len()));
        }
        self.0.iter().try_for_each(|capture| match capture {
            Capture::Register(reg) => reg.check(),
            Capture::Upvalue(upvalue) => upvalue.check(),
        })
    }
}

impl Capture {
    /// The 16 bits that stand in the code: `register * 16`, or `upvalue * 8 + 1`.
    pub const fn to_bits(self) -> u16 {
        match self {
            Capture::Register(reg) => reg.0 * 16,
            Capture::Upvalue(upvalue) => upvalue.0 * 8 + 1,
        }
    }
}

macro_rules! display_with_letter {
    ($($name:ident $letter:literal;)*) => { $(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($letter, "{}"), self.0)
            }
        }
    )* };
}

display_with_letter! {
    Reg "r";
    Const "k";
    Upvalue "u";
    Imm "";
    Count "";
    Slot "s";
    Wide "";
}

impl fmt::Display for ResultCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.fixed() {
            Some(count) => write!(f, "{count}"),
            None => f.write_str("open"),
        }
    }
}

impl fmt::Display for Capture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Capture::Register(reg) => reg.fmt(f),
            Capture::Upvalue(upvalue) => upvalue.fmt(f),
        }
    }
}
