//! `StdLib`: which libraries a state opens.

use std::ops::{BitAnd, BitAndAssign, BitOr, BitOrAssign, BitXor, BitXorAssign, Not};

/// A set of standard libraries. The basic functions are always there.
#[derive(Copy, Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct StdLib(u32);

impl StdLib {
    /// `coroutine`
    pub const COROUTINE: StdLib = StdLib(1);
    /// `table`
    pub const TABLE: StdLib = StdLib(1 << 1);
    /// `io`
    pub const IO: StdLib = StdLib(1 << 2);
    /// `os`
    pub const OS: StdLib = StdLib(1 << 3);
    /// `string`
    pub const STRING: StdLib = StdLib(1 << 4);
    /// `utf8`
    pub const UTF8: StdLib = StdLib(1 << 5);
    /// `math`
    pub const MATH: StdLib = StdLib(1 << 7);
    /// `package` and `require`
    pub const PACKAGE: StdLib = StdLib(1 << 8);
    /// `debug`: it can look into functions and change them, but break nothing of Rust's.
    pub const DEBUG: StdLib = StdLib(1 << 31);
    /// No library.
    pub const NONE: StdLib = StdLib(0);
    /// Every library.
    pub const ALL: StdLib = StdLib(u32::MAX);
    /// Every library but `debug`.
    pub const ALL_SAFE: StdLib = StdLib((1 << 30) - 1);
    /// What reaches neither files nor the system.
    pub const SANDBOX: StdLib =
        StdLib(Self::COROUTINE.0 | Self::TABLE.0 | Self::STRING.0 | Self::UTF8.0 | Self::MATH.0);

    /// Whether some of `libraries` are in the set.
    pub fn contains(self, libraries: StdLib) -> bool {
        self.0 & libraries.0 != 0
    }
}

macro_rules! operators {
    ($($trait:ident $method:ident $assign_trait:ident $assign:ident $op:tt;)*) => {
        $(
            impl $trait for StdLib {
                type Output = StdLib;
                fn $method(self, other: StdLib) -> StdLib {
                    StdLib(self.0 $op other.0)
                }
            }
            impl $assign_trait for StdLib {
                fn $assign(&mut self, other: StdLib) {
                    *self = *self $op other;
                }
            }
        )*
    };
}

operators! {
    BitAnd bitand BitAndAssign bitand_assign &;
    BitOr bitor BitOrAssign bitor_assign |;
    BitXor bitxor BitXorAssign bitxor_assign ^;
}

impl Not for StdLib {
    type Output = StdLib;
    fn not(self) -> StdLib {
        StdLib(!self.0)
    }
}
