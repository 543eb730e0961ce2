//! Which slots are live before each instruction, for whoever stops a function at any place: hooks, debuggers.
//!
//! The live maps of a module stand at its safepoints. Between those this analysis answers: backward data flow
//! (Kildall 1973) over the code, in which a live map counts as a read. So a slot that some later map names is live from
//! its assignment on, and what the verifier proved of reads holds of every slot that is found live here: it is
//! assigned on every path.

use crate::live::LiveSet;
use crate::module::Function;
use crate::op::{Access, Op};
use crate::opcode::Flags;

/// The live slots before each instruction of a function.
#[derive(Clone, Debug, Default)]
pub struct Liveness {
    /// By word offset, ascending.
    before: Vec<(u32, LiveSet)>,
    complete: bool,
}

struct Inst {
    at: u32,
    op: Op,
    target: Option<usize>,
    /// Bit sets, `words` of each.
    before: Vec<u64>,
}

impl Liveness {
    /// Analyses a function that passed the verifier. The time grows with the depth of its loops, not with that of its
    /// blocks.
    pub fn new(function: &Function) -> Liveness {
        let mut extent = u32::from(function.params);
        let mut insts: Vec<Inst> = Vec::new();
        for (at, op) in function.ops().flatten() {
            extent = extent.max(op.frame_extent());
            insts.push(Inst {
                at,
                op,
                target: None,
                before: Vec::new(),
            });
        }
        for safepoint in &function.safepoints {
            extent = extent.max(safepoint.live.end());
        }
        let words = (extent as usize).div_ceil(64).max(1);
        for i in 0..insts.len() {
            let inst = &insts[i];
            let target = inst
                .op
                .jump()
                .map(|to| i64::from(inst.at) + inst.op.words() as i64 + i64::from(to));
            insts[i].target = target
                .and_then(|word| u32::try_from(word).ok())
                .and_then(|word| insts.binary_search_by_key(&word, |inst| inst.at).ok());
            insts[i].before = vec![0; words];
        }
        let mut live = vec![0; words];
        let mut changed = true;
        while changed {
            changed = false;
            for i in (0..insts.len()).rev() {
                live.fill(0);
                let inst = &insts[i];
                let falls = !inst.op.opcode().flags().contains(Flags::TERMINATOR);
                for next in inst.target.into_iter().chain(falls.then_some(i + 1)) {
                    if let Some(next) = insts.get(next) {
                        live.iter_mut()
                            .zip(&next.before)
                            .for_each(|(mine, theirs)| *mine |= theirs);
                    }
                }
                transfer(function, inst, &mut live);
                if insts[i].before != live {
                    insts[i].before.copy_from_slice(&live);
                    changed = true;
                }
            }
        }
        let complete = insts.iter().all(|inst| match inst.op {
            // The second half of a branch that was out of reach.
            Op::Jump { .. } => true,
            _ => function.safepoint_at(inst.at).is_some(),
        });
        let before = insts
            .into_iter()
            .map(|inst| (inst.at, LiveSet::from_words(&inst.before)));
        Liveness {
            before: before.collect(),
            complete,
        }
    }

    /// The live slots before the instruction that starts at the word.
    pub fn before(&self, word: u32) -> Option<&LiveSet> {
        let index = self.before.binary_search_by_key(&word, |entry| entry.0).ok()?;
        Some(&self.before[index].1)
    }

    /// Whether the function has a live map at every instruction: it was compiled to be looked at, with each
    /// local in a slot of its own.
    pub fn is_complete(&self) -> bool {
        self.complete
    }
}

/// From what is live behind an instruction to what is live before it.
fn transfer(function: &Function, inst: &Inst, live: &mut [u64]) {
    let bit = |slot: u32| ((slot / 64) as usize, 1_u64 << (slot % 64));
    inst.op.visit(&mut |_, access| match access {
        Access::Def(slots) => slots.iter().for_each(|slot| {
            let (word, bit) = bit(slot);
            live[word] &= !bit;
        }),
        Access::Clobber(from) => {
            let (word, bit) = bit(from);
            if let Some([first, rest @ ..]) = live.get_mut(word..) {
                *first &= bit - 1;
                rest.fill(0);
            }
        }
        Access::Use(_) | Access::UseWindow(_) => {}
    });
    inst.op.visit(&mut |_, access| match access {
        Access::Use(slots) | Access::UseWindow(slots) => slots.iter().for_each(|slot| {
            let (word, bit) = bit(slot);
            live[word] |= bit;
        }),
        Access::Def(_) | Access::Clobber(_) => {}
    });
    if let Some(map) = function.safepoint_at(inst.at) {
        live.iter_mut().zip(map.words()).for_each(|(mine, map)| *mine |= map);
    }
}
