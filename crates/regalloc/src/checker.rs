//! An independent proof of an allocation, by abstract interpretation.
//!
//! The state at a point says, for each frame index, which values it surely holds. It starts with
//! the parameters, meets by intersection, and follows every path until nothing changes; then each
//! instruction is checked against the state before it:
//!
//! - *Uses* find their value in their place; `Late` uses share it with no def of the instruction
//!   and with nothing it clobbers.
//! - *Constraints* hold: `Reg`, `Fixed`, `Reuse`, and members at their offset from the group's base.
//! - *Windows* destroy what they clobber, so that anything live across a call in or above its
//!   window is missed by its next use.
//! - *Safepoints* list a place of every value that is live across, and no place without one.
//! - *Pinned* values are in their homes as long as they are live.
//! - *The frame* contains every place.
//!
//! It shares the data types with the allocator and nothing else: liveness here is a plain fixed
//! point over sorted sets.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::{
    Block, Clobber, Constraint, Edit, FrameIndex, Function, Inst, Kind, Loc, Operand, Output, Point, Pos, RegFile,
    Side, VReg,
};

/// One thing that is wrong.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[non_exhaustive]
pub enum CheckError {
    /// The operand's place does not surely hold the value.
    WrongValue {
        /// The instruction.
        inst: Inst,
        /// The value that is wanted.
        vreg: VReg,
        /// Where.
        place: FrameIndex,
    },
    /// The operand's place breaks its constraint.
    Constraint {
        /// The instruction.
        inst: Inst,
        /// The value.
        vreg: VReg,
    },
    /// Two operands of one instruction, or an operand and a clobber, share a place.
    Overlap {
        /// The instruction.
        inst: Inst,
        /// The value.
        vreg: VReg,
    },
    /// The regions of two groups of one instruction overlap.
    GroupOverlap {
        /// The instruction.
        inst: Inst,
    },
    /// A live value has no place in the live set.
    NotInLiveSet {
        /// The safepoint.
        inst: Inst,
        /// The value.
        vreg: VReg,
    },
    /// A place in the live set holds nothing live.
    DeadPlace {
        /// The safepoint.
        inst: Inst,
        /// The place.
        place: FrameIndex,
    },
    /// A safepoint is missing, or there is one too many.
    Safepoint {
        /// The instruction.
        inst: Inst,
    },
    /// A pinned value, or one whose home the client has chosen, is not there.
    NotAtHome {
        /// Before this instruction.
        inst: Inst,
        /// The value.
        vreg: VReg,
    },
    /// A place lies outside of the frame.
    OutsideFrame {
        /// The instruction.
        inst: Inst,
        /// The place.
        place: FrameIndex,
    },
    /// A value is computed again, or its instruction left out, that may not be.
    Remat {
        /// The instruction.
        inst: Inst,
        /// The value.
        vreg: VReg,
    },
    /// There is an edit behind the end of a block.
    AfterEnd {
        /// The terminator.
        inst: Inst,
    },
    /// The output's tables do not fit the function.
    Shape,
}

impl fmt::Display for CheckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CheckError::WrongValue { inst, vreg, place } => {
                write!(f, "{inst} wants {vreg} in {place}, which may not hold it")
            }
            CheckError::Constraint { inst, vreg } => {
                write!(f, "{vreg} breaks its constraint at {inst}")
            }
            CheckError::Overlap { inst, vreg } => {
                write!(f, "{vreg} shares its place with another operand or a clobber of {inst}")
            }
            CheckError::GroupOverlap { inst } => write!(f, "groups of {inst} overlap"),
            CheckError::NotInLiveSet { inst, vreg } => {
                write!(f, "{vreg} is live at safepoint {inst} but in no listed place")
            }
            CheckError::DeadPlace { inst, place } => {
                write!(f, "safepoint {inst} lists {place}, which holds nothing live")
            }
            CheckError::Safepoint { inst } => write!(f, "safepoint {inst} is missing or extra"),
            CheckError::NotAtHome { inst, vreg } => {
                write!(f, "pinned {vreg} is not at home before {inst}")
            }
            CheckError::OutsideFrame { inst, place } => {
                write!(f, "{place} at {inst} lies outside of the frame")
            }
            CheckError::Remat { inst, vreg } => {
                write!(f, "{vreg} may not be computed again at {inst}")
            }
            CheckError::AfterEnd { inst } => write!(f, "nothing runs after {inst}"),
            CheckError::Shape => write!(f, "the output does not fit the function"),
        }
    }
}

/// Everything that is wrong, in program order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CheckErrors(pub Vec<CheckError>);

impl fmt::Display for CheckErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, error) in self.0.iter().enumerate() {
            let line = if at == 0 { "" } else { "\n" };
            write!(f, "{line}{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for CheckErrors {}

/// Proves that `out` is a right allocation of `func`.
///
/// # Errors
/// All that is wrong.
pub fn check<F: Function>(func: &F, regs: &RegFile, out: &Output) -> Result<(), CheckErrors> {
    if !has_shape(func, out) {
        return Err(CheckErrors(vec![CheckError::Shape]));
    }
    let mut checker = Checker {
        func,
        regs,
        out,
        live_out: live_out(func),
        errors: BTreeSet::new(),
    };
    checker.run();
    if checker.errors.is_empty() {
        return Ok(());
    }
    let mut errors: Vec<_> = checker.errors.into_iter().collect();
    errors.sort_by_key(|(inst, error)| (*inst, error.clone()));
    Err(CheckErrors(errors.into_iter().map(|(_, error)| error).collect()))
}

fn has_shape<F: Function>(func: &F, out: &Output) -> bool {
    let insts = func.num_insts() as usize;
    let starts = |starts: &[u32], total: usize, len: &dyn Fn(Inst) -> usize| {
        starts.len() == insts + 1
            && starts[insts] as usize == total
            && (0..insts).all(|at| starts[at + 1].checked_sub(starts[at]) == Some(len(Inst(at as u32)) as u32))
    };
    starts(&out.alloc_starts, out.allocs.len(), &|inst| func.operands(inst).len())
        && starts(&out.base_starts, out.bases.len(), &|inst| func.groups(inst).len())
        && out.homes.len() == func.num_vregs() as usize
        && out.edits.is_sorted_by_key(|(point, _)| *point)
        && out.removed.is_sorted()
}

/// What each frame index surely holds.
type State = BTreeMap<u16, BTreeSet<VReg>>;

fn live_out<F: Function>(func: &F) -> Vec<BTreeSet<VReg>> {
    let mut outs = vec![BTreeSet::new(); func.num_blocks() as usize];
    loop {
        let mut changed = false;
        for block in (0..func.num_blocks()).map(Block).rev() {
            let range = func.block_insts(block);
            let mut live = BTreeSet::new();
            for (at, &succ) in func.succs(block).iter().enumerate() {
                let mut there = outs[succ.index()].clone();
                for inst in func.block_insts(succ).iter().rev() {
                    step_live(func, inst, &mut there);
                }
                for param in func.block_params(succ) {
                    there.remove(param);
                }
                live.append(&mut there);
                live.extend(func.branch_args(range.last(), at));
            }
            if live.len() != outs[block.index()].len() {
                outs[block.index()] = live;
                changed = true;
            }
        }
        if !changed {
            return outs;
        }
    }
}

fn step_live<F: Function>(func: &F, inst: Inst, live: &mut BTreeSet<VReg>) {
    for op in func.operands(inst).iter().filter(|op| op.kind == Kind::Def) {
        live.remove(&op.vreg);
    }
    for op in func.operands(inst).iter().filter(|op| op.kind == Kind::Use) {
        live.insert(op.vreg);
    }
}

struct Checker<'a, F> {
    func: &'a F,
    regs: &'a RegFile,
    out: &'a Output,
    live_out: Vec<BTreeSet<VReg>>,
    errors: BTreeSet<(Inst, CheckError)>,
}

impl<F: Function> Checker<'_, F> {
    fn run(&mut self) {
        let entry = self.func.entry();
        let mut states: Vec<Option<State>> = vec![None; self.func.num_blocks() as usize];
        let params = (0..).zip(self.func.block_params(entry));
        let start = params.map(|(at, &param)| (at, BTreeSet::from([param]))).collect();
        states[entry.index()] = Some(start);
        let mut work = BTreeSet::from([entry]);
        while let Some(block) = work.pop_first() {
            let mut state = states[block.index()].clone().expect("blocks in work have a state");
            self.block(block, &mut state, false);
            for (at, &succ) in self.func.succs(block).iter().enumerate() {
                let passed = self.pass(block, at, &state);
                let there = &mut states[succ.index()];
                let met = match there {
                    None => passed,
                    Some(old) => meet(old, &passed),
                };
                if there.as_ref() != Some(&met) {
                    *there = Some(met);
                    work.insert(succ);
                }
            }
        }
        for block in (0..self.func.num_blocks()).map(Block) {
            if let Some(mut state) = states[block.index()].take() {
                self.block(block, &mut state, true);
            }
        }
        for &(inst, _) in &self.out.safepoints {
            if !self.func.is_safepoint(inst) {
                self.error(inst, CheckError::Safepoint { inst });
            }
        }
    }

    /// The state in which a successor starts: its parameters are new names of the arguments.
    fn pass(&self, block: Block, at: usize, state: &State) -> State {
        let params = self.func.block_params(self.func.succs(block)[at]);
        let args = self.func.branch_args(self.func.block_insts(block).last(), at);
        let rename = |held: &BTreeSet<VReg>| {
            let renamed = params.iter().zip(args).filter(|(_, arg)| held.contains(arg));
            let renamed = renamed.map(|(&param, _)| param);
            let kept = held.iter().copied().filter(|vreg| !params.contains(vreg));
            kept.chain(renamed).collect()
        };
        state.iter().map(|(&place, held)| (place, rename(held))).collect()
    }

    fn block(&mut self, block: Block, state: &mut State, check: bool) {
        let range = self.func.block_insts(block);
        let mut across = vec![BTreeSet::new(); range.iter().len()];
        if check {
            let mut live = self.live_out[block.index()].clone();
            for (at, inst) in range.iter().enumerate().rev() {
                across[at] = live.clone();
                step_live(self.func, inst, &mut live);
            }
            if self.follows_edge_moves(range.last()) {
                *across.last_mut().expect("blocks have instructions") = self.live_over_edge(block);
            }
        }
        let start = self.out.edits.partition_point(|(point, _)| point.inst < range.start);
        let mut edits = self.out.edits[start..].iter().peekable();
        for (at, inst) in range.iter().enumerate() {
            while let Some((_, edit)) = edits.next_if(|(point, _)| {
                *point
                    == Point {
                        inst,
                        side: Side::Before,
                    }
            }) {
                self.edit(inst, edit, state, check);
            }
            self.inst(inst, state, &across[at], check);
            while let Some((_, edit)) = edits.next_if(|(point, _)| {
                *point
                    == Point {
                        inst,
                        side: Side::After,
                    }
            }) {
                if check && inst == range.last() {
                    self.error(inst, CheckError::AfterEnd { inst });
                }
                self.edit(inst, edit, state, check);
            }
        }
    }

    fn edit(&mut self, inst: Inst, edit: &Edit, state: &mut State, check: bool) {
        let (to, held) = match *edit {
            Edit::Move { from, to } => {
                self.place(inst, from, check);
                (to, state.get(&self.index(from)).cloned().unwrap_or_default())
            }
            Edit::Remat { vreg, to } => {
                if check && !self.func.remat(vreg) {
                    self.error(inst, CheckError::Remat { inst, vreg });
                }
                (to, self.names(inst, vreg))
            }
        };
        self.place(inst, to, check);
        state.insert(self.index(to), held);
    }

    /// `vreg`, and the parameters of the block that `inst` begins which are sure to equal it,
    /// since the block has one predecessor: they got their new names on the edge already.
    fn names(&self, inst: Inst, vreg: VReg) -> BTreeSet<VReg> {
        let func = self.func;
        let mut names = BTreeSet::from([vreg]);
        let blocks = (0..func.num_blocks()).map(Block);
        for block in blocks.filter(|&block| func.block_insts(block).start == inst) {
            let [pred] = *func.preds(block) else { continue };
            let last = func.block_insts(pred).last();
            let at = func.succs(pred).iter().position(|&succ| succ == block);
            let args = at.map_or(&[][..], |at| func.branch_args(last, at));
            let params = func.block_params(block).iter().zip(args);
            names.extend(params.filter(|(_, arg)| **arg == vreg).map(|(&param, _)| param));
        }
        names
    }

    fn inst(&mut self, inst: Inst, state: &mut State, across: &BTreeSet<VReg>, check: bool) {
        let func = self.func;
        let operands = func.operands(inst);
        let locs = self.out.inst_allocs(inst).to_vec();
        if self.out.removed.contains(&inst) {
            if check {
                for op in operands
                    .iter()
                    .filter(|op| op.kind == Kind::Use || !func.remat(op.vreg))
                {
                    self.error(inst, CheckError::Remat { inst, vreg: op.vreg });
                }
            }
            return;
        }
        if check {
            self.constraints(inst, operands, &locs);
            self.overlaps(inst, operands, &locs);
            for (op, &loc) in operands.iter().zip(&locs).filter(|(op, _)| op.kind == Kind::Use) {
                let holds = state.get(&self.index(loc)).is_some_and(|held| held.contains(&op.vreg));
                if !holds {
                    let place = FrameIndex(self.index(loc));
                    self.error(
                        inst,
                        CheckError::WrongValue {
                            inst,
                            vreg: op.vreg,
                            place,
                        },
                    );
                }
            }
            if !self.follows_edge_moves(inst) {
                self.pinned(inst, state, across);
            }
            self.safepoint(inst, operands, state, across);
        }
        for (group, base) in func.groups(inst).iter().zip(self.out.group_bases(inst)) {
            let base = base.0 as u32;
            state.retain(|&place, _| !clobbers(group.clobber, base, group.size, place as u32));
        }
        let copied = func.is_move(inst).map(|(_, src)| {
            let from = operands.iter().position(|op| op.vreg == src && op.kind == Kind::Use);
            from.and_then(|at| state.get(&self.index(locs[at])).cloned())
                .unwrap_or_default()
        });
        let defs = || operands.iter().zip(&locs).filter(|(op, _)| op.kind == Kind::Def);
        for (op, _) in defs() {
            for held in state.values_mut() {
                held.remove(&op.vreg);
            }
        }
        for (op, &loc) in defs() {
            let mut held = copied.clone().unwrap_or_default();
            held.insert(op.vreg);
            state.insert(self.index(loc), held);
        }
    }

    fn constraints(&mut self, inst: Inst, operands: &[Operand], locs: &[Loc]) {
        for (op, &loc) in operands.iter().zip(locs) {
            self.place(inst, loc, true);
            let index = self.index(loc);
            let holds = match op.constraint {
                Constraint::Any => true,
                Constraint::Reg => index < self.regs.allocatable,
                Constraint::Fixed(reg) => index == reg.0,
                Constraint::Reuse(of) => index == self.index(locs[of as usize]),
                Constraint::Group { group, offset } => {
                    let base = self.out.group_bases(inst)[group as usize];
                    index as u32 == base.0 as u32 + offset as u32
                }
            };
            let named = match loc {
                Loc::Reg(reg) => reg.0 < self.regs.allocatable,
                Loc::Slot(_) | Loc::Frame(_) => index >= self.regs.allocatable,
            };
            if !holds || !named {
                self.error(inst, CheckError::Constraint { inst, vreg: op.vreg });
            }
        }
    }

    /// Operands that are in use at the same time, against each other and against clobbers.
    fn overlaps(&mut self, inst: Inst, operands: &[Operand], locs: &[Loc]) {
        let groups = self.func.groups(inst);
        let bases = self.out.group_bases(inst).to_vec();
        for (at, (op, &loc)) in operands.iter().zip(locs).enumerate() {
            let index = self.index(loc);
            // A def that is written while early uses are still to be read.
            let early = op.pos == Pos::Early || matches!(op.constraint, Constraint::Reuse(_));
            let reused = |other: usize| op.constraint == Constraint::Reuse(other as u8);
            for (other_at, (other, &other_loc)) in operands.iter().zip(locs).enumerate() {
                let clash = op.kind == Kind::Def
                    && other_at != at
                    && index == self.index(other_loc)
                    && match other.kind {
                        Kind::Def => true,
                        Kind::Use => {
                            let same = other.vreg == reused_vreg(operands, op);
                            (other.pos == Pos::Late || early) && !reused(other_at) && !same
                        }
                    };
                if clash {
                    self.error(inst, CheckError::Overlap { inst, vreg: op.vreg });
                }
            }
            let held = match op.kind {
                Kind::Use => op.pos == Pos::Late,
                Kind::Def => early,
            };
            for (group, base) in groups.iter().zip(&bases) {
                let hit = clobbers(group.clobber, base.0 as u32, group.size, index as u32);
                if held && hit {
                    self.error(inst, CheckError::Overlap { inst, vreg: op.vreg });
                }
            }
        }
        for (at, group) in groups.iter().enumerate() {
            let region = |at: usize, group: &crate::Group| {
                let base = bases[at].0 as u32;
                let end = match group.clobber {
                    Clobber::Above(_) => u32::MAX,
                    Clobber::Nothing | Clobber::Members => base + group.size as u32,
                };
                base..end
            };
            let one = region(at, group);
            if bases[at].0 as u32 + group.size as u32 > self.out.frame_size as u32 {
                self.error(inst, CheckError::OutsideFrame { inst, place: bases[at] });
            }
            for (before, other) in groups[..at].iter().enumerate() {
                let two = region(before, other);
                if one.start < two.end && two.start < one.end {
                    self.error(inst, CheckError::GroupOverlap { inst });
                }
            }
        }
    }

    /// Whether `inst` ends a block whose arguments have moved to their parameters already.
    fn follows_edge_moves(&self, inst: Inst) -> bool {
        let blocks = (0..self.func.num_blocks()).map(Block);
        let mut ends = blocks.filter(|&block| self.func.block_insts(block).last() == inst);
        ends.any(|block| matches!(*self.func.succs(block), [succ] if self.func.preds(succ).len() > 1))
    }

    /// What the only successor of `block` wants, by the names that hold in `block`.
    fn live_over_edge(&self, block: Block) -> BTreeSet<VReg> {
        let func = self.func;
        let succ = func.succs(block)[0];
        let mut live = self.live_out[succ.index()].clone();
        func.block_insts(succ)
            .iter()
            .rev()
            .for_each(|inst| step_live(func, inst, &mut live));
        let args = func.branch_args(func.block_insts(block).last(), 0);
        let params = func.block_params(succ).iter().zip(args);
        let passed: Vec<_> = params.filter(|(param, _)| live.remove(param)).collect();
        live.extend(passed.into_iter().map(|(_, &arg)| arg));
        live
    }

    fn pinned(&mut self, inst: Inst, state: &State, across: &BTreeSet<VReg>) {
        for &vreg in across.iter() {
            if !self.func.pinned(vreg) && self.func.home(vreg).is_none() {
                continue;
            }
            let defined_here = self.func.operands(inst).iter();
            if defined_here
                .into_iter()
                .any(|op| op.kind == Kind::Def && op.vreg == vreg)
            {
                continue;
            }
            let home = self.out.homes[vreg.index()].map(|home| self.index(home));
            let chosen = self.func.home(vreg).map(|home| home.0);
            let home = home.filter(|&home| chosen.is_none_or(|chosen| chosen == home));
            let held = home.and_then(|home| state.get(&home));
            if !held.is_some_and(|held| held.contains(&vreg)) {
                self.error(inst, CheckError::NotAtHome { inst, vreg });
            }
        }
    }

    fn safepoint(&mut self, inst: Inst, operands: &[Operand], state: &State, across: &BTreeSet<VReg>) {
        let out = self.out;
        let point = match (self.func.is_safepoint(inst), out.safepoint(inst)) {
            (false, None) => return,
            (true, Some(point)) => point,
            _ => return self.error(inst, CheckError::Safepoint { inst }),
        };
        let is_def = |vreg: VReg| operands.iter().any(|op| op.kind == Kind::Def && op.vreg == vreg);
        let late = operands.iter().filter(|op| op.kind == Kind::Use && op.pos == Pos::Late);
        let late: BTreeSet<VReg> = late.map(|op| op.vreg).collect();
        let across: BTreeSet<VReg> = across.iter().copied().filter(|&v| !is_def(v)).collect();
        let held = |place: &FrameIndex| state.get(&place.0).cloned().unwrap_or_default();
        let listed: BTreeSet<VReg> = point.live.iter().flat_map(held).collect();
        for &vreg in across.union(&late) {
            // A value that is computed again at each use is nowhere in between.
            let nowhere = out.homes[vreg.index()].is_none() && self.func.remat(vreg);
            if !listed.contains(&vreg) && (late.contains(&vreg) || !nowhere) {
                self.error(inst, CheckError::NotInLiveSet { inst, vreg });
            }
        }
        for place in point.live {
            if !held(place)
                .iter()
                .any(|vreg| across.contains(vreg) || late.contains(vreg))
            {
                self.error(inst, CheckError::DeadPlace { inst, place: *place });
            }
        }
        if !point.live.is_sorted_by(|a, b| a < b) {
            self.error(inst, CheckError::Safepoint { inst });
        }
    }

    fn place(&mut self, inst: Inst, loc: Loc, check: bool) {
        let index = self.index(loc);
        if check && index >= self.out.frame_size {
            self.error(
                inst,
                CheckError::OutsideFrame {
                    inst,
                    place: FrameIndex(index),
                },
            );
        }
    }

    fn index(&self, loc: Loc) -> u16 {
        self.out.frame_index(loc).0
    }

    fn error(&mut self, inst: Inst, error: CheckError) {
        self.errors.insert((inst, error));
    }
}

/// The value whose place `op` takes over, or `op`'s own.
fn reused_vreg(operands: &[Operand], op: &Operand) -> VReg {
    match op.constraint {
        Constraint::Reuse(of) => operands[of as usize].vreg,
        _ => op.vreg,
    }
}

fn clobbers(clobber: Clobber, base: u32, size: u16, place: u32) -> bool {
    match clobber {
        Clobber::Nothing => false,
        Clobber::Members => place >= base && place < base + size as u32,
        Clobber::Above(from) => place >= base + from as u32,
    }
}

fn meet(a: &State, b: &State) -> State {
    let both = a.iter().filter_map(|(place, held)| {
        let held: BTreeSet<VReg> = held.intersection(b.get(place)?).copied().collect();
        (!held.is_empty()).then_some((*place, held))
    });
    both.collect()
}
