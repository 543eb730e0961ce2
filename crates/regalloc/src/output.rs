//! What the allocator answers: plain data in program order.

use std::fmt;

use crate::{Block, FrameIndex, Function, Inst, PReg, SpillSlot, VReg};

/// A place in the frame.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Loc {
    /// A colourable register.
    Reg(PReg),
    /// A spill slot.
    Slot(SpillSlot),
    /// Another place past the register file: a window's member, an incoming parameter, or the
    /// scratch place that breaks cycles of moves.
    Frame(FrameIndex),
}

impl fmt::Debug for Loc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Loc::Reg(r) => r.fmt(f),
            Loc::Slot(s) => s.fmt(f),
            Loc::Frame(i) => i.fmt(f),
        }
    }
}

impl fmt::Display for Loc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// Where an edit goes. Points compare in program order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Point {
    /// The instruction.
    pub inst: Inst,
    /// Before or after it.
    pub side: Side,
}

/// The sides of an instruction.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Side {
    /// Just before.
    Before,
    /// Just after; never of a terminator.
    After,
}

/// What the allocator adds to the program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Edit {
    /// Copy one place to another; either may lie outside of the registers.
    Move {
        /// Read.
        from: Loc,
        /// Written.
        to: Loc,
    },
    /// Compute `vreg`, for which [`Function::remat`] holds, into `to`.
    Remat {
        /// The value.
        vreg: VReg,
        /// Written.
        to: Loc,
    },
}

/// The places that hold live values at one safepoint.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Safepoint<'a> {
    /// The instruction.
    pub inst: Inst,
    /// The places of what is live across it and of its `Late` uses, without its defs, ascending.
    pub live: &'a [FrameIndex],
}

/// Numbers about one allocation.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Stats {
    /// Copies that the program asked for (moves, block arguments, parameters, group members,
    /// reused operands) and that cost nothing, since both ends share a place.
    pub moves_coalesced: u32,
    /// `Edit::Move`s and remaining move instructions.
    pub moves_left: u32,
    /// Virtual registers in spill slots.
    pub spills: u32,
    /// Virtual registers that are computed again at each use.
    pub remats: u32,
    /// Times the graph was coloured.
    pub rounds: u32,
}

/// An allocation.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Output {
    /// The place of each operand, by instruction, in the order of [`Function::operands`].
    pub allocs: Vec<Loc>,
    /// For each instruction, and one past the last, where its operands begin in `allocs`.
    pub alloc_starts: Vec<u32>,
    /// Edits in program order; those at one point happen in the order listed.
    pub edits: Vec<(Point, Edit)>,
    /// Where each virtual register lives from its def to its last use; `None` when it is
    /// rematerialised or never defined.
    pub homes: Vec<Option<Loc>>,
    /// Instructions that are not needed any more, ascending: their only def is rematerialised.
    pub removed: Vec<Inst>,
    /// The base of each group, by instruction, in the order of [`Function::groups`].
    pub bases: Vec<FrameIndex>,
    /// For each instruction, and one past the last, where its groups begin in `bases`.
    pub base_starts: Vec<u32>,
    /// Instruction, and where its live places begin in `live`; ascending.
    pub safepoints: Vec<(Inst, u32)>,
    /// The live places of all safepoints.
    pub live: Vec<FrameIndex>,
    /// The number of spill slots.
    pub spill_slots: u16,
    /// The frame index of the first spill slot: the size of the register file.
    pub slot_base: FrameIndex,
    /// One past the highest frame index that the function touches.
    pub frame_size: u16,
    /// Numbers.
    pub stats: Stats,
}

/// One thing to emit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step<'a> {
    /// Copy `from` to `to`.
    Move {
        /// Read.
        from: Loc,
        /// Written.
        to: Loc,
    },
    /// Compute `vreg` into `to`.
    Remat {
        /// The value.
        vreg: VReg,
        /// Written.
        to: Loc,
    },
    /// The client's instruction with the places of its operands.
    Inst(Inst, &'a [Loc]),
}

impl Output {
    /// The places of the operands of `inst`.
    pub fn inst_allocs(&self, inst: Inst) -> &[Loc] {
        let at = inst.index();
        &self.allocs[self.alloc_starts[at] as usize..self.alloc_starts[at + 1] as usize]
    }

    /// The bases of the groups of `inst`.
    pub fn group_bases(&self, inst: Inst) -> &[FrameIndex] {
        let at = inst.index();
        &self.bases[self.base_starts[at] as usize..self.base_starts[at + 1] as usize]
    }

    /// The frame index of a place.
    pub fn frame_index(&self, loc: Loc) -> FrameIndex {
        match loc {
            Loc::Reg(r) => FrameIndex(r.0),
            Loc::Slot(s) => FrameIndex(self.slot_base.0 + s.0),
            Loc::Frame(i) => i,
        }
    }

    /// The live places at `inst`, when it is a safepoint.
    pub fn safepoint(&self, inst: Inst) -> Option<Safepoint<'_>> {
        let at = self.safepoints.binary_search_by_key(&inst, |&(inst, _)| inst).ok()?;
        Some(self.safepoint_at(at))
    }

    /// All safepoints in program order.
    pub fn iter_safepoints(&self) -> impl Iterator<Item = Safepoint<'_>> {
        (0..self.safepoints.len()).map(|at| self.safepoint_at(at))
    }

    fn safepoint_at(&self, at: usize) -> Safepoint<'_> {
        let (inst, start) = self.safepoints[at];
        let end = self
            .safepoints
            .get(at + 1)
            .map_or(self.live.len(), |&(_, end)| end as usize);
        Safepoint {
            inst,
            live: &self.live[start as usize..end],
        }
    }

    /// What to emit for `block`, in order. Copies within one place and removed instructions are
    /// left out.
    pub fn steps<'a, F: Function>(&'a self, func: &'a F, block: Block) -> impl Iterator<Item = Step<'a>> + 'a {
        let range = func.block_insts(block);
        let start = self.edits.partition_point(|(point, _)| point.inst < range.start);
        let mut edits = self.edits[start..].iter().peekable();
        let mut inst = range.start;
        let mut emitted = false;
        std::iter::from_fn(move || {
            while inst < range.end {
                let side = if emitted { Side::After } else { Side::Before };
                if let Some((_, edit)) = edits.next_if(|(at, _)| *at == Point { inst, side }) {
                    return Some(match *edit {
                        Edit::Move { from, to } => Step::Move { from, to },
                        Edit::Remat { vreg, to } => Step::Remat { vreg, to },
                    });
                }
                if emitted {
                    inst.0 += 1;
                    emitted = false;
                    continue;
                }
                emitted = true;
                if !self.is_skipped(func, inst) {
                    return Some(Step::Inst(inst, self.inst_allocs(inst)));
                }
            }
            None
        })
    }

    /// Whether nothing is to be emitted for `inst` itself.
    pub fn is_skipped<F: Function>(&self, func: &F, inst: Inst) -> bool {
        let same_place = || {
            let allocs = self.inst_allocs(inst);
            allocs.len() == 2 && self.frame_index(allocs[0]) == self.frame_index(allocs[1])
        };
        self.removed.binary_search(&inst).is_ok() || (func.is_move(inst).is_some() && same_place())
    }
}

/// Why a function cannot be allocated.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum AllocError {
    /// The register operands of `inst` do not fit the register file.
    TooFewRegisters {
        /// The instruction.
        inst: Inst,
    },
    /// The frame would have more than `u16::MAX` places.
    FrameTooLarge,
    /// Under [`Options::stack_order`](crate::Options::stack_order) two values that are live
    /// together have the same place.
    SharedPlace {
        /// One value.
        vreg: VReg,
        /// The other.
        other: VReg,
    },
}

impl fmt::Display for AllocError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AllocError::TooFewRegisters { inst } => {
                write!(f, "operands of {inst} do not fit the register file")
            }
            AllocError::FrameTooLarge => write!(f, "frame has more than {} places", u16::MAX),
            AllocError::SharedPlace { vreg, other } => {
                write!(f, "{vreg} and {other} are live together in one place")
            }
        }
    }
}

impl std::error::Error for AllocError {}
