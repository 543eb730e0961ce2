//! Typed ids: each prints with its own letter, so dumps need no legend.

use std::fmt;

/// Declares ids that name an entry of an arena (first group) or of a plain list (second group).
macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident $letter:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u32);

        impl $name {
            /// The id with number `raw`.
            pub const fn from_u32(raw: u32) -> Self {
                Self(raw)
            }

            /// The number of this id.
            pub const fn as_u32(self) -> u32 {
                self.0
            }

            /// The number of this id, for dense side tables.
            pub const fn index(self) -> usize {
                self.0 as usize
            }

            /// The id at a position of a dense side table.
            ///
            /// # Panics
            /// If the position does not fit 32 bits.
            pub fn from_index(index: usize) -> Self {
                Self(u32::try_from(index).expect("fewer than 2^32 entities in a function"))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($letter, "{}"), self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    )*};
}

ids! {
    /// An SSA value of one function.
    Value "v";
    /// A basic block of one function.
    Block "b";
    /// An instruction of one function.
    Inst "i";
    /// A function of a module.
    FuncRef "f";
    /// A byte string of one function (constants, keys and names).
    StrId "str";
    /// An upvalue of one function.
    Upvalue "u";
    /// A source-level local variable, as debuggers see it.
    Local "l";
    /// The scope of one to-be-closed variable.
    Scope "s";
    /// A source variable of [`SsaBuilder`](crate::SsaBuilder): any dense number that the client picks.
    Variable "x";
}
