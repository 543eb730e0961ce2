//! What each slot has on every path: forward dataflow over basic blocks, to a fixed point.
//!
//! A state only ever loses assigned slots, so the iteration ends; blocks are taken in the order of the
//! code, which for compiled code is close to reverse postorder.

use std::collections::BTreeSet;

use super::{Body, Errors, Fault, Inst, MAX_PREPARED, live_words};
use crate::field::Reg;
use crate::live::LiveSet;
use crate::module::Function;
use crate::op::{Access, Op, Slots};
use crate::opcode::Flags;

/// Bound on the words of all block states together: 256 MiB.
const MAX_STATE_WORDS: usize = 1 << 25;

/// Bound on the instructions looked at: so many passes over the code, and some for small functions.
const MAX_PASSES: usize = 200;
const FREE_STEPS: usize = 1 << 20;

/// What the slots have at one place.
#[derive(Clone, PartialEq)]
struct State {
    /// Bit sets of the slots that have a value, or a cell.
    values: Box<[u64]>,
    cells: Box<[u64]>,
    /// Which slots hold parts of prepared loops, ascending by slot.
    prepared: Vec<Prepared>,
    /// The slots marked to be closed, ascending.
    to_close: Vec<u32>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Prepared {
    slot: u32,
    /// Word offset of the `for_prep`.
    by: u32,
    part: Part,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Index,
    Count,
    Step,
}

#[derive(Clone, Copy, PartialEq)]
enum Content {
    Value,
    Cell,
}

impl State {
    fn new(slots: u32) -> Self {
        let words = (slots as usize).div_ceil(64);
        State {
            values: vec![0; words].into(),
            cells: vec![0; words].into(),
            prepared: Vec::new(),
            to_close: Vec::new(),
        }
    }

    fn content(&self, slot: u32) -> Option<Content> {
        let (word, bit) = ((slot / 64) as usize, slot % 64);
        if self.values[word] >> bit & 1 != 0 {
            Some(Content::Value)
        } else if self.cells[word] >> bit & 1 != 0 {
            Some(Content::Cell)
        } else {
            None
        }
    }

    fn set(&mut self, slot: u32, content: Option<Content>) {
        let (word, bit) = ((slot / 64) as usize, 1 << (slot % 64));
        self.values[word] &= !bit;
        self.cells[word] &= !bit;
        match content {
            Some(Content::Value) => self.values[word] |= bit,
            Some(Content::Cell) => self.cells[word] |= bit,
            None => {}
        }
        if let Ok(index) = self.find_prepared(slot) {
            self.prepared.remove(index);
        }
    }

    fn find_prepared(&self, slot: u32) -> Result<usize, usize> {
        self.prepared.binary_search_by_key(&slot, |prepared| prepared.slot)
    }

    fn prepared(&self, slot: u32) -> Option<Prepared> {
        self.find_prepared(slot).ok().map(|index| self.prepared[index])
    }

    /// Sets the part that the slot holds; it has a value already.
    fn prepare(&mut self, prepared: Prepared) {
        match self.find_prepared(prepared.slot) {
            Ok(index) => self.prepared[index] = prepared,
            Err(index) if self.prepared.len() < MAX_PREPARED => self.prepared.insert(index, prepared),
            Err(_) => {}
        }
    }

    fn forget_prepared(&mut self, slots: [Reg; 3]) {
        self.prepared
            .retain(|prepared| !slots.iter().any(|reg| u32::from(reg.0) == prepared.slot));
    }

    /// Leaves the slot and all above it unassigned.
    fn clobber_from(&mut self, slot: u32) {
        let word = (slot / 64) as usize;
        for set in [&mut self.values, &mut self.cells] {
            if let Some([first, rest @ ..]) = set.get_mut(word..) {
                *first &= (1 << (slot % 64)) - 1;
                rest.fill(0);
            }
        }
        self.prepared.retain(|prepared| prepared.slot < slot);
    }

    /// Leaves unassigned what is neither live nor to be closed.
    fn keep_live(&mut self, live: &LiveSet) {
        let mut to_close = &self.to_close[..];
        for word in 0..self.values.len() {
            let mut keep = live.word(word);
            while let [slot, rest @ ..] = to_close
                && (slot / 64) as usize == word
            {
                keep |= 1 << (slot % 64);
                to_close = rest;
            }
            self.values[word] &= keep;
            self.cells[word] &= keep;
        }
        let to_close = &self.to_close;
        self.prepared
            .retain(|prepared| live.contains(prepared.slot) || to_close.binary_search(&prepared.slot).is_ok());
    }

    /// Takes in another path to the same place. Whether this changed, and whether the paths agree
    /// what is to be closed.
    fn join(&mut self, other: &State) -> (bool, bool) {
        let mut changed = false;
        for (mine, theirs) in [(&mut self.values, &other.values), (&mut self.cells, &other.cells)] {
            for (mine, theirs) in mine.iter_mut().zip(theirs) {
                changed |= *mine & !theirs != 0;
                *mine &= theirs;
            }
        }
        let before = self.prepared.len();
        self.prepared
            .retain(|prepared| other.prepared(prepared.slot) == Some(*prepared));
        changed |= self.prepared.len() != before;
        (changed, self.to_close == other.to_close)
    }
}

/// Checks all paths through the function.
pub(super) fn check(function: &Function, body: &Body, errors: &mut Errors) {
    let blocks = Blocks::new(body);
    // Slots that no instruction touches are never assigned, so they need no bits; live maps may name
    // them all the same, to be refused.
    let touched = body.insts.iter().map(|inst| inst.op.frame_extent()).max().unwrap_or(0);
    let slots = touched.max(function.params.into());
    let words = 2 * (slots as usize).div_ceil(64) + size_of::<State>() / 8;
    if blocks.starts.len().saturating_mul(words) > MAX_STATE_WORDS {
        errors.report(0, Fault::TooComplex);
        return;
    }
    let mut flow = Flow {
        function,
        body,
        blocks,
        states: Vec::new(),
        work: BTreeSet::new(),
        mismatches: BTreeSet::new(),
    };
    flow.states.resize_with(flow.blocks.starts.len(), || None);
    if !flow.solve(slots) {
        errors.report(0, Fault::TooComplex);
        return;
    }
    flow.report(errors);
}

/// The first instruction of each block, and the block of each instruction that starts one.
struct Blocks {
    starts: Vec<u32>,
}

impl Blocks {
    fn new(body: &Body) -> Self {
        let mut starts = Vec::new();
        let mut leads = true;
        for (index, inst) in (0..).zip(&body.insts) {
            if leads || inst.is_target {
                starts.push(index);
            }
            let flags = inst.op.opcode().flags();
            leads = flags.contains(Flags::BRANCH) || flags.contains(Flags::TERMINATOR);
        }
        Blocks { starts }
    }

    fn range(&self, block: usize, body: &Body) -> std::ops::Range<usize> {
        let end = self.starts.get(block + 1).map_or(body.insts.len(), |&end| end as usize);
        self.starts[block] as usize..end
    }

    /// The block that starts with the instruction.
    fn of(&self, inst: usize) -> usize {
        self.starts
            .binary_search(&(inst as u32))
            .expect("a jump target starts a block")
    }
}

struct Flow<'a> {
    function: &'a Function,
    body: &'a Body,
    blocks: Blocks,
    /// At the start of each block that is reached.
    states: Vec<Option<State>>,
    work: BTreeSet<usize>,
    /// Blocks whose paths disagree about what is to be closed.
    mismatches: BTreeSet<usize>,
}

impl Flow<'_> {
    /// Computes the states; whether that took an acceptable time.
    fn solve(&mut self, slots: u32) -> bool {
        let mut entry = State::new(slots);
        (0..self.function.params).for_each(|param| entry.set(param.into(), Some(Content::Value)));
        self.states[0] = Some(entry);
        self.work.insert(0);
        let mut steps = self
            .body
            .insts
            .len()
            .saturating_mul(MAX_PASSES)
            .saturating_add(FREE_STEPS);
        while let Some(block) = self.work.pop_first() {
            let Some(mut state) = self.states[block].clone() else {
                continue;
            };
            let range = self.blocks.range(block, self.body);
            let Some(left) = steps.checked_sub(range.len()) else {
                return false;
            };
            steps = left;
            let last = range.end - 1;
            for index in range {
                step(self.function, &self.body.insts[index], &mut state, &mut |_| {});
            }
            self.leave(last, state);
        }
        true
    }

    /// Carries the state behind the last instruction of a block along its edges.
    fn leave(&mut self, last: usize, mut state: State) {
        let inst = &self.body.insts[last];
        if let Some(target) = inst.target {
            let mut taken = state.clone();
            after_jump(&inst.op, inst.at, true, &mut taken);
            self.enter(self.blocks.of(target as usize), taken);
        }
        if !inst.op.opcode().flags().contains(Flags::TERMINATOR) {
            after_jump(&inst.op, inst.at, false, &mut state);
            self.enter(self.blocks.of(last + 1), state);
        }
    }

    fn enter(&mut self, block: usize, state: State) {
        let Some(old) = &mut self.states[block] else {
            self.states[block] = Some(state);
            self.work.insert(block);
            return;
        };
        let (changed, agrees) = old.join(&state);
        if changed {
            self.work.insert(block);
        }
        if !agrees {
            self.mismatches.insert(block);
        }
    }

    /// Goes over the reached blocks once more, with their final states.
    fn report(&self, errors: &mut Errors) {
        for (block, state) in self.states.iter().enumerate() {
            let Some(mut state) = state.clone() else { continue };
            let range = self.blocks.range(block, self.body);
            if self.mismatches.contains(&block) {
                errors.report(self.body.insts[range.start].at, Fault::CloseMismatch);
            }
            for inst in &self.body.insts[range] {
                step(self.function, inst, &mut state, &mut |fault| {
                    errors.report(inst.at, fault)
                });
            }
        }
    }
}

/// What an instruction reads and writes, and what it asks of the state before it.
fn step(function: &Function, inst: &Inst, state: &mut State, report: &mut impl FnMut(Fault)) {
    let op = &inst.op;
    let live = live_words(function, inst);
    check_reads(op, state, live, report);
    check_loop(op, state, report);
    let copied = copied_slot(op).map(|slot| (state.content(slot), state.prepared(slot)));
    let loop_by = match op {
        Op::ForLoop { index, .. } => state.prepared(index.0.into()).map(|prepared| prepared.by),
        _ => None,
    };
    if let Op::Close { from } = op {
        // What is closed is not kept alive any longer while the rest is being closed.
        state.to_close.retain(|&slot| slot < from.0.into());
    }
    if let Some(live) = live {
        check_live(op, state, live, report);
        state.keep_live(live);
    }
    match op {
        Op::Tbc { value } => {
            let slot = u32::from(value.0);
            if state.to_close.last().is_some_and(|&last| last >= slot) {
                report(Fault::CloseOrder { slot });
            } else {
                state.to_close.push(slot);
            }
        }
        Op::Return0 {} | Op::Return1 { .. } | Op::ReturnN { .. } | Op::ReturnOpen { .. } => check_closed(state, report),
        Op::TailCall { .. } | Op::TailCallOpen { .. } => check_closed(state, report),
        _ => {}
    }
    let mut written = |slots: Slots, state: &State| {
        let first = state.to_close.partition_point(|&slot| slot < slots.start);
        for &slot in state.to_close[first..].iter().take_while(|&&slot| slot < slots.end()) {
            report(Fault::CloseOverwritten { slot });
        }
    };
    op.visit(&mut |_, access| match access {
        Access::Use(_) | Access::UseWindow(_) => {}
        Access::Clobber(from) => {
            written(
                Slots {
                    start: from,
                    count: u32::MAX - from,
                },
                state,
            );
            state.clobber_from(from);
        }
        Access::Def(slots) => {
            written(slots, state);
            slots.iter().for_each(|slot| state.set(slot, Some(Content::Value)));
        }
    });
    finish_writes(op, copied, loop_by, state);
}

/// Corrects what the plain rule "written slots have values" says of copies, cells and loops.
fn finish_writes(
    op: &Op,
    copied: Option<(Option<Content>, Option<Prepared>)>,
    loop_by: Option<u32>,
    state: &mut State,
) {
    match op {
        Op::Move { dst, .. } | Op::Reload { dst, .. } => finish_copy(dst.0.into(), copied, state),
        Op::Spill { slot, .. } => finish_copy(slot.0.into(), copied, state),
        Op::NewCell { dst, .. } => state.set(dst.0.into(), Some(Content::Cell)),
        Op::ForLoop { index, count, .. } => {
            if let Some(by) = loop_by {
                state.prepare(Prepared {
                    slot: index.0.into(),
                    by,
                    part: Part::Index,
                });
                state.prepare(Prepared {
                    slot: count.0.into(),
                    by,
                    part: Part::Count,
                });
            }
        }
        _ => {}
    }
}

fn copied_slot(op: &Op) -> Option<u32> {
    match op {
        Op::Move { src, .. } | Op::Spill { src, .. } => Some(src.0.into()),
        Op::Reload { slot, .. } => Some(slot.0.into()),
        _ => None,
    }
}

fn finish_copy(dst: u32, copied: Option<(Option<Content>, Option<Prepared>)>, state: &mut State) {
    let Some((content, prepared)) = copied else { return };
    state.set(dst, content);
    if let Some(prepared) = prepared {
        state.prepare(Prepared { slot: dst, ..prepared });
    }
}

/// What holds on one edge out of a loop instruction only.
fn after_jump(op: &Op, at: u32, taken: bool, state: &mut State) {
    match *op {
        Op::ForPrep { index, count, step, .. } if !taken => {
            for (reg, part) in [(index, Part::Index), (count, Part::Count), (step, Part::Step)] {
                state.prepare(Prepared {
                    slot: reg.0.into(),
                    by: at,
                    part,
                });
            }
        }
        Op::ForLoop { index, count, step, .. } if !taken => state.forget_prepared([index, count, step]),
        _ => {}
    }
}

fn check_reads(op: &Op, state: &State, live: Option<&LiveSet>, report: &mut impl FnMut(Fault)) {
    let cell_slot = match op {
        Op::GetCell { cell, .. } | Op::SetCell { cell, .. } => Some(u32::from(cell.0)),
        _ => None,
    };
    let mut cell_left = cell_slot.is_some();
    // What `for_call` reads inside its own window is gone once it has filled that.
    let gone_from = match op {
        Op::ForCall { window, .. } => u32::from(window.0),
        _ => u32::MAX,
    };
    let copies = copied_slot(op).is_some();
    op.visit(&mut |_, access| {
        let (slots, in_window) = match access {
            Access::Use(slots) => (slots, false),
            Access::UseWindow(slots) => (slots, true),
            Access::Clobber(_) | Access::Def(_) => return,
        };
        for slot in slots.iter() {
            // The cell is the first register of its row; `set_cell` may not store a cell in itself.
            let wants_cell =
                matches!(op, Op::Closure { .. }) || (cell_slot == Some(slot) && std::mem::take(&mut cell_left));
            match state.content(slot) {
                None => report(Fault::Unassigned { slot }),
                Some(_) if copies => {}
                Some(Content::Value) if wants_cell => report(Fault::ValueAsCell { slot }),
                Some(Content::Cell) if !wants_cell => report(Fault::CellAsValue { slot }),
                Some(_) => {}
            }
            let listed = live.is_none_or(|live| live.contains(slot)) || state.to_close.binary_search(&slot).is_ok();
            if !in_window && slot < gone_from && !listed {
                report(Fault::UseNotLive { slot });
            }
        }
    });
}

fn check_live(op: &Op, state: &State, live: &LiveSet, report: &mut impl FnMut(Fault)) {
    let mut missing = |slot: u32| report(Fault::LiveUnassigned { slot });
    for (index, word) in live.words().enumerate() {
        let assigned = state.values.get(index).map_or(0, |values| values | state.cells[index]);
        let mut left = word & !assigned;
        while left != 0 {
            missing(index as u32 * 64 + left.trailing_zeros());
            left &= left - 1;
        }
    }
    if let Some((window, _)) = op.call_window() {
        let callee = u32::from(window.0);
        if live.end() > callee + 1 {
            report(Fault::LiveInWindow { slot: live.end() - 1 });
        }
    }
}

fn check_loop(op: &Op, state: &State, report: &mut impl FnMut(Fault)) {
    let Op::ForLoop { index, count, step, .. } = op else {
        return;
    };
    let parts = [(index, Part::Index), (count, Part::Count), (step, Part::Step)];
    let by = state.prepared(index.0.into()).map(|prepared| prepared.by);
    let prepared = parts.iter().all(|(reg, part)| {
        state
            .prepared(reg.0.into())
            .is_some_and(|prepared| prepared.part == *part && Some(prepared.by) == by)
    });
    if !prepared {
        report(Fault::NotPrepared);
    }
}

fn check_closed(state: &State, report: &mut impl FnMut(Fault)) {
    if let Some(&slot) = state.to_close.last() {
        report(Fault::NotClosed { slot });
    }
}
