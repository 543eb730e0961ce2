//! Modules as files: little-endian, length-checked, versioned.
//!
//! ```text
//! file      = magic version length sum module  magic is 1B 'P' 'L' 'C'; version u16; length u64, of the module's bytes;
//!                                              sum u64, their FNV-1a hash
//! module    = bytes list(function)             the chunk name
//! function  = flags u8  [bytes]                1 has a name, 2 vararg; the name
//!             line u32  last line u32  params u16  frame u32
//!             list(word u64)  list(constant)  list(upvalue)  list(line)  list(safepoint)  list(name)  list(local)
//! constant  = 0 | 1 | 2 | 3 i64 | 4 f64 | 5 bytes | 6 string u32
//!             nil, false, true, integer, float, a new string, one that was there before, by its number; the tag is a u8
//! upvalue   = kind u8  bytes
//! line      = at u32  line u32  column u32
//! safepoint = at u32  list(word u64)           the last word is not zero
//! name      = at u32  operand u16  kind u8  bytes
//! local     = start u32  end u32  slot u32  bytes
//! bytes     = count u32, bytes                 list(x) = count u32, elements
//! ```
//!
//! # History of the format
//!
//! The numbers of the instructions follow the order of the table in `ops.rs`, so each change of a row is a new
//! version. Readers accept their own version only.
//!
//! | version | what changed |
//! |--------:|--------------|
//! | 1 | first version |
//! | 2 | `get_vararg`, `vararg_from` and `vararg_from_open` |
//! | 3 | the sum; each string stands once |

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use crate::live::LiveSet;
use crate::module::{
    Constant, Function, LineEntry, LocalVar, Module, NameKind, OperandName, Safepoint, UpvalueDesc, VariableKind,
};

/// What a module file starts with. The first byte tells binary chunks from text.
pub const MAGIC: [u8; 4] = *b"\x1bPLC";

/// What PUC Lua's own binary chunks start with. They are of another version, whichever it is.
const FOREIGN_MAGIC: [u8; 4] = *b"\x1bLua";

/// The version of the format that this crate writes, and the only one that it reads.
pub const FORMAT_VERSION: u16 = 3;

const HEADER: usize = 22;

/// The module as a file; without names of variables, lines and local variables if `strip`.
///
/// # Panics
/// If a name, string or table has 2^32 bytes or entries.
pub fn to_bytes(module: &Module, strip: bool) -> Vec<u8> {
    if strip {
        let mut stripped = module.clone();
        stripped.strip();
        return to_bytes(&stripped, false);
    }
    let mut out = Writer::default();
    out.bytes.extend(MAGIC);
    out.u16(FORMAT_VERSION);
    out.u64(0);
    out.u64(0);
    out.blob(&module.name);
    out.list(&module.functions, Writer::function);
    seal(&mut out.bytes);
    out.bytes
}

/// Writes the header's length and sum for what follows it; for bytes without a whole header, nothing.
pub(crate) fn seal(file: &mut [u8]) {
    if let Some((header, module)) = file.split_at_mut_checked(HEADER) {
        header[6..14].copy_from_slice(&(module.len() as u64).to_le_bytes());
        header[14..22].copy_from_slice(&sum(module).to_le_bytes());
    }
}

/// The 64-bit FNV-1a hash (Fowler, Noll, Vo 1991): it changes with any single byte.
fn sum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xCBF2_9CE4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01B3)
    })
}

/// The module in a file. It is as it was written, which does not make it safe to run: [`verify`](crate::verify) does.
///
/// Never panics; takes memory in proportion to the input only.
///
/// # Errors
/// If the bytes are not exactly one module of this version.
pub fn from_bytes(bytes: &[u8]) -> Result<Module, FileError> {
    let mut input = Reader {
        bytes,
        at: 0,
        strings: Vec::new(),
        known: BTreeSet::new(),
    };
    let (mut own, mut foreign) = (true, true);
    for (&ours, &theirs) in MAGIC.iter().zip(&FOREIGN_MAGIC) {
        let byte = input.u8()?;
        own &= byte == ours;
        foreign &= byte == theirs;
        if !own && !foreign {
            return Err(FileError {
                offset: 0,
                kind: FileErrorKind::NotAModule,
            });
        }
    }
    if foreign {
        return Err(FileError {
            offset: MAGIC.len(),
            kind: FileErrorKind::Version(u16::from(input.u8()?)),
        });
    }
    let version = input.u16()?;
    if version != FORMAT_VERSION {
        return Err(FileError {
            offset: MAGIC.len(),
            kind: FileErrorKind::Version(version),
        });
    }
    let length = input.u64()?;
    let expected = input.u64()?;
    let present = (bytes.len() - HEADER) as u64;
    if length > present {
        return Err(FileError {
            offset: bytes.len(),
            kind: FileErrorKind::Truncated,
        });
    }
    if length < present {
        return Err(FileError {
            offset: HEADER + length as usize,
            kind: FileErrorKind::TrailingBytes,
        });
    }
    if sum(&bytes[HEADER..]) != expected {
        return Err(FileError {
            offset: HEADER,
            kind: FileErrorKind::Corrupted,
        });
    }
    let module = Module {
        name: input.blob()?.to_vec(),
        functions: input.list(MIN_FUNCTION, Reader::function)?,
    };
    if input.at != bytes.len() {
        return input.fail(FileErrorKind::TrailingBytes);
    }
    Ok(module)
}

/// Why bytes are not a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileError {
    /// Where in the bytes.
    pub offset: usize,
    /// Why.
    pub kind: FileErrorKind,
}

/// A reason of a [`FileError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileErrorKind {
    /// The bytes do not start with [`MAGIC`].
    NotAModule,
    /// The file is of another version.
    Version(u16),
    /// The bytes end inside the module, or a count promises more than follows.
    Truncated,
    /// Bytes follow the module.
    TrailingBytes,
    /// The bytes are not those that the header's sum was made of.
    Corrupted,
    /// A string that was there before, or a number of none.
    StringNumber,
    /// A tag that has no meaning.
    Tag(u8),
    /// A live map in another form than the one that is written.
    LiveMap,
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            // The first four are what PUC Lua says of its own files.
            FileErrorKind::NotAModule => f.write_str("not a binary chunk"),
            FileErrorKind::Version(_) => f.write_str("version mismatch"),
            FileErrorKind::Truncated => f.write_str("truncated chunk"),
            FileErrorKind::Corrupted => f.write_str("corrupted chunk"),
            FileErrorKind::TrailingBytes => write!(f, "trailing bytes at byte {}", self.offset),
            FileErrorKind::StringNumber => write!(f, "invalid string index at byte {}", self.offset),
            FileErrorKind::Tag(tag) => write!(f, "unknown tag {tag} at byte {}", self.offset),
            FileErrorKind::LiveMap => write!(f, "malformed live map at byte {}", self.offset),
        }
    }
}

impl std::error::Error for FileError {}

#[derive(Default)]
struct Writer<'a> {
    bytes: Vec<u8>,
    /// The strings among the constants so far, by their numbers.
    strings: BTreeMap<&'a [u8], u32>,
}

impl<'a> Writer<'a> {
    fn u8(&mut self, value: u8) {
        self.bytes.push(value);
    }

    fn u16(&mut self, value: u16) {
        self.bytes.extend(value.to_le_bytes());
    }

    fn u32(&mut self, value: u32) {
        self.bytes.extend(value.to_le_bytes());
    }

    fn u64(&mut self, value: u64) {
        self.bytes.extend(value.to_le_bytes());
    }

    fn count(&mut self, count: usize) {
        self.u32(count.try_into().expect("a table of a module has 2^32 entries"));
    }

    fn blob(&mut self, bytes: &[u8]) {
        self.count(bytes.len());
        self.bytes.extend(bytes);
    }

    fn list<T>(&mut self, items: &'a [T], mut write: impl FnMut(&mut Self, &'a T)) {
        self.count(items.len());
        items.iter().for_each(|item| write(self, item));
    }

    fn function(&mut self, function: &'a Function) {
        self.u8(u8::from(function.name.is_some()) * HAS_NAME + u8::from(function.vararg) * IS_VARARG);
        if let Some(name) = &function.name {
            self.blob(name);
        }
        self.u32(function.line_defined);
        self.u32(function.last_line);
        self.u16(function.params);
        self.u32(function.frame_size);
        self.list(&function.code, |out, &word| out.u64(word));
        self.list(&function.constants, Writer::constant);
        self.list(&function.upvalues, |out, upvalue| {
            out.u8(upvalue.kind as u8);
            out.blob(&upvalue.name);
        });
        self.list(&function.lines, |out, line| {
            out.u32(line.at);
            out.u32(line.line);
            out.u32(line.column);
        });
        self.list(&function.safepoints, |out, safepoint| {
            out.u32(safepoint.at);
            let words = safepoint.live.words();
            out.count(if safepoint.live.is_empty() { 0 } else { words.len() });
            words
                .filter(|_| !safepoint.live.is_empty())
                .for_each(|word| out.u64(word));
        });
        self.list(&function.names, |out, name| {
            out.u32(name.at);
            out.u16(name.operand);
            out.u8(name.kind as u8);
            out.blob(&name.name);
        });
        self.list(&function.locals, |out, local| {
            out.u32(local.start);
            out.u32(local.end);
            out.u32(local.slot);
            out.blob(&local.name);
        });
    }

    fn constant(&mut self, constant: &'a Constant) {
        match constant {
            Constant::Nil => self.u8(0),
            Constant::False => self.u8(1),
            Constant::True => self.u8(2),
            Constant::Int(value) => {
                self.u8(3);
                self.u64(*value as u64);
            }
            Constant::Float(value) => {
                self.u8(4);
                self.u64(value.to_bits());
            }
            Constant::Str(bytes) => {
                let number = self.strings.len().try_into().expect("a module has 2^32 strings");
                match *self.strings.entry(bytes).or_insert(number) {
                    new if new == number => {
                        self.u8(5);
                        self.blob(bytes);
                    }
                    known => {
                        self.u8(6);
                        self.u32(known);
                    }
                }
            }
        }
    }
}

const HAS_NAME: u8 = 1;
const IS_VARARG: u8 = 2;

// The fewest bytes that an element of a list takes: what bounds a count before memory is reserved.
const MIN_FUNCTION: usize = 1 + 4 + 4 + 2 + 4 + 7 * 4;
const MIN_CONSTANT: usize = 1;
const MIN_UPVALUE: usize = 1 + 4;
const MIN_LINE: usize = 12;
const MIN_SAFEPOINT: usize = 8;
const MIN_NAME: usize = 4 + 2 + 1 + 4;
const MIN_LOCAL: usize = 16;

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    /// The strings among the constants so far.
    strings: Vec<Arc<[u8]>>,
    known: BTreeSet<&'a [u8]>,
}

impl<'a> Reader<'a> {
    fn fail<T>(&self, kind: FileErrorKind) -> Result<T, FileError> {
        Err(FileError { offset: self.at, kind })
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], FileError> {
        match self.bytes[self.at..].get(..count) {
            Some(taken) => {
                self.at += count;
                Ok(taken)
            }
            None => Err(FileError {
                offset: self.bytes.len(),
                kind: FileErrorKind::Truncated,
            }),
        }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], FileError> {
        Ok(self.take(N)?.try_into().expect("so many bytes were taken"))
    }

    fn u8(&mut self) -> Result<u8, FileError> {
        Ok(self.array::<1>()?[0])
    }

    fn u16(&mut self) -> Result<u16, FileError> {
        self.array().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Result<u32, FileError> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Result<u64, FileError> {
        self.array().map(u64::from_le_bytes)
    }

    fn blob(&mut self) -> Result<&'a [u8], FileError> {
        let count = self.u32()? as usize;
        self.take(count)
    }

    /// A list of elements that take at least `min` bytes each.
    fn list<T>(&mut self, min: usize, read: impl Fn(&mut Self) -> Result<T, FileError>) -> Result<Vec<T>, FileError> {
        let count = self.u32()? as usize;
        if count > (self.bytes.len() - self.at) / min {
            return self.fail(FileErrorKind::Truncated);
        }
        let mut items = Vec::with_capacity(count);
        for _ in 0..count {
            items.push(read(self)?);
        }
        Ok(items)
    }

    /// One of `all`, by position.
    fn tag<T: Copy>(&mut self, all: &[(T, &str)]) -> Result<T, FileError> {
        let tag = self.u8()?;
        match all.get(usize::from(tag)) {
            Some((value, _)) => Ok(*value),
            None => Err(FileError {
                offset: self.at - 1,
                kind: FileErrorKind::Tag(tag),
            }),
        }
    }

    fn function(&mut self) -> Result<Function, FileError> {
        let flags = self.u8()?;
        if flags & !(HAS_NAME | IS_VARARG) != 0 {
            return Err(FileError {
                offset: self.at - 1,
                kind: FileErrorKind::Tag(flags),
            });
        }
        Ok(Function {
            name: if flags & HAS_NAME != 0 {
                Some(self.blob()?.to_vec())
            } else {
                None
            },
            vararg: flags & IS_VARARG != 0,
            line_defined: self.u32()?,
            last_line: self.u32()?,
            params: self.u16()?,
            frame_size: self.u32()?,
            code: self.list(8, Reader::u64)?,
            constants: self.list(MIN_CONSTANT, Reader::constant)?,
            upvalues: self.list(MIN_UPVALUE, |input| {
                Ok(UpvalueDesc {
                    kind: input.tag(VariableKind::ALL)?,
                    name: input.blob()?.into(),
                })
            })?,
            lines: self.list(MIN_LINE, |input| {
                Ok(LineEntry {
                    at: input.u32()?,
                    line: input.u32()?,
                    column: input.u32()?,
                })
            })?,
            safepoints: self.list(MIN_SAFEPOINT, |input| {
                Ok(Safepoint {
                    at: input.u32()?,
                    live: input.live()?,
                })
            })?,
            names: self.list(MIN_NAME, |input| {
                Ok(OperandName {
                    at: input.u32()?,
                    operand: input.u16()?,
                    kind: input.tag(NameKind::ALL)?,
                    name: input.blob()?.into(),
                })
            })?,
            locals: self.list(MIN_LOCAL, |input| {
                Ok(LocalVar {
                    start: input.u32()?,
                    end: input.u32()?,
                    slot: input.u32()?,
                    name: input.blob()?.into(),
                })
            })?,
        })
    }

    fn live(&mut self) -> Result<LiveSet, FileError> {
        let offset = self.at;
        let words = self.list(8, Reader::u64)?;
        if words.last() == Some(&0) {
            return Err(FileError {
                offset,
                kind: FileErrorKind::LiveMap,
            });
        }
        Ok(LiveSet::from_words(&words))
    }

    fn constant(&mut self) -> Result<Constant, FileError> {
        let offset = self.at;
        Ok(match self.u8()? {
            0 => Constant::Nil,
            1 => Constant::False,
            2 => Constant::True,
            3 => Constant::Int(self.u64()? as i64),
            4 => Constant::Float(f64::from_bits(self.u64()?)),
            5 => {
                let bytes = self.blob()?;
                if !self.known.insert(bytes) {
                    return Err(FileError {
                        offset,
                        kind: FileErrorKind::StringNumber,
                    });
                }
                self.strings.push(bytes.into());
                Constant::Str(self.strings[self.strings.len() - 1].clone())
            }
            6 => {
                let number = self.u32()? as usize;
                match self.strings.get(number) {
                    Some(string) => Constant::Str(string.clone()),
                    None => {
                        return Err(FileError {
                            offset,
                            kind: FileErrorKind::StringNumber,
                        });
                    }
                }
            }
            tag => {
                return Err(FileError {
                    offset,
                    kind: FileErrorKind::Tag(tag),
                });
            }
        })
    }
}
