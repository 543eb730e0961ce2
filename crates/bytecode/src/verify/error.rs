//! What can be wrong with a module, and where.

use std::fmt;

use crate::field::DecodeError;
use crate::module::FuncId;
use crate::opcode::Opcode;

/// One thing that is wrong with a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyError {
    /// The function it is in.
    pub function: FuncId,
    /// Word offset of the instruction; of a fault of a whole function, 0.
    pub at: u32,
    /// What is wrong.
    pub fault: Fault,
}

/// What is wrong at one place.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The module has no function.
    NoMain,
    /// The function makes, directly or through others, a closure of itself.
    ProtoCycle,
    /// A function compiled again has other parameters, upvalues or nested functions than the one in the module.
    OtherFunction,
    /// The frame has more than [`MAX_FRAME`](super::MAX_FRAME) slots.
    FrameTooLarge {
        /// Its size.
        size: u32,
    },
    /// The parameters do not fit the frame.
    ParamsPastFrame,
    /// The function has more upvalues or constants than instructions can be asked to name.
    TooManyUpvalues,
    /// The code has 2^31 words or more.
    CodeTooLong,
    /// The analysis of the paths would take more than 256 MiB, or 200 passes over the code.
    TooComplex,
    /// The words are no instruction.
    Decode(DecodeError),
    /// An instruction that only the VM may write.
    Internal(Opcode),
    /// A cache word that is not zero.
    CacheNotEmpty,
    /// Control can run past the last instruction.
    FallsOffEnd,
    /// A jump to a word that starts no instruction.
    JumpTarget {
        /// The word.
        to: i64,
    },
    /// The instruction needs a larger frame.
    SlotPastFrame {
        /// The frame size that would do.
        needed: u32,
    },
    /// The constant does not exist.
    NoSuchConstant {
        /// Its index.
        index: u32,
    },
    /// The constant has another type than the instruction asks for.
    ConstantType {
        /// Its index.
        index: u32,
        /// What is asked for.
        expected: &'static str,
    },
    /// The upvalue does not exist.
    NoSuchUpvalue {
        /// Its index.
        index: u32,
    },
    /// The function does not exist.
    NoSuchFunction {
        /// Its number.
        index: u32,
    },
    /// A closure with another number of captures than its function has upvalues.
    CaptureCount {
        /// The number of captures.
        captures: usize,
        /// The number of upvalues.
        upvalues: usize,
    },
    /// Extra arguments are used in a function that takes none.
    NotVararg,
    /// A `concat` of fewer than two values.
    ConcatCount,
    /// The registers of `for_prep` are not three different ones.
    ForRegisters,
    /// Open values that the next instruction does not consume.
    OpenNotConsumed,
    /// Open values are consumed that the previous instruction does not leave.
    OpenNotProduced,
    /// A jump lands between the producer and the consumer of open values.
    OpenJumpedInto,
    /// The instruction is a safepoint, and has no live map.
    SafepointMissing,
    /// A live map at a word that starts no instruction.
    SafepointUnexpected,
    /// The table of safepoints is not strictly ascending.
    SafepointOrder,
    /// The table of lines is not strictly ascending.
    LineOrder,
    /// A line at a word that starts no instruction.
    LinePlace,
    /// The table of names is not strictly ascending.
    NameOrder,
    /// A name at a word that starts no instruction.
    NamePlace,
    /// A name of an operand that the instruction does not have.
    NameOperand {
        /// The operand.
        operand: u16,
    },
    /// A local variable whose range is not in the code, or whose slot is not in the frame.
    LocalRange {
        /// Its index among the locals.
        index: u32,
    },
    /// The slot is read, but on some path not assigned, or dead at a safepoint on the way.
    Unassigned {
        /// The slot.
        slot: u32,
    },
    /// The slot has a cell where a value is read.
    CellAsValue {
        /// The slot.
        slot: u32,
    },
    /// The slot has a value where a cell is read.
    ValueAsCell {
        /// The slot.
        slot: u32,
    },
    /// The live map lists a slot that is, on some path, not assigned.
    LiveUnassigned {
        /// The slot.
        slot: u32,
    },
    /// The live map of a call lists a slot of the called frame.
    LiveInWindow {
        /// The slot.
        slot: u32,
    },
    /// The instruction reads the slot, but its live map lacks it.
    UseNotLive {
        /// The slot.
        slot: u32,
    },
    /// `for_loop` on registers that no single `for_prep` prepared on every path.
    NotPrepared,
    /// `tbc` of a slot that is not above those marked already.
    CloseOrder {
        /// The slot.
        slot: u32,
    },
    /// A slot that is marked to be closed is overwritten.
    CloseOverwritten {
        /// The slot.
        slot: u32,
    },
    /// A frame is left while a slot is marked to be closed.
    NotClosed {
        /// The slot.
        slot: u32,
    },
    /// Paths meet here that have marked different slots to be closed.
    CloseMismatch,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::NoMain => f.write_str("the module has no main function"),
            Fault::ProtoCycle => f.write_str("the function is nested in itself"),
            Fault::OtherFunction => f.write_str("the function is another one than that in the module"),
            Fault::FrameTooLarge { size } => write!(f, "a frame of {size} slots is too large"),
            Fault::ParamsPastFrame => f.write_str("the parameters do not fit the frame"),
            Fault::TooManyUpvalues => f.write_str("the function has too many upvalues"),
            Fault::CodeTooLong => f.write_str("the code has 2^31 words or more"),
            Fault::TooComplex => f.write_str("the function is too complex to be verified"),
            Fault::Decode(err) => err.fmt(f),
            Fault::Internal(opcode) => write!(f, "`{opcode}` is internal to the virtual machine"),
            Fault::CacheNotEmpty => f.write_str("a cache word is not zero"),
            Fault::FallsOffEnd => f.write_str("control runs past the end of the code"),
            Fault::JumpTarget { to } => write!(f, "jump to word {to}, which starts no instruction"),
            Fault::SlotPastFrame { needed } => write!(f, "the instruction needs a frame of {needed} slots"),
            Fault::NoSuchConstant { index } => write!(f, "constant k{index} does not exist"),
            Fault::ConstantType { index, expected } => write!(f, "constant k{index} is not {expected}"),
            Fault::NoSuchUpvalue { index } => write!(f, "upvalue u{index} does not exist"),
            Fault::NoSuchFunction { index } => write!(f, "function f{index} does not exist"),
            Fault::CaptureCount { captures, upvalues } => {
                write!(f, "{captures} captures for a function of {upvalues} upvalues")
            }
            Fault::NotVararg => f.write_str("extra arguments in a function that takes none"),
            Fault::ConcatCount => f.write_str("a concatenation of fewer than two values"),
            Fault::ForRegisters => f.write_str("the registers of the loop are not three different ones"),
            Fault::OpenNotConsumed => f.write_str("the next instruction does not consume the open values"),
            Fault::OpenNotProduced => f.write_str("the previous instruction leaves no open values"),
            Fault::OpenJumpedInto => f.write_str("a jump lands between the producer and the consumer of open values"),
            Fault::SafepointMissing => f.write_str("the safepoint has no live map"),
            Fault::SafepointUnexpected => f.write_str("a live map where no instruction starts"),
            Fault::SafepointOrder => f.write_str("the safepoints are not ascending"),
            Fault::LineOrder => f.write_str("the lines are not ascending"),
            Fault::LinePlace => f.write_str("a line where no instruction starts"),
            Fault::NameOrder => f.write_str("the operand names are not ascending"),
            Fault::NamePlace => f.write_str("an operand name where no instruction starts"),
            Fault::NameOperand { operand } => write!(f, "the instruction has no operand {operand} to name"),
            Fault::LocalRange { index } => write!(f, "local variable {index} lies outside of the code or the frame"),
            Fault::Unassigned { slot } => {
                write!(f, "slot {slot} is not assigned on every path, or dead at a safepoint")
            }
            Fault::CellAsValue { slot } => write!(f, "slot {slot} has a cell where a value is read"),
            Fault::ValueAsCell { slot } => write!(f, "slot {slot} has a value where a cell is read"),
            Fault::LiveUnassigned { slot } => write!(f, "slot {slot} is live, but not assigned on every path"),
            Fault::LiveInWindow { slot } => write!(f, "slot {slot} is live, but belongs to the called frame"),
            Fault::UseNotLive { slot } => write!(f, "slot {slot} is read, but missing in the live map"),
            Fault::NotPrepared => f.write_str("the loop is not prepared on every path"),
            Fault::CloseOrder { slot } => write!(f, "slot {slot} is marked to be closed out of order"),
            Fault::CloseOverwritten { slot } => write!(f, "slot {slot} is overwritten before it is closed"),
            Fault::NotClosed { slot } => write!(f, "the frame is left before slot {slot} is closed"),
            Fault::CloseMismatch => f.write_str("paths meet with different slots to be closed"),
        }
    }
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at word {}: {}", self.function, self.at, self.fault)
    }
}

impl std::error::Error for VerifyError {}

/// All that was found wrong with a module; never empty. Prints the first and how many follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyErrors(pub Vec<VerifyError>);

impl fmt::Display for VerifyErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, rest @ ..] = &self.0[..] else { return Ok(()) };
        first.fmt(f)?;
        match rest.len() {
            0 => Ok(()),
            more => write!(f, " (and {more} more)"),
        }
    }
}

impl std::error::Error for VerifyErrors {}
