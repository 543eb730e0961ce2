//! The frame: with every value at home, finds bases for groups and what safepoints must keep.
//!
//! One backward walk. Homes are final by now, so whatever earlier stages hoped for, a group takes
//! the base that leaves the fewest moves among those that hurt nobody; one above everything always
//! exists. Places are frame indices here.

use crate::live::{Liveness, SparseSet, each_arg};
use crate::order::{NONE, Order};
use crate::output::AllocError;
use crate::spill::{Spills, reuser};
use crate::{Block, Clobber, Constraint, Function, Group, Inst, Kind, Operand, Pos, VReg};

/// The frame's contents.
#[derive(Default)]
pub(crate) struct Frame {
    pub num_regs: u32,
    /// The place of each virtual register, or [`NONE`].
    pub homes: Vec<u32>,
    /// The place of each temporary, or [`NONE`] while it has none.
    pub temps: Vec<u32>,
    /// The place of each operand, by operand number.
    pub places: Vec<u32>,
    /// The base of each group, by group number.
    pub bases: Vec<u32>,
    /// Safepoints with ranges in `live_places`.
    pub safepoints: Vec<(Inst, u32, u32)>,
    pub live_places: Vec<u32>,
    /// One past the highest place that is touched.
    pub top: u32,
    /// Whether homes come from the client and have to be checked.
    pub check: bool,
    live: SparseSet,
    obstacles: Vec<Obstacle>,
    members: Vec<Member>,
    votes: Vec<i32>,
    ranked: Vec<(u32, u32)>,
    busy: [Vec<u64>; 2],
}

/// A place in use at an instruction.
#[derive(Clone, Copy)]
struct Obstacle {
    place: u32,
    vreg: VReg,
    role: Role,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Crossing,
    EarlyUse,
    LateUse,
    EarlyDef,
    LateDef,
}

/// What a group wants at one offset.
#[derive(Clone, Copy, Default)]
struct Member {
    read: Option<VReg>,
    read_late: bool,
    written: bool,
    written_early: bool,
}

impl Frame {
    pub fn compute<F: Function>(
        &mut self,
        func: &F,
        order: &Order,
        live: &Liveness,
        spills: &Spills,
    ) -> Result<(), AllocError> {
        let last = func.num_insts() as usize;
        for (list, len) in [
            (&mut self.places, order.alloc_starts[last]),
            (&mut self.bases, order.base_starts[last]),
        ] {
            list.clear();
            list.resize(len as usize, 0);
        }
        self.safepoints.clear();
        self.live_places.clear();
        self.live.reset(func.num_vregs() as usize);
        self.top = func.block_params(func.entry()).len() as u32;
        for &home in self.homes.iter().filter(|&&home| home != NONE) {
            self.top = self.top.max(home + 1);
        }
        for &block in &order.blocks {
            let range = func.block_insts(block);
            self.live.clear();
            let (set, homes) = (&mut self.live, &self.homes);
            let mut add = |vreg: VReg| {
                if homes[vreg.index()] != NONE {
                    set.insert(vreg.0);
                }
            };
            live.live_out(block).for_each(&mut add);
            each_arg(func, block, range.last(), &mut add);
            if func.is_safepoint(range.last()) && moves_at_end(func, block) {
                self.end_safepoint(func, live, block);
            }
            for inst in range.iter().rev() {
                self.inst(func, order, live, spills, inst)?;
            }
            let params = func.block_params(block);
            for param in params {
                self.live.remove(param.0);
            }
            if self.check {
                for (at, &param) in params.iter().enumerate() {
                    let others = params[..at].iter().map(|other| other.0);
                    self.check_def(param, others, None)?;
                }
            }
        }
        for &temp in &self.temps {
            self.top = self.top.max(temp + 1);
        }
        self.safepoints.sort_unstable_by_key(|&(inst, ..)| inst);
        if self.top > u16::MAX as u32 {
            Err(AllocError::FrameTooLarge)
        } else {
            Ok(())
        }
    }

    /// Whether `vreg` may be defined with `others` and everything live beside it.
    fn check_def(&self, vreg: VReg, others: impl Iterator<Item = u32>, copied: Option<VReg>) -> Result<(), AllocError> {
        let home = self.homes[vreg.index()];
        let live = self.live.members().iter().copied();
        match live
            .chain(others)
            .map(VReg)
            .find(|&other| self.homes[other.index()] == home && other != vreg && Some(other) != copied)
        {
            Some(other) => Err(AllocError::SharedPlace { vreg, other }),
            None => Ok(()),
        }
    }

    fn inst<F: Function>(
        &mut self,
        func: &F,
        order: &Order,
        live: &Liveness,
        spills: &Spills,
        inst: Inst,
    ) -> Result<(), AllocError> {
        let operands = func.operands(inst);
        let first = order.alloc_starts[inst.index()];
        for op in operands.iter().filter(|op| op.kind == Kind::Def) {
            self.live.remove(op.vreg.0);
        }
        if self.check {
            self.check_inst(func, inst)?;
        }
        let num_vregs = func.num_vregs();
        let mut temps_to_place = false;
        for (number, op) in (first..).zip(operands) {
            let temp = spills.temp(number);
            let place = match (temp, op.constraint) {
                (Some(temp), _) => self.temps[(temp - num_vregs) as usize],
                (None, Constraint::Fixed(reg)) => reg.0 as u32,
                (None, Constraint::Group { .. }) => continue,
                (None, _) => self.homes[op.vreg.index()],
            };
            temps_to_place |= temp.is_some() && place == NONE;
            self.places[number as usize] = place;
            if place != NONE {
                self.top = self.top.max(place + 1);
            }
        }
        if temps_to_place {
            self.place_temps(operands, first, num_vregs, spills, inst)?;
        }
        for (at, op) in operands.iter().enumerate() {
            if let Constraint::Reuse(of) = op.constraint {
                let used = &operands[of as usize];
                debug_assert!(
                    used.kind == Kind::Use && matches!(used.constraint, Constraint::Any | Constraint::Reg),
                    "{inst}: only a use of any place or register is reused"
                );
                self.places[first as usize + of as usize] = self.places[first as usize + at];
            }
        }
        let groups = func.groups(inst);
        if !groups.is_empty() {
            self.place_groups(live, operands, groups, first, order.base_starts[inst.index()]);
        }
        let done = self.safepoints.last().is_some_and(|&(last, ..)| last == inst);
        if func.is_safepoint(inst) && !done {
            self.safepoint(operands, first, inst);
        }
        for op in operands.iter().filter(|op| op.kind == Kind::Use) {
            if self.homes[op.vreg.index()] != NONE {
                self.live.insert(op.vreg.0);
            }
        }
        Ok(())
    }

    fn check_inst<F: Function>(&self, func: &F, inst: Inst) -> Result<(), AllocError> {
        let operands = func.operands(inst);
        let copied = func.is_move(inst).map(|(_, src)| src);
        let defs = |upto: usize| {
            operands[..upto]
                .iter()
                .filter(|op| op.kind == Kind::Def)
                .map(|op| op.vreg.0)
        };
        for (at, op) in operands.iter().enumerate() {
            if op.kind == Kind::Def {
                self.check_def(op.vreg, defs(at), copied)?;
            }
            let Constraint::Fixed(reg) = op.constraint else {
                continue;
            };
            let early = |op: &Operand| op.pos == Pos::Early || matches!(op.constraint, Constraint::Reuse(_));
            // Operands that are in use at the same time as this one.
            let beside = operands.iter().filter(|other| match (op.kind, other.kind) {
                (Kind::Use, Kind::Use) | (Kind::Def, Kind::Def) => true,
                (Kind::Use, Kind::Def) => op.pos == Pos::Late || early(other),
                (Kind::Def, Kind::Use) => other.pos == Pos::Late || early(op),
            });
            let live = self.live.members().iter().map(|&vreg| VReg(vreg));
            let mut beside = live.chain(beside.map(|other| other.vreg));
            if let Some(other) = beside.find(|&other| other != op.vreg && self.homes[other.index()] == reg.0 as u32) {
                return Err(AllocError::SharedPlace { vreg: op.vreg, other });
            }
        }
        Ok(())
    }

    /// Gives the temporaries of one instruction any registers that are free there.
    fn place_temps(
        &mut self,
        operands: &[Operand],
        first: u32,
        num_vregs: u32,
        spills: &Spills,
        inst: Inst,
    ) -> Result<(), AllocError> {
        let words = (self.num_regs as usize).div_ceil(64);
        for busy in &mut self.busy {
            busy.clear();
            busy.resize(words, 0);
        }
        let num_regs = self.num_regs;
        let mut mark = |place: u32, when: &[usize]| {
            if place < num_regs {
                for &at in when {
                    self.busy[at][place as usize / 64] |= 1 << (place % 64);
                }
            }
        };
        for &vreg in self.live.members() {
            mark(self.homes[vreg as usize], &[0, 1]);
        }
        let span = |op: &Operand| -> &'static [usize] {
            match (op.kind, op.pos) {
                (Kind::Use, Pos::Early) => &[0],
                (Kind::Def, Pos::Late) if !matches!(op.constraint, Constraint::Reuse(_)) => &[1],
                _ => &[0, 1],
            }
        };
        for (number, op) in (first..).zip(operands) {
            let home = self.homes[op.vreg.index()];
            if op.kind == Kind::Use && home != NONE {
                mark(home, &[0]);
            }
            if spills.temp(number).is_none() && !matches!(op.constraint, Constraint::Group { .. }) {
                mark(self.places[number as usize], span(op));
            }
        }
        // Those that need both halves of the instruction choose first.
        for whole in [true, false] {
            for (number, op) in (first..).zip(operands) {
                let Some(temp) = spills.temp(number) else {
                    continue;
                };
                // A value used twice has one temporary, which has to last for both.
                let late_twin = (first..)
                    .zip(operands)
                    .any(|(other, op)| spills.temp(other) == Some(temp) && span(op).len() == 2);
                let span: &[usize] = if late_twin { &[0, 1] } else { span(op) };
                if (span.len() == 2) != whole {
                    continue;
                }
                let at = (temp - num_vregs) as usize;
                if self.temps[at] == NONE {
                    let is_busy = |reg: u32| {
                        span.iter()
                            .any(|&half| self.busy[half][reg as usize / 64] >> (reg % 64) & 1 != 0)
                    };
                    let free = (0..self.num_regs).find(|&reg| !is_busy(reg));
                    self.temps[at] = free.ok_or(AllocError::TooFewRegisters { inst })?;
                    for &half in span {
                        self.busy[half][self.temps[at] as usize / 64] |= 1 << (self.temps[at] % 64);
                    }
                }
                self.places[number as usize] = self.temps[at];
            }
        }
        Ok(())
    }

    fn place_groups(&mut self, live: &Liveness, operands: &[Operand], groups: &[Group], first: u32, first_group: u32) {
        self.obstacles.clear();
        for &vreg in self.live.members() {
            let place = self.homes[vreg as usize];
            self.obstacles.push(Obstacle {
                place,
                vreg: VReg(vreg),
                role: Role::Crossing,
            });
        }
        for (at, op) in operands.iter().enumerate() {
            let place = self.places[first as usize + at];
            if matches!(op.constraint, Constraint::Group { .. }) || place == NONE {
                continue;
            }
            let role = match (op.kind, op.pos) {
                (Kind::Use, Pos::Early) => Role::EarlyUse,
                (Kind::Use, Pos::Late) => Role::LateUse,
                (Kind::Def, Pos::Late) if !matches!(op.constraint, Constraint::Reuse(_)) => Role::LateDef,
                (Kind::Def, _) => Role::EarlyDef,
            };
            debug_assert!(reuser(operands, at).is_none() || role == Role::EarlyUse);
            self.obstacles.push(Obstacle {
                place,
                vreg: op.vreg,
                role,
            });
        }
        // A call window goes above the other groups of its instruction, so it comes last.
        let mut floor = 0;
        for above in [false, true] {
            for (at, group) in groups.iter().enumerate() {
                if matches!(group.clobber, Clobber::Above(_)) != above {
                    continue;
                }
                self.list_members(live, operands, at, group);
                let base = self.find_base(group, floor);
                self.bases[first_group as usize + at] = base;
                floor = base + group.size as u32;
                self.top = self.top.max(floor);
                for (number, op) in (first as usize..).zip(operands) {
                    if let Constraint::Group { group, offset } = op.constraint
                        && group as usize == at
                    {
                        self.places[number] = base + offset as u32;
                    }
                }
            }
        }
    }

    fn list_members(&mut self, live: &Liveness, operands: &[Operand], at: usize, group: &Group) {
        self.members.clear();
        self.members.resize(group.size as usize, Member::default());
        self.votes.clear();
        for op in operands {
            let Constraint::Group { group, offset } = op.constraint else {
                continue;
            };
            if group as usize != at {
                continue;
            }
            let member = &mut self.members[offset as usize];
            match op.kind {
                Kind::Use => {
                    member.read = Some(op.vreg);
                    member.read_late = op.pos == Pos::Late;
                }
                Kind::Def => {
                    member.written = true;
                    member.written_early = op.pos == Pos::Early;
                }
            }
            let home = self.homes[op.vreg.index()];
            if home != NONE && live.used[op.vreg.index()] {
                self.votes.push(home as i32 - offset as i32);
            }
        }
    }

    /// The base that most members ask for and that hurts nobody, or else the lowest one.
    fn find_base(&mut self, group: &Group, floor: u32) -> u32 {
        let mut lowest = floor;
        if let Clobber::Above(from) = group.clobber {
            for obstacle in &self.obstacles {
                if matches!(obstacle.role, Role::Crossing | Role::LateUse | Role::EarlyDef) {
                    lowest = lowest.max((obstacle.place + 1).saturating_sub(from as u32));
                }
            }
        }
        self.votes.retain(|&base| base >= lowest as i32);
        self.votes.sort_unstable();
        self.ranked.clear();
        for same in self.votes.chunk_by(|a, b| a == b) {
            self.ranked.push((same.len() as u32, same[0] as u32));
        }
        self.ranked
            .sort_unstable_by_key(|&(votes, base)| (std::cmp::Reverse(votes), base));
        let wanted = self.ranked.iter().map(|&(_, base)| base);
        wanted
            .chain(lowest..)
            .find(|&base| self.is_clear(group, base))
            .expect("frames end")
    }

    fn is_clear(&self, group: &Group, base: u32) -> bool {
        self.obstacles.iter().all(|obstacle| {
            let Some(distance) = obstacle.place.checked_sub(base) else {
                return true;
            };
            let inside = distance < group.size as u32;
            let clobbered = match group.clobber {
                Clobber::Nothing => false,
                Clobber::Members => inside,
                Clobber::Above(from) => distance >= from as u32,
            };
            let member = match inside {
                true => self.members[distance as usize],
                false => Member::default(),
            };
            let read_other = member.read.is_some_and(|vreg| vreg != obstacle.vreg);
            let hurt = match obstacle.role {
                Role::Crossing | Role::LateUse => clobbered || read_other || member.written,
                Role::EarlyUse => read_other || member.written_early,
                Role::EarlyDef => clobbered || member.read.is_some() || member.written,
                Role::LateDef => member.read_late || member.written,
            };
            !hurt
        })
    }

    /// The safepoint of a terminator behind the moves to the parameters of its successor.
    fn end_safepoint<F: Function>(&mut self, func: &F, live: &Liveness, block: Block) {
        let start = self.live_places.len();
        let params = func.block_params(func.succs(block)[0]).iter().copied();
        let params = params.filter(|param| live.used[param.index()]);
        let places = live.live_out(block).chain(params).map(|vreg| self.homes[vreg.index()]);
        self.live_places.extend(places.filter(|&home| home != NONE));
        self.end_live_places(start, func.block_insts(block).last());
    }

    fn safepoint(&mut self, operands: &[Operand], first: u32, inst: Inst) {
        let start = self.live_places.len();
        let across = self.live.members().iter().map(|&vreg| self.homes[vreg as usize]);
        self.live_places.extend(across);
        for (place, op) in self.places[first as usize..].iter().zip(operands) {
            if op.kind == Kind::Use && op.pos == Pos::Late {
                self.live_places.push(*place);
            }
        }
        self.end_live_places(start, inst);
    }

    /// Sorts the places from `start` on, drops doubles, and makes them those of `inst`.
    fn end_live_places(&mut self, start: usize, inst: Inst) {
        self.live_places[start..].sort_unstable();
        let mut kept = start;
        for at in start..self.live_places.len() {
            if at == start || self.live_places[at] != self.live_places[kept - 1] {
                self.live_places[kept] = self.live_places[at];
                kept += 1;
            }
        }
        self.live_places.truncate(kept);
        self.safepoints.push((inst, start as u32, kept as u32));
    }
}

/// Whether the moves for the edge out of `block` are at its end, before the terminator. Otherwise
/// each successor begins with those of its edge.
pub(crate) fn moves_at_end<F: Function>(func: &F, block: Block) -> bool {
    matches!(*func.succs(block), [succ] if func.preds(succ).len() > 1)
}
