#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod checker;
mod coalesce;
mod color;
pub mod dump;
mod frame;
mod function;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
mod graph;
mod ids;
mod live;
mod moves;
mod order;
mod output;
mod rewrite;
mod scan;
mod select;
mod simplify;
mod spill;
pub mod text;

pub use color::{Ctx, run, run_with};
pub use function::{Clobber, Constraint, Function, Group, Kind, Operand, Options, Pos, RegFile};
pub use ids::{Block, FrameIndex, Inst, InstRange, PReg, SpillSlot, VReg};
pub use output::{AllocError, Edit, Loc, Output, Point, Safepoint, Side, Stats, Step};
