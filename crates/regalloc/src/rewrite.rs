//! Rewriting: from places to the client's [`Output`].

use crate::frame::{Frame, moves_at_end};
use crate::live::Liveness;
use crate::moves::{Copy, Resolver};
use crate::order::{NONE, Order};
use crate::output::{AllocError, Edit, Loc, Output, Point, Side};
use crate::spill::{Class, Spills};
use crate::{Block, Constraint, FrameIndex, Function, Inst, Kind, PReg, SpillSlot, VReg};

/// Scratch of [`rewrite`](Rewriter::rewrite).
#[derive(Default)]
pub(crate) struct Rewriter {
    copies: Vec<Copy>,
    remats: Vec<(VReg, Loc)>,
    blocks: Vec<Block>,
    resolver: Resolver,
    coalesced: u32,
    uses_scratch: bool,
}

impl Rewriter {
    /// Writes the operands' places and the moves between them.
    pub fn rewrite<F: Function>(
        &mut self,
        func: &F,
        order: &Order,
        live: &Liveness,
        spills: &Spills,
        frame: &Frame,
    ) -> Result<Output, AllocError> {
        let mut out = Output {
            alloc_starts: order.alloc_starts.clone(),
            base_starts: order.base_starts.clone(),
            bases: frame.bases.iter().map(|&base| FrameIndex(base as u16)).collect(),
            slot_base: FrameIndex(frame.num_regs as u16),
            ..Output::default()
        };
        self.coalesced = 0;
        self.uses_scratch = false;
        self.fill_homes(func, spills, frame, &mut out);
        out.allocs.resize(frame.places.len(), Loc::Reg(PReg(0)));
        self.blocks.clear();
        self.blocks.extend_from_slice(&order.blocks);
        self.blocks.sort_unstable_by_key(|&block| func.block_insts(block).start);
        let blocks = std::mem::take(&mut self.blocks);
        for &block in &blocks {
            self.block(func, order, live, spills, frame, block, &mut out);
        }
        self.blocks = blocks;
        self.finish(func, frame, &mut out)
    }

    fn fill_homes<F: Function>(&mut self, func: &F, spills: &Spills, frame: &Frame, out: &mut Output) {
        for vreg in (0..func.num_vregs()).map(VReg) {
            let home = frame.homes[vreg.index()];
            let loc = (home != NONE).then(|| home_loc(frame, home));
            if let Some(Loc::Slot(slot)) = loc {
                out.spill_slots = out.spill_slots.max(slot.0 + 1);
                out.stats.spills += 1;
            }
            out.stats.remats += (spills.class(vreg) == Class::Remat) as u32;
            out.homes.push(loc);
        }
    }

    #[expect(clippy::too_many_arguments)]
    fn block<F: Function>(
        &mut self,
        func: &F,
        order: &Order,
        live: &Liveness,
        spills: &Spills,
        frame: &Frame,
        block: Block,
        out: &mut Output,
    ) {
        let range = func.block_insts(block);
        let before = |inst| Point {
            inst,
            side: Side::Before,
        };
        let after = |inst| Point {
            inst,
            side: Side::After,
        };
        if block == func.entry() {
            for (place, &param) in (0..).zip(func.block_params(block)) {
                self.copy(live, frame, (place, place_loc(frame, place)), param);
            }
            self.flush(before(range.start), out);
        }
        if let [pred] = *func.preds(block)
            && let Some(at) = func.succs(pred).iter().position(|&succ| succ == block)
        {
            self.end_results(func, order, live, spills, frame, (pred, at), out);
            self.flush(before(range.start), out);
            self.edge(func, live, frame, pred, at);
            self.flush(before(range.start), out);
        }
        for inst in range.iter() {
            self.sources(func, order, spills, frame, inst, out);
            if inst == range.last() && moves_at_end(func, block) {
                // The terminator has no operands when this moves anything.
                self.flush(before(inst), out);
                self.edge(func, live, frame, block, 0);
            }
            self.flush(before(inst), out);
            if inst != range.last() {
                self.results(func, order, live, spills, frame, inst, |_| true, out);
                self.flush(after(inst), out);
            }
        }
    }

    /// Asks for a copy from a place to the home of `to`, unless nobody needs it.
    fn copy(&mut self, live: &Liveness, frame: &Frame, from: (u32, Loc), to: VReg) {
        let home = frame.homes[to.index()];
        if home == NONE || !live.used[to.index()] {
            return;
        }
        self.push(from, (home, home_loc(frame, home)));
    }

    fn push(&mut self, from: (u32, Loc), to: (u32, Loc)) {
        if from.0 == to.0 {
            self.coalesced += 1;
            return;
        }
        let copy = Copy { from, to };
        // A value that an instruction uses twice has one temporary.
        if !self.copies.iter().rev().take(8).any(|other| *other == copy) {
            self.copies.push(copy);
        }
    }

    /// Asks for the value of `from` in a place.
    fn bring(&mut self, frame: &Frame, from: VReg, to: (u32, Loc)) {
        match frame.homes[from.index()] {
            NONE if self.remats.contains(&(from, to.1)) => {}
            NONE => self.remats.push((from, to.1)),
            home => self.push((home, home_loc(frame, home)), to),
        }
    }

    fn edge<F: Function>(&mut self, func: &F, live: &Liveness, frame: &Frame, pred: Block, at: usize) {
        let args = func.branch_args(func.block_insts(pred).last(), at);
        for (&param, &arg) in func.block_params(func.succs(pred)[at]).iter().zip(args) {
            let home = frame.homes[param.index()];
            if home != NONE && live.used[param.index()] {
                self.bring(frame, arg, (home, home_loc(frame, home)));
            }
        }
    }

    /// Places of operands, and moves of uses to where they are wanted.
    fn sources<F: Function>(
        &mut self,
        func: &F,
        order: &Order,
        spills: &Spills,
        frame: &Frame,
        inst: Inst,
        out: &mut Output,
    ) {
        let first = order.alloc_starts[inst.index()];
        for (number, op) in (first..).zip(func.operands(inst)) {
            let place = frame.places[number as usize];
            if place == NONE {
                // The def of a rematerialised value: its instruction goes.
                out.removed.push(inst);
                continue;
            }
            let in_group = matches!(op.constraint, Constraint::Group { .. });
            let loc = match in_group {
                true => place_loc(frame, place),
                false => home_loc(frame, place),
            };
            out.allocs[number as usize] = loc;
            let moved = in_group
                || matches!(op.constraint, Constraint::Fixed(_))
                || spills.temp(number).is_some()
                || frame.homes[op.vreg.index()] != place;
            let reused =
                op.kind == Kind::Use && crate::spill::reuser(func.operands(inst), (number - first) as usize).is_some();
            if op.kind == Kind::Use && (moved || reused) {
                self.bring(frame, op.vreg, (place, loc));
            }
        }
    }

    /// Moves of what the terminator of a block defines to its homes, at the head of a successor that
    /// needs it: behind a terminator nothing runs.
    #[expect(clippy::too_many_arguments)]
    fn end_results<F: Function>(
        &mut self,
        func: &F,
        order: &Order,
        live: &Liveness,
        spills: &Spills,
        frame: &Frame,
        (pred, at): (Block, usize),
        out: &mut Output,
    ) {
        let last = func.block_insts(pred).last();
        if func.operands(last).iter().all(|op| op.kind == Kind::Use) {
            return;
        }
        let args = func.branch_args(last, at);
        let succ = func.succs(pred)[at];
        let needed = |vreg| args.contains(&vreg) || live.live_in(succ).any(|live| live == vreg);
        self.results(func, order, live, spills, frame, last, needed, out);
    }

    /// Moves of defs to their homes, if they are needed there.
    #[expect(clippy::too_many_arguments)]
    fn results<F: Function>(
        &mut self,
        func: &F,
        order: &Order,
        live: &Liveness,
        spills: &Spills,
        frame: &Frame,
        inst: Inst,
        needed: impl Fn(VReg) -> bool,
        out: &mut Output,
    ) {
        let first = order.alloc_starts[inst.index()];
        for (number, op) in (first..).zip(func.operands(inst)) {
            let place = frame.places[number as usize];
            let moved = spills.temp(number).is_some()
                || matches!(op.constraint, Constraint::Fixed(_) | Constraint::Group { .. });
            if op.kind == Kind::Def && moved && place != NONE && needed(op.vreg) {
                self.copy(live, frame, (place, out.allocs[number as usize]), op.vreg);
            }
        }
    }

    /// Emits the pending copies as one parallel move, then what is computed again.
    fn flush(&mut self, point: Point, out: &mut Output) {
        let scratch = Loc::Frame(FrameIndex(u16::MAX));
        if !self.copies.is_empty() {
            let uses_scratch = &mut self.uses_scratch;
            self.resolver.resolve(&self.copies, |from, to| {
                *uses_scratch |= from.is_none();
                let (from, to) = (from.unwrap_or(scratch), to.unwrap_or(scratch));
                out.edits.push((point, Edit::Move { from, to }));
            });
            self.copies.clear();
        }
        for (vreg, to) in self.remats.drain(..) {
            out.edits.push((point, Edit::Remat { vreg, to }));
        }
    }

    fn finish<F: Function>(&mut self, func: &F, frame: &Frame, out: &mut Output) -> Result<Output, AllocError> {
        let mut top = frame.top;
        if self.uses_scratch {
            // Above every window, so no move of any instruction can meet it.
            let scratch = place_loc(frame, top);
            top += 1;
            let patch = |loc: &mut Loc| {
                if *loc == Loc::Frame(FrameIndex(u16::MAX)) {
                    *loc = scratch;
                }
            };
            for (_, edit) in &mut out.edits {
                if let Edit::Move { from, to } = edit {
                    patch(from);
                    patch(to);
                }
            }
        }
        out.frame_size = u16::try_from(top).map_err(|_| AllocError::FrameTooLarge)?;
        for &(inst, start, end) in &frame.safepoints {
            out.safepoints.push((inst, out.live.len() as u32));
            let live = &frame.live_places[start as usize..end as usize];
            out.live.extend(live.iter().map(|&place| FrameIndex(place as u16)));
        }
        let moves = out
            .edits
            .iter()
            .filter(|(_, edit)| matches!(edit, Edit::Move { .. }))
            .count();
        out.stats.moves_left = moves as u32;
        out.stats.moves_coalesced = self.coalesced;
        for &block in &self.blocks {
            for inst in func.block_insts(block).iter().filter(|&i| func.is_move(i).is_some()) {
                match out.is_skipped(func, inst) {
                    true => out.stats.moves_coalesced += 1,
                    false => out.stats.moves_left += 1,
                }
            }
        }
        Ok(std::mem::take(out))
    }
}

/// A place as the home of a value.
fn home_loc(frame: &Frame, place: u32) -> Loc {
    match place.checked_sub(frame.num_regs) {
        None => Loc::Reg(PReg(place as u16)),
        Some(slot) => Loc::Slot(SpillSlot(slot as u16)),
    }
}

/// A place as part of a window.
fn place_loc(frame: &Frame, place: u32) -> Loc {
    match place < frame.num_regs {
        true => Loc::Reg(PReg(place as u16)),
        false => Loc::Frame(FrameIndex(place as u16)),
    }
}
