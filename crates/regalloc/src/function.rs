//! What a client tells the allocator: the machine, the blocks, and the operands of each instruction.

use crate::{Block, FrameIndex, Inst, InstRange, PReg, VReg};

/// The machine: one class of registers at the bottom of a frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RegFile {
    /// `N`, the number of colourable registers; at least 1, at most 4096.
    pub allocatable: u16,
}

/// How `run` works.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Options {
    /// Every virtual register sits where [`Function::frame_index`] says; nothing is coloured. The
    /// allocator only checks that no two live values share a place, chooses group bases and
    /// inserts moves.
    pub stack_order: bool,
    /// Above this many virtual registers no interference graph is built; the function is coloured
    /// in dominance order instead. The same happens when the graph turns out to be dense.
    pub graph_limit: u32,
}

impl Default for Options {
    fn default() -> Self {
        // At 100,000 values the graph takes 1.7 times the time of dominance order and leaves far
        // fewer moves (`examples/speed.rs`, development profile); larger ones were not measured.
        Options {
            stack_order: false,
            graph_limit: 200_000,
        }
    }
}

/// Whether an operand is read or written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// The instruction reads it.
    Use,
    /// The instruction writes it.
    Def,
}

/// When, within its instruction, an operand is read or written.
///
/// An `Early` use and a `Late` def may share a place; any other use and def of one instruction may
/// not.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pos {
    /// Read, or written, before any `Late` operand is written.
    Early,
    /// A use that must stay intact until the instruction ends; a def that is written at its end.
    Late,
}

/// Where an operand may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Constraint {
    /// Any place in the frame.
    Any,
    /// One of the colourable registers.
    Reg,
    /// This register.
    Fixed(PReg),
    /// A def in the place of the use operand with this index, which must be `Early`, and `Any` or `Reg`. A result in the
    /// place of a `Fixed` use is `Fixed` there itself.
    Reuse(u8),
    /// The place `base + offset` of the instruction's group with this index.
    Group {
        /// Index into [`Function::groups`] of the same instruction.
        group: u8,
        /// Distance from the group's base.
        offset: u16,
    },
}

/// One operand of an instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Operand {
    /// The value.
    pub vreg: VReg,
    /// Read or written.
    pub kind: Kind,
    /// When.
    pub pos: Pos,
    /// Where.
    pub constraint: Constraint,
}

impl Operand {
    /// A use in any register, read early.
    pub fn reg_use(vreg: VReg) -> Self {
        Operand {
            vreg,
            kind: Kind::Use,
            pos: Pos::Early,
            constraint: Constraint::Reg,
        }
    }

    /// A def in any register, written late.
    pub fn reg_def(vreg: VReg) -> Self {
        Operand {
            vreg,
            kind: Kind::Def,
            pos: Pos::Late,
            constraint: Constraint::Reg,
        }
    }

    /// A use anywhere in the frame, read early.
    pub fn any_use(vreg: VReg) -> Self {
        Operand {
            constraint: Constraint::Any,
            ..Operand::reg_use(vreg)
        }
    }

    /// A def anywhere in the frame, written late.
    pub fn any_def(vreg: VReg) -> Self {
        Operand {
            constraint: Constraint::Any,
            ..Operand::reg_def(vreg)
        }
    }

    /// A use at `offset` of group `group`, read early.
    pub fn group_use(vreg: VReg, group: u8, offset: u16) -> Self {
        Operand {
            constraint: Constraint::Group { group, offset },
            ..Operand::reg_use(vreg)
        }
    }

    /// A def at `offset` of group `group`, written late.
    pub fn group_def(vreg: VReg, group: u8, offset: u16) -> Self {
        Operand {
            constraint: Constraint::Group { group, offset },
            ..Operand::reg_def(vreg)
        }
    }

    /// A def in the place of use operand `of`.
    pub fn reuse_def(vreg: VReg, of: u8) -> Self {
        Operand {
            constraint: Constraint::Reuse(of),
            ..Operand::reg_def(vreg)
        }
    }

    /// The same operand at another position.
    pub fn at(self, pos: Pos) -> Self {
        Operand { pos, ..self }
    }
}

/// What an instruction destroys around a group, besides the group's defs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Clobber {
    /// Nothing: uses are read in place and may stay live there.
    Nothing,
    /// The places `base .. base + size`.
    Members,
    /// Every frame index from `base + offset` on. A call window is `Above(0)`: a callee's frame
    /// lies over it, so it has to be above everything that is live across the call.
    Above(u16),
}

/// Consecutive frame places whose base the allocator picks, anywhere in the frame.
///
/// Members are the operands with [`Constraint::Group`]; offsets without a member are gaps, such as
/// the frame word of a call window.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Group {
    /// The number of places, past every member's offset.
    pub size: u16,
    /// What happens to them.
    pub clobber: Clobber,
}

impl Group {
    /// A call window of `size` places: callee, frame word, arguments; results land from offset 0.
    pub fn call(size: u16) -> Self {
        Group {
            size,
            clobber: Clobber::Above(0),
        }
    }

    /// Consecutive places that the instruction reads or writes and leaves alone otherwise.
    pub fn consecutive(size: u16) -> Self {
        Group {
            size,
            clobber: Clobber::Nothing,
        }
    }
}

/// A function to allocate.
///
/// # What must hold
/// - *SSA*: each [`VReg`] is defined at one place, by a block parameter or an operand, which
///   dominates its uses. A use by [`branch_args`](Function::branch_args) is at the end of its block.
/// - *Blocks*: each is reachable, non-empty, and ends in its only terminator (`is_branch` or
///   `is_ret`). The entry has no predecessors. Instruction ranges of blocks do not overlap.
/// - *Edges*: none is critical: a block with several successors is the only predecessor of each of
///   them. The terminator of a block before one with several predecessors defines nothing, and if
///   it passes arguments, it has no operands.
/// - *Parameters*: the entry's parameters arrive in frame indices 0, 1, 2, and so on, past the
///   register file too.
/// - *Operands*: the `Reg`, `Fixed` and `Reuse` operands of one instruction fit the register file
///   together. A `Late` use is not a member of a clobbered place. A group's def members have
///   distinct offsets, and so have its use members. Regions of two groups of one instruction
///   never overlap, and at most one of them clobbers what lies above it.
pub trait Function {
    /// Instructions are `0 .. num_insts`.
    fn num_insts(&self) -> u32;
    /// Blocks are `0 .. num_blocks`.
    fn num_blocks(&self) -> u32;
    /// Virtual registers are `0 .. num_vregs`.
    fn num_vregs(&self) -> u32;
    /// The entry block.
    fn entry(&self) -> Block;
    /// The instructions of `block`.
    fn block_insts(&self, block: Block) -> InstRange;
    /// The successors of `block`; one block may occur only once.
    fn succs(&self, block: Block) -> &[Block];
    /// The predecessors of `block`.
    fn preds(&self, block: Block) -> &[Block];
    /// The values defined at the start of `block`.
    fn block_params(&self, block: Block) -> &[VReg];
    /// The values that branch `inst` passes to the parameters of its `succ`-th successor.
    fn branch_args(&self, inst: Inst, succ: usize) -> &[VReg];
    /// Whether `inst` leaves the function.
    fn is_ret(&self, inst: Inst) -> bool;
    /// Whether `inst` ends its block and goes to the successors.
    fn is_branch(&self, inst: Inst) -> bool;
    /// The operands of `inst`, uses and defs in any order.
    fn operands(&self, inst: Inst) -> &[Operand];
    /// The groups of `inst`, at most 255.
    fn groups(&self, _inst: Inst) -> &[Group] {
        &[]
    }
    /// `Some((dst, src))` when `inst` only copies its only use to its only def. Such an
    /// instruction is left out of [`Output::steps`](crate::Output::steps) when both are in one place.
    fn is_move(&self, _inst: Inst) -> Option<(VReg, VReg)> {
        None
    }
    /// Whether the live places at `inst` are wanted.
    fn is_safepoint(&self, _inst: Inst) -> bool {
        false
    }
    /// How deeply `block` is nested in loops; each level multiplies costs by ten.
    fn loop_depth(&self, _block: Block) -> u32 {
        0
    }
    /// A factor on the cost of spilling `vreg`; 0 asks to spill it first.
    fn spill_cost_hint(&self, _vreg: VReg) -> u32 {
        1
    }
    /// Whether `vreg` may be computed again wherever it is wanted, since its instruction has no
    /// uses, no other defs and no effects.
    fn remat(&self, _vreg: VReg) -> bool {
        false
    }
    /// Whether `vreg` must be readable in its [home](crate::Output::homes) as long as it lives.
    fn pinned(&self, _vreg: VReg) -> bool {
        false
    }
    /// The register that is the [home](crate::Output::homes) of `vreg`, when the client has chosen one.
    /// Values with the same home are never live together, no other operand is `Fixed` there while
    /// `vreg` lives, and what is left of the register file still fits the operands of each
    /// instruction. Not asked for under [`Options::stack_order`].
    ///
    /// [`Options::stack_order`]: crate::Options::stack_order
    fn home(&self, _vreg: VReg) -> Option<PReg> {
        None
    }
    /// The place of `vreg` under [`Options::stack_order`]; asked for under that option only.
    fn frame_index(&self, vreg: VReg) -> FrameIndex {
        panic!("stack order needs the frame index of {vreg}")
    }
}
