//! The names of things: each is its own type and prints with its own letter.

use std::fmt;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident($int:ty) prints $letter:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(pub $int);

        impl $name {
            /// The number as an index into a table.
            #[inline]
            pub fn index(self) -> usize {
                self.0 as usize
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
    };
}

id!(
    /// A virtual register: a value of the client, defined at exactly one place (SSA).
    VReg(u32) prints "v"
);
id!(
    /// An instruction of the client, numbered densely; those of one block are consecutive.
    Inst(u32) prints "i"
);
id!(
    /// A basic block of the client, numbered densely.
    Block(u32) prints "b"
);
id!(
    /// A colourable register, `r0` to `r(N-1)`; its number is also its frame index.
    PReg(u16) prints "r"
);
id!(
    /// A spill slot; [`Output::frame_index`](crate::Output::frame_index) gives its place in the frame.
    SpillSlot(u16) prints "s"
);
id!(
    /// A place in the frame: registers first, then spill slots and what windows need past them.
    FrameIndex(u16) prints "f"
);

/// The instructions of one block: `start` up to, not including, `end`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct InstRange {
    /// The first instruction.
    pub start: Inst,
    /// One past the last, which is the terminator.
    pub end: Inst,
}

impl InstRange {
    /// The instructions in order.
    pub fn iter(self) -> impl DoubleEndedIterator<Item = Inst> + ExactSizeIterator {
        (self.start.0..self.end.0).map(Inst)
    }

    /// The terminator.
    ///
    /// # Panics
    /// When the block is empty.
    pub fn last(self) -> Inst {
        assert!(self.start < self.end, "every block ends in a terminator");
        Inst(self.end.0 - 1)
    }
}
