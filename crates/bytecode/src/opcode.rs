//! The numbers of the instructions and what the table says of each: name, effect, flags, fields.

use std::fmt;

use crate::field::{FieldType, field_offset};

/// How an instruction uses a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// The register is written.
    Def,
    /// The register is read; of captures, each captured register.
    Use,
    /// The register is read, then written.
    UseDef,
    /// The register and the following ones, as many as the next count says, are read.
    UseRange,
    /// The register and the following ones, as many as the next count says, are written.
    DefRange,
    /// A call window: the callee, and behind the frame word as many arguments as the next count says.
    UseCall,
    /// A call window, in which the results land as well.
    UseDefCall,
    /// A call window that the instruction fills itself, with two arguments; results land in it.
    DefCall,
    /// A call window in which the instruction writes the callee and the first argument.
    DefSelf,
    /// A slot by position: neither read nor written as a value.
    Slot,
    /// A number, a constant of any type, an upvalue or a cache word.
    Data,
    /// A constant that is a string.
    StrConst,
    /// A constant that is a number.
    NumConst,
    /// A constant that is an integer.
    IntConst,
    /// A constant of any type by wide index.
    WideConst,
    /// A function of the module.
    Proto,
    /// A jump.
    Jump,
}

/// What an instruction may do, as a set.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Flags(u16);

macro_rules! flags {
    ($($(#[$doc:meta])* $constant:ident = $snake:ident $bit:literal;)*) => {
        impl Flags {
            $($(#[$doc])* pub const $constant: Flags = Flags(1 << $bit);)*
            /// All flags with their names in the table.
            pub const ALL: &[(Flags, &str)] = &[$((Flags::$constant, stringify!($snake))),*];
            pub(crate) const fn named(name: &str) -> Flags {
                let mut i = 0;
                while i < Self::ALL.len() {
                    if same(Self::ALL[i].1, name) {
                        return Self::ALL[i].0;
                    }
                    i += 1;
                }
                panic!("the instruction table names an unknown flag")
            }
        }
    };
}

const fn same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut i = 0;
    while i < a.len() && i < b.len() && a[i] == b[i] {
        i += 1;
    }
    i == a.len() && i == b.len()
}

flags! {
    /// May raise an error.
    MAY_RAISE = may_raise 0;
    /// May run a function: a call, or a metamethod in a continuation frame.
    MAY_CALL = may_call 1;
    /// May allocate from the heap by itself.
    MAY_ALLOC = may_alloc 2;
    /// May leave the coroutine while it runs.
    MAY_YIELD = may_yield 3;
    /// The collector may run at its start; the function has a live map for it.
    SAFEPOINT = safepoint 4;
    /// May jump.
    BRANCH = branch 5;
    /// Control never reaches the next instruction by falling through.
    TERMINATOR = terminator 6;
    /// Consumes the open values that the previous instruction left.
    USES_OPEN = uses_open 7;
    /// Always leaves open values. (Calls with open results leave them as well: see `Op::defs_open`.)
    DEFS_OPEN = defs_open 8;
    /// Written by the VM alone; refused in a module.
    INTERNAL = internal 9;
}

impl Flags {
    /// No flag.
    pub const NONE: Flags = Flags(0);

    /// The flags of either set.
    pub const fn union(self, other: Flags) -> Flags {
        Flags(self.0 | other.0)
    }

    /// Whether all of `other` are among these.
    pub const fn contains(self, other: Flags) -> bool {
        self.0 & other.0 == other.0
    }

    /// The names of these flags, in the order of the table.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::ALL
            .iter()
            .filter(move |(flag, _)| self.contains(*flag))
            .map(|(_, name)| *name)
    }
}

impl fmt::Debug for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

/// What the table says of one field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldInfo {
    /// Its name in the table.
    pub name: &'static str,
    /// How it is encoded.
    pub ty: FieldType,
    /// How it is used.
    pub role: Role,
    /// Where it stands, in bytes from the start of the instruction.
    pub offset: u16,
}

/// What the table says of one instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpInfo {
    /// Its name in text.
    pub name: &'static str,
    /// Its effect.
    pub doc: &'static str,
    /// What it may do.
    pub flags: Flags,
    /// Its fields in the order of their encoding.
    pub fields: &'static [FieldInfo],
    /// Its length in words; with captures, the length with an empty list.
    pub words: u8,
}

/// Names that are Rust keywords stand in the table with an underscore that text does not show.
const fn text_name(snake: &'static str) -> &'static str {
    let bytes = snake.as_bytes();
    if bytes[bytes.len() - 1] == b'_' {
        snake.split_at(bytes.len() - 1).0
    } else {
        snake
    }
}

/// Doc comments arrive with the space behind their slashes.
const fn without_space(doc: &'static str) -> &'static str {
    if doc.is_empty() { doc } else { doc.split_at(1).1 }
}

macro_rules! define_opcodes {
    ($($(#[doc = $doc:literal])+ $name:ident = $snake:ident
        { $($field:ident: $ty:ident as $role:ident),* $(,)? } flags($($flag:ident),* $(,)?);)*) => {
        /// The number of an instruction, in the low 16 bits of its first word.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u16)]
        pub enum Opcode { $($(#[doc = $doc])+ $name),* }

        impl Opcode {
            /// All instructions, by number.
            pub const ALL: &[Opcode] = &[$(Opcode::$name),*];
            /// How many instructions there are.
            pub const COUNT: usize = Self::ALL.len();
            const INFO: [OpInfo; Self::COUNT] = [$({
                const TYPES: &[FieldType] = &[$(FieldType::$ty),*];
                OpInfo {
                    name: text_name(stringify!($snake)),
                    doc: without_space(concat!($($doc),+)),
                    flags: Flags::NONE$(.union(Flags::named(stringify!($flag))))*,
                    fields: &[$(FieldInfo {
                        name: stringify!($field),
                        ty: FieldType::$ty,
                        role: Role::$role,
                        offset: op_fields::$snake::$field as u16,
                    }),*],
                    words: field_offset(TYPES, TYPES.len()).div_ceil(8) as u8,
                }
            }),*];
        }

        /// Where each field stands: `op_fields::<instruction>::<field>` is its byte offset from the
        /// start of the instruction, `op_fields::<instruction>::WORDS` the length in words.
        #[allow(non_upper_case_globals, non_camel_case_types, dead_code, missing_docs)]
        pub mod op_fields {
            $(#[doc = concat!("Offsets of the fields of `", stringify!($snake), "`.")]
            pub mod $snake {
                use $crate::field::{FieldType, field_offset};
                const TYPES: &[FieldType] = &[$(FieldType::$ty),*];
                enum Order { $($field),* }
                $(pub const $field: usize = field_offset(TYPES, Order::$field as usize);)*
                pub const WORDS: usize = field_offset(TYPES, TYPES.len()).div_ceil(8);
            })*
        }
    };
}

crate::for_each_op!(define_opcodes);

impl Opcode {
    /// The instruction with this number.
    pub const fn from_u16(code: u16) -> Option<Opcode> {
        if (code as usize) < Self::COUNT {
            Some(Self::ALL[code as usize])
        } else {
            None
        }
    }

    /// What the table says of it.
    pub const fn info(self) -> &'static OpInfo {
        const TABLE: &[OpInfo; Opcode::COUNT] = &Opcode::INFO;
        &TABLE[self as usize]
    }

    /// Its name in text.
    pub const fn name(self) -> &'static str {
        self.info().name
    }

    /// The instruction with this name in text.
    pub fn from_name(name: &str) -> Option<Opcode> {
        Self::ALL.iter().copied().find(|op| op.name() == name)
    }

    /// What it may do.
    pub const fn flags(self) -> Flags {
        self.info().flags
    }

    /// Its length in words. That of `closure` depends on its captures: this is the length with none,
    /// and `Op::words` the true one.
    pub const fn words(self) -> usize {
        self.info().words as usize
    }
}

impl fmt::Display for Opcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
