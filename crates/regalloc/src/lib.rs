#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod function;
mod ids;
mod output;

pub use function::{Clobber, Constraint, Function, Group, Kind, Operand, Options, Pos, RegFile};
pub use ids::{Block, FrameIndex, Inst, InstRange, PReg, SpillSlot, VReg};
pub use output::{AllocError, Edit, Loc, Output, Point, Safepoint, Side, Stats, Step};
