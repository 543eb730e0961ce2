//! Live maps for programs written by hand: liveness by backward data flow (Kildall 1973), as the compiler's
//! allocator does it, but over slots.

use perilune_bytecode::{Access, Flags, Function, LiveSet, Module, Op, Safepoint};
use std::collections::BTreeSet;

/// Gives each safepoint without a live map the one that the code asks for.
pub(crate) fn fill(module: &mut Module) {
    for function in &mut module.functions {
        fill_function(function);
    }
}

struct Inst {
    at: u32,
    op: Op,
    next: Vec<usize>,
    live_out: BTreeSet<u32>,
}

impl Inst {
    /// What is live across it: not written by it, nor above a call.
    fn across(&self) -> BTreeSet<u32> {
        let mut live = self.live_out.clone();
        self.op.visit(&mut |_, access| match access {
            Access::Def(slots) => slots.iter().for_each(|slot| {
                live.remove(&slot);
            }),
            Access::Clobber(from) => live.retain(|&slot| slot < from),
            Access::Use(_) | Access::UseWindow(_) => {}
        });
        live
    }

    fn live_in(&self, window: bool) -> BTreeSet<u32> {
        let mut live = self.across();
        self.op.visit(&mut |_, access| match access {
            Access::Use(slots) => live.extend(slots.iter()),
            Access::UseWindow(slots) if window => live.extend(slots.iter()),
            _ => {}
        });
        live
    }
}

fn fill_function(function: &mut Function) {
    let ops: Vec<(u32, Op)> = function.ops().map(|op| op.expect("assembled code decodes")).collect();
    let index_of = |word: u32| ops.iter().position(|(at, _)| *at == word);
    let mut insts: Vec<Inst> = Vec::new();
    for (i, (at, op)) in ops.iter().enumerate() {
        let mut next = Vec::new();
        if !op.opcode().flags().contains(Flags::TERMINATOR) && i + 1 < ops.len() {
            next.push(i + 1);
        }
        if let Some(to) = op.jump() {
            let word = i64::from(*at) + op.words() as i64 + i64::from(to);
            next.extend(u32::try_from(word).ok().and_then(index_of));
        }
        insts.push(Inst {
            at: *at,
            op: op.clone(),
            next,
            live_out: BTreeSet::new(),
        });
    }
    loop {
        let mut changed = false;
        for i in (0..insts.len()).rev() {
            let live: BTreeSet<u32> = insts[i].next.iter().flat_map(|&n| insts[n].live_in(true)).collect();
            changed |= live != insts[i].live_out;
            insts[i].live_out = live;
        }
        if !changed {
            break;
        }
    }
    for inst in insts {
        let given = function.safepoints.iter().any(|s| s.at == inst.at);
        if inst.op.opcode().flags().contains(Flags::SAFEPOINT) && !given {
            let live: LiveSet = inst.live_in(false).into_iter().collect();
            function.safepoints.push(Safepoint { at: inst.at, live });
        }
    }
    function.safepoints.sort_by_key(|s| s.at);
}
