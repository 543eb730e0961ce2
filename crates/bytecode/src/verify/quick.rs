//! The fast way through the verifier: one pass that accepts what compilers make, or does not know.
//!
//! Only [`verify_compiled`](super::verify_compiled) goes it. [`accepts`] says yes only to functions in which the checks of [`structure`](super::structure) and
//! [`flow`](super::flow) find nothing wrong; at anything unusual it gives up, and those decide. *(bytecode:
//! `random_code_keeps_the_laws`, which asks both)*
//!
//! Instructions are read by [forms](crate::form). Slots are bit sets of a fixed
//! size. States flow forward in the order of the code; where a loop begins, the pass assumes a part of what it knows
//! there (what is read before the first live map behind, and that map), goes on from that, and checks at each jump back
//! that the state has it. So whatever it assumes, a yes is right: the assumption holds on all paths by induction.

use super::MAX_FRAME;
use crate::field::{ResultCount, Upvalue};
use crate::form::{Act, FORMS, Form};
use crate::module::{Constant, FuncId, Function, Module, OperandName};
use crate::op::Op;
use crate::opcode::{Flags, Opcode};

/// A set of slots below `64 * N`.
#[derive(Clone, Copy, PartialEq)]
struct Set<const N: usize>([u64; N]);

impl<const N: usize> Set<N> {
    const EMPTY: Set<N> = Set([0; N]);

    #[inline(always)]
    fn add(&mut self, slot: u32) {
        self.0[slot as usize / 64 % N] |= 1 << (slot % 64);
    }

    #[inline(always)]
    fn add_range(&mut self, start: u32, count: u32) {
        (start..start + count).for_each(|slot| self.add(slot));
    }

    #[inline(always)]
    fn zip(self, other: Self, f: impl Fn(u64, u64) -> u64) -> Self {
        let mut out = self;
        for i in 0..N {
            out.0[i] = f(self.0[i], other.0[i]);
        }
        out
    }

    #[inline(always)]
    fn and(self, other: Self) -> Self {
        self.zip(other, |a, b| a & b)
    }

    #[inline(always)]
    fn or(self, other: Self) -> Self {
        self.zip(other, |a, b| a | b)
    }

    #[inline(always)]
    fn without(self, other: Self) -> Self {
        self.zip(other, |a, b| a & !b)
    }

    #[inline(always)]
    fn within(self, other: Self) -> bool {
        self.without(other) == Self::EMPTY
    }

    #[inline(always)]
    fn below(self, slot: u32) -> Self {
        let mut out = self;
        for i in 0..N {
            let first = 64 * i as u32;
            if slot < first + 64 {
                out.0[i] &= (1_u64 << slot.saturating_sub(first)) - 1;
            }
        }
        out
    }
}

/// What the slots have at one place, as far as it is known.
#[derive(Clone, Copy)]
struct State<const N: usize> {
    values: Set<N>,
    cells: Set<N>,
    /// The slots marked to be closed.
    to_close: Set<N>,
    /// The innermost prepared loop, an index into `loops`.
    prepared: u32,
}

/// A loop that a `for_prep` prepared, and the one around it.
#[derive(Clone, Copy)]
struct Prepared<const N: usize> {
    around: u32,
    depth: u32,
    /// Index, count and step.
    slots: [u32; 3],
    /// The slots of this loop and all around it.
    all: Set<N>,
}

/// What one instruction does to slots.
struct Effects<const N: usize> {
    /// Read as values, as cells, and as either.
    values: Set<N>,
    cells: Set<N>,
    any: Set<N>,
    /// Read as values in a call window.
    window: Set<N>,
    defs: Set<N>,
    /// The start of the call window.
    call: Option<u32>,
    /// The smallest frame that holds all of it.
    extent: u32,
}

const START: u8 = 1;
const AHEAD: u8 = 2;
const BACK: u8 = 4;
const KNOWN: u8 = 8;

/// Whether nothing is wrong with the function, as far as this way knows. Appends the functions of which it makes
/// closures to `protos`; what it appends counts only with a yes.
pub(super) fn accepts(module: &Module, function: &Function, protos: &mut Vec<FuncId>) -> bool {
    if function.frame_size <= 64 {
        Pass::<1>::run(module, function, protos).is_some()
    } else if function.frame_size <= 256 {
        Pass::<4>::run(module, function, protos).is_some()
    } else {
        false
    }
}

struct Pass<'a, const N: usize> {
    module: &'a Module,
    function: &'a Function,
    /// Per word: whether an instruction starts there, and which jumps lead to it.
    marks: Vec<u8>,
    /// The states at targets, by word, ascending after the first walk.
    targets: Vec<(u32, State<N>)>,
    loops: Vec<Prepared<N>>,
    /// How many more instructions are looked at to find out what loops need: so many that the pass is linear.
    budget: usize,
}

impl<'a, const N: usize> Pass<'a, N> {
    fn run(module: &'a Module, function: &'a Function, protos: &mut Vec<FuncId>) -> Option<()> {
        let code = &function.code[..];
        let headers = function.frame_size <= MAX_FRAME
            && u32::from(function.params) <= function.frame_size
            && function.upvalues.len() <= usize::from(Upvalue::LIMIT)
            && code.len() <= i32::MAX as usize;
        if !headers {
            return None;
        }
        let none: Prepared<N> = Prepared {
            around: 0,
            depth: 0,
            slots: [u32::MAX; 3],
            all: Set::EMPTY,
        };
        let mut pass = Pass {
            module,
            function,
            marks: vec![0; code.len()],
            targets: Vec::new(),
            loops: vec![none],
            budget: 2 * code.len() + 100,
        };
        pass.mark()?;
        pass.walk(protos)?;
        pass.tables()
    }

    #[inline(always)]
    fn form(&self, at: usize) -> Option<&'static Form> {
        FORMS.get(usize::from(self.function.code[at] as u16))
    }

    /// The field of 16 bits at this byte of the instruction; with all that follows it in its word.
    #[inline(always)]
    fn field(&self, at: usize, byte: u8) -> u64 {
        let byte = usize::from(byte);
        self.function.code[at + byte / 8] >> (byte % 8 * 8)
    }

    fn words(&self, at: usize, form: &Form) -> usize {
        if self.function.code[at] as u16 == Opcode::Closure as u16 {
            // The count of captures follows the number of the function.
            let count = self.function.code.get(at + 1).copied().unwrap_or(0) as u16;
            return (10 + 2 * usize::from(count)).div_ceil(8);
        }
        form.words.into()
    }

    #[inline(always)]
    fn target(&self, at: usize, form: &Form, end: usize) -> Option<usize> {
        let bits = self.field(at, form.jump_at);
        let distance = if form.short { (bits as i16).into() } else { bits as i32 };
        usize::try_from(end as i64 + i64::from(distance)).ok()
    }

    /// Finds where instructions start and jumps go.
    fn mark(&mut self) -> Option<()> {
        let len = self.function.code.len();
        let mut at = 0;
        while at < len {
            let form = self.form(at)?;
            let end = at + self.words(at, form);
            if end > len {
                return None;
            }
            self.marks[at] |= START;
            if form.jump_at != 0 {
                let target = self.target(at, form, end)?;
                let mark = self.marks.get_mut(target)?;
                if *mark & (AHEAD | BACK) == 0 {
                    self.targets.push((target as u32, State::NOTHING));
                }
                *mark |= if target <= at { BACK } else { AHEAD };
            }
            at = end;
        }
        self.targets.sort_unstable_by_key(|target| target.0);
        Some(())
    }

    fn walk(&mut self, protos: &mut Vec<FuncId>) -> Option<()> {
        let mut state = State::NOTHING;
        state.values.add_range(0, self.function.params.into());
        let (mut at, mut reached, mut open) = (0, true, false);
        let (mut safepoints, mut names) = (
            self.function.safepoints.iter().peekable(),
            self.function.names.iter().peekable(),
        );
        let mut next_target = 0;
        let mut last_name = None;
        while at < self.function.code.len() {
            let form = self.form(at)?;
            let opcode = Opcode::from_u16(self.function.code[at] as u16)?;
            let words = self.words(at, form);
            let end = at + words;
            // Where the function's tables stand.
            let live = match safepoints.next_if(|safepoint| safepoint.at as usize <= at) {
                Some(safepoint) if safepoint.at as usize != at => return None,
                Some(safepoint) => Some(self.set(&safepoint.live)?),
                None if form.flags.contains(Flags::SAFEPOINT) => return None,
                None => None,
            };
            if form.flags.contains(Flags::INTERNAL) {
                return None;
            }
            // Arriving here.
            let mark = self.marks[at];
            if mark & (AHEAD | BACK) != 0 {
                let known = &mut self.targets[next_target];
                next_target += 1;
                if mark & KNOWN != 0 {
                    state = match reached {
                        true => meet(&self.loops, state, known.1)?,
                        false => known.1,
                    };
                    reached = true;
                }
            }
            if mark & BACK != 0 || !reached {
                let needed = self.needed(at, &state)?.or(state.to_close);
                let cells = state.cells.and(needed);
                state.values = match reached {
                    true => state.values.and(needed),
                    // The rest of it comes along the jumps from behind.
                    false => needed.without(cells),
                };
                state.cells = cells;
            }
            if mark & BACK != 0 {
                self.targets[next_target - 1].1 = state;
                self.marks[at] |= KNOWN;
            }
            if form.plain && !open {
                let (reads, defs, extent) = self.plain(at, form)?;
                if reads.within(state.values) {
                    if extent > self.function.frame_size
                        || !take_names(&mut names, &mut last_name, at, form.operands.into())
                    {
                        return None;
                    }
                    if let Some(live) = live
                        && !self.stop(&mut state, live, reads)
                    {
                        return None;
                    }
                    if defs.and(state.to_close) != Set::EMPTY {
                        return None;
                    }
                    self.overwrite(&mut state, defs);
                    state.values = state.values.or(defs);
                    state.cells = state.cells.without(defs);
                    if form.jump_at != 0 {
                        let target = self.target(at, form, end)?;
                        self.jump(target, at, state)?;
                    }
                    reached = !form.flags.contains(Flags::TERMINATOR);
                    at = end;
                    continue;
                }
            }
            // The open values.
            let uses_open = form.flags.contains(Flags::USES_OPEN);
            let passes_open = open && opcode == Opcode::Close && self.starts(end, Opcode::ReturnOpen);
            if (uses_open || passes_open) != open || open && mark & (AHEAD | BACK) != 0 {
                return None;
            }
            open = passes_open
                || form.flags.contains(Flags::DEFS_OPEN)
                || form.results_at != 0 && self.field(at, form.results_at) as u16 == ResultCount::OPEN.0;
            // The fields.
            let effects = match opcode {
                Opcode::Closure => self.closure(at, words, protos)?,
                _ => {
                    for word in 0..words {
                        if self.function.code[at + word] & form.zeros[word] != 0 {
                            return None;
                        }
                    }
                    self.effects(at, form)?
                }
            };
            if effects.extent > self.function.frame_size || !self.suits(opcode, at, form) {
                return None;
            }
            let mut operands = u32::from(form.operands);
            if form.counted {
                operands += u32::from(self.field(at, form.count_at) as u16);
            }
            if opcode == Opcode::Closure {
                operands = u32::from(self.function.code[at + 1] as u16);
            }
            if !take_names(&mut names, &mut last_name, at, operands) {
                return None;
            }
            // What it reads.
            let copies = effects.any != Set::EMPTY;
            let copied_cell = copies && !effects.any.within(state.values);
            let reads = effects.values.or(effects.cells).or(effects.any);
            let assigned = state.values.or(state.cells);
            let right = effects.values.within(state.values)
                && effects.cells.within(state.cells)
                && effects.any.within(assigned)
                && effects.window.within(state.values);
            if !right {
                return None;
            }
            if opcode == Opcode::Close {
                let from = self.field(at, 2) as u16 / 16;
                state.to_close = state.to_close.below(from.into());
            }
            if let Some(live) = live {
                let gone_from = match opcode {
                    Opcode::ForCall => effects.call.unwrap_or(u32::MAX),
                    _ => u32::MAX,
                };
                let listed = match gone_from {
                    u32::MAX => reads,
                    from => reads.below(from),
                };
                if !self.stop(&mut state, live, listed) {
                    return None;
                }
                if let Some(window) = effects.call
                    && live.below(window + 1) != live
                {
                    return None;
                }
            }
            if opcode == Opcode::Tbc {
                let slot = u32::from(self.field(at, 2) as u16 / 16);
                if state.to_close.below(slot) != state.to_close {
                    return None;
                }
                state.to_close.add(slot);
            }
            // What it writes.
            let leaves = matches!(
                opcode,
                Opcode::Return0
                    | Opcode::Return1
                    | Opcode::ReturnN
                    | Opcode::ReturnOpen
                    | Opcode::TailCall
                    | Opcode::TailCallOpen
            );
            if leaves && state.to_close != Set::EMPTY || effects.defs.and(state.to_close) != Set::EMPTY {
                return None;
            }
            if let Some(window) = effects.call {
                if state.to_close.below(window) != state.to_close {
                    return None;
                }
                state.values = state.values.below(window);
                state.cells = state.cells.below(window);
                let kept = |all: Set<N>| all.below(window) == all;
                while !kept(self.loops[state.prepared as usize].all) {
                    state.prepared = self.loops[state.prepared as usize].around;
                }
            }
            let own = match opcode {
                Opcode::ForLoop => {
                    let slots = self.loop_slots(at);
                    while state.prepared != 0 && self.loops[state.prepared as usize].slots != slots {
                        state.prepared = self.loops[state.prepared as usize].around;
                    }
                    if state.prepared == 0 {
                        return None;
                    }
                    true
                }
                _ => false,
            };
            if !own {
                self.overwrite(&mut state, effects.defs);
            }
            if copied_cell || opcode == Opcode::NewCell {
                state.cells = state.cells.or(effects.defs);
                state.values = state.values.without(effects.defs);
            } else {
                state.values = state.values.or(effects.defs);
                state.cells = state.cells.without(effects.defs);
            }
            // Where it goes.
            if form.jump_at != 0 {
                let target = self.target(at, form, end)?;
                self.jump(target, at, state)?;
            }
            if opcode == Opcode::ForPrep {
                let slots = self.loop_slots(at);
                let [index, count, step] = slots;
                if index == count || count == step || step == index {
                    return None;
                }
                let around = state.prepared;
                let mut all = self.loops[around as usize].all;
                slots.into_iter().for_each(|slot| all.add(slot));
                state.prepared = self.loops.len() as u32;
                self.loops.push(Prepared {
                    around,
                    depth: self.loops[around as usize].depth + 1,
                    slots,
                    all,
                });
            }
            if opcode == Opcode::ForLoop {
                state.prepared = self.loops[state.prepared as usize].around;
            }
            reached = !form.flags.contains(Flags::TERMINATOR);
            at = end;
        }
        (!reached && !open && safepoints.next().is_none() && names.next().is_none()).then_some(())
    }

    /// What a [plain](Form::plain) instruction reads and writes, as values, and the smallest frame that holds it.
    #[inline(always)]
    fn plain(&self, at: usize, form: &Form) -> Option<(Set<N>, Set<N>, u32)> {
        let code = &self.function.code[at..];
        for (word, zeros) in code.iter().zip(&form.zeros[..usize::from(form.words)]) {
            if word & zeros != 0 {
                return None;
            }
        }
        let (mut reads, mut defs, mut extent) = (Set::EMPTY, Set::EMPTY, 0);
        let (uses, written) = form.registers[..usize::from(form.register_count)].split_at(form.use_count.into());
        for (bytes, set) in [(uses, &mut reads), (written, &mut defs)] {
            for &byte in bytes {
                let slot = u32::from(self.field(at, byte) as u16) / 16;
                extent = extent.max(slot + 1);
                set.add(slot);
            }
        }
        if form.indexes {
            for &(act, byte) in &form.actions[..usize::from(form.count)] {
                if !self.index_fits(act, self.field(at, byte)) {
                    return None;
                }
            }
        }
        // Slots past the frame may have been added in place of others; the caller refuses the extent.
        Some((reads, defs, extent))
    }

    /// Whether a constant or upvalue exists and is of the kind asked for; any other field fits.
    #[inline(always)]
    fn index_fits(&self, act: Act, bits: u64) -> bool {
        let constant = |index: usize| self.function.constants.get(index);
        match act {
            Act::Const => constant(usize::from(bits as u16 / 16)).is_some(),
            Act::WideConst => constant(bits as u32 as usize).is_some(),
            Act::StrConst => matches!(constant(usize::from(bits as u16 / 16)), Some(Constant::Str(_))),
            Act::NumConst => matches!(
                constant(usize::from(bits as u16 / 16)),
                Some(Constant::Int(_) | Constant::Float(_))
            ),
            Act::IntConst => matches!(constant(usize::from(bits as u16 / 16)), Some(Constant::Int(_))),
            Act::Upvalue => usize::from(bits as u16) / 8 < self.function.upvalues.len(),
            _ => true,
        }
    }

    /// Takes the live map of a safepoint that reads some slots: whether it holds those and no others than are assigned.
    #[inline(always)]
    fn stop(&self, state: &mut State<N>, live: Set<N>, reads: Set<N>) -> bool {
        let kept = live.or(state.to_close);
        if !reads.within(kept) || !live.within(state.values.or(state.cells)) {
            return false;
        }
        state.values = state.values.and(kept);
        state.cells = state.cells.and(kept);
        while !self.loops[state.prepared as usize].all.within(kept) {
            state.prepared = self.loops[state.prepared as usize].around;
        }
        true
    }

    /// Forgets the loops whose slots are overwritten.
    #[inline(always)]
    fn overwrite(&self, state: &mut State<N>, defs: Set<N>) {
        while self.loops[state.prepared as usize].all.and(defs) != Set::EMPTY {
            state.prepared = self.loops[state.prepared as usize].around;
        }
    }

    /// Takes the state along a jump.
    fn jump(&mut self, target: usize, at: usize, state: State<N>) -> Option<()> {
        if self.marks[target] & START == 0 {
            return None;
        }
        let index = self
            .targets
            .binary_search_by_key(&(target as u32), |target| target.0)
            .ok()?;
        let there = &mut self.targets[index].1;
        if target <= at {
            // The walk has been there.
            let has = there.to_close == state.to_close
                && there.values.within(state.values)
                && there.cells.within(state.cells)
                && common(&self.loops, there.prepared, state.prepared) == there.prepared;
            return has.then_some(());
        }
        *there = match self.marks[target] & KNOWN != 0 {
            true => meet(&self.loops, *there, state)?,
            false => state,
        };
        self.marks[target] |= KNOWN;
        Some(())
    }

    /// The slots that the code from here on may need, as far as the first live map tells.
    fn needed(&mut self, from: usize, state: &State<N>) -> Option<Set<N>> {
        let (mut reads, mut defs) = (Set::EMPTY, Set::<N>::EMPTY);
        let safepoints = &self.function.safepoints;
        let mut next = safepoints.partition_point(|safepoint| (safepoint.at as usize) < from);
        let mut at = from;
        while at < self.function.code.len() {
            self.budget = self.budget.checked_sub(1)?;
            let form = self.form(at)?;
            let words = self.words(at, form);
            let effects = match self.function.code[at] as u16 == Opcode::Closure as u16 {
                true => self.closure(at, words, &mut Vec::new())?,
                false => self.effects(at, form)?,
            };
            let read = effects.values.or(effects.cells).or(effects.any).or(effects.window);
            reads = reads.or(read.without(defs));
            while let Some(safepoint) = safepoints.get(next)
                && (safepoint.at as usize) <= at
            {
                next += 1;
                if safepoint.at as usize == at {
                    return Some(reads.or(self.set(&safepoint.live)?.without(defs)));
                }
            }
            defs = defs.or(effects.defs);
            if form.flags.contains(Flags::TERMINATOR) {
                break;
            }
            at += words;
        }
        // There is no live map that tells.
        Some(reads.or(state.values.or(state.cells)))
    }

    fn set(&self, live: &crate::live::LiveSet) -> Option<Set<N>> {
        let mut set = Set::EMPTY;
        for (index, word) in live.words().enumerate() {
            *set.0.get_mut(index)? = word;
        }
        Some(set)
    }

    /// Whether such an instruction is at `at`.
    fn starts(&self, at: usize, opcode: Opcode) -> bool {
        self.function
            .code
            .get(at)
            .is_some_and(|&word| word as u16 == opcode as u16)
    }

    fn loop_slots(&self, at: usize) -> [u32; 3] {
        let word = self.function.code[at];
        [16, 32, 48].map(|shift| (word >> shift) as u16 as u32 / 16)
    }

    /// What the table says only of certain instructions.
    fn suits(&self, opcode: Opcode, at: usize, form: &Form) -> bool {
        match opcode {
            Opcode::Vararg
            | Opcode::VarargOpen
            | Opcode::VarargTable
            | Opcode::GetVararg
            | Opcode::VarargFrom
            | Opcode::VarargFromOpen => self.function.vararg,
            Opcode::Concat => self.field(at, form.count_at) as u16 >= 2,
            _ => true,
        }
    }

    #[inline(always)]
    fn effects(&self, at: usize, form: &Form) -> Option<Effects<N>> {
        let mut e = Effects::NOTHING;
        for &(act, byte) in &form.actions[..usize::from(form.count)] {
            let bits = self.field(at, byte);
            let slot = u32::from(bits as u16) / 16;
            let count = u32::from(self.field(at, form.count_at) as u16);
            let end = match act {
                Act::UseRange | Act::DefRange => slot + count,
                Act::UseCall | Act::UseDefCall => slot + 2 + count,
                Act::DefCall => slot + count.max(4),
                Act::DefSelf => slot + 3,
                Act::UseSlot | Act::DefSlot => u32::from(bits as u16) + 1,
                Act::Use | Act::UseCell | Act::UseAny | Act::UseDef | Act::Def | Act::Within => slot + 1,
                _ => 0,
            };
            e.extent = e.extent.max(end);
            if end as usize > 64 * N {
                return None;
            }
            match act {
                Act::None | Act::Within => {}
                Act::Use => e.values.add(slot),
                Act::UseCell => e.cells.add(slot),
                Act::UseAny => e.any.add(slot),
                Act::UseSlot => e.any.add(bits as u16 as u32),
                Act::UseDef => {
                    e.values.add(slot);
                    e.defs.add(slot);
                }
                Act::Def => e.defs.add(slot),
                Act::DefSlot => e.defs.add(bits as u16 as u32),
                Act::UseRange => e.values.add_range(slot, count),
                Act::DefRange => e.defs.add_range(slot, count),
                Act::UseCall | Act::UseDefCall => {
                    e.call = Some(slot);
                    e.window.add(slot);
                    e.window.add_range(slot + 2, count);
                    if act == Act::UseDefCall {
                        let results = self.field(at, form.results_at) as u16;
                        let results = ResultCount(results).fixed().unwrap_or(0).into();
                        e.extent = e.extent.max(slot + results);
                        if (slot + results) as usize > 64 * N {
                            return None;
                        }
                        e.defs.add_range(slot, results);
                    }
                }
                Act::DefCall => {
                    e.call = Some(slot);
                    e.defs.add_range(slot, count);
                }
                Act::DefSelf => {
                    e.defs.add(slot);
                    e.defs.add(slot + 2);
                }
                Act::Const | Act::StrConst | Act::NumConst | Act::IntConst | Act::WideConst | Act::Upvalue => {
                    if !self.index_fits(act, bits) {
                        return None;
                    }
                }
            }
        }
        Some(e)
    }

    fn closure(&self, at: usize, words: usize, protos: &mut Vec<FuncId>) -> Option<Effects<N>> {
        let (op, length) = crate::op::decode(&self.function.code, at).ok()?;
        let Op::Closure { dst, proto, captures } = op else {
            return None;
        };
        let function = self.module.functions.get(proto.0 as usize)?;
        if length != words || function.upvalues.len() != captures.len() {
            return None;
        }
        protos.push(FuncId(proto.0));
        let mut e = Effects::NOTHING;
        let mut slot = |reg: crate::field::Reg| {
            e.extent = e.extent.max(u32::from(reg.0) + 1);
            ((reg.0 as usize) < 64 * N).then_some(u32::from(reg.0))
        };
        e.defs.add(slot(dst)?);
        for capture in &captures.0 {
            match capture {
                crate::field::Capture::Register(reg) => e.cells.add(slot(*reg)?),
                crate::field::Capture::Upvalue(upvalue) => {
                    if usize::from(upvalue.0) >= self.function.upvalues.len() {
                        return None;
                    }
                }
            }
        }
        Some(e)
    }

    /// The tables of lines and locals.
    fn tables(&self) -> Option<()> {
        let mut last = None;
        for line in &self.function.lines {
            if last >= Some(line.at) || self.marks.get(line.at as usize)? & START == 0 {
                return None;
            }
            last = Some(line.at);
        }
        let right = self.function.locals.iter().all(|local| {
            local.start <= local.end
                && local.end as usize <= self.function.code.len()
                && local.slot < self.function.frame_size
        });
        right.then_some(())
    }
}

impl<const N: usize> State<N> {
    const NOTHING: State<N> = State {
        values: Set::EMPTY,
        cells: Set::EMPTY,
        to_close: Set::EMPTY,
        prepared: 0,
    };
}

impl<const N: usize> Effects<N> {
    const NOTHING: Effects<N> = Effects {
        values: Set::EMPTY,
        cells: Set::EMPTY,
        any: Set::EMPTY,
        window: Set::EMPTY,
        defs: Set::EMPTY,
        call: None,
        extent: 0,
    };
}

/// Goes past the names of the instruction at `at`: whether each names one of its operands, once.
#[inline(always)]
fn take_names(
    names: &mut std::iter::Peekable<std::slice::Iter<'_, OperandName>>,
    last: &mut Option<(u32, u16)>,
    at: usize,
    operands: u32,
) -> bool {
    while let Some(name) = names.next_if(|name| name.at as usize <= at) {
        let place = (name.at, name.operand);
        if name.at as usize != at || u32::from(name.operand) >= operands || *last >= Some(place) {
            return false;
        }
        *last = Some(place);
    }
    true
}

/// What holds on both paths, which must agree about what is to be closed.
fn meet<const N: usize>(loops: &[Prepared<N>], a: State<N>, b: State<N>) -> Option<State<N>> {
    (a.to_close == b.to_close).then(|| State {
        values: a.values.and(b.values),
        cells: a.cells.and(b.cells),
        to_close: a.to_close,
        prepared: common(loops, a.prepared, b.prepared),
    })
}

/// The innermost loop around both.
fn common<const N: usize>(loops: &[Prepared<N>], mut a: u32, mut b: u32) -> u32 {
    while a != b {
        match loops[a as usize].depth < loops[b as usize].depth {
            true => b = loops[b as usize].around,
            false => a = loops[a as usize].around,
        }
    }
    a
}
