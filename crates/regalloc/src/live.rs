//! Liveness, variable by variable: from each use up the predecessors to the definition.
//!
//! The work is proportional to the size of the result (Boissinot, Brandner, Darte, de Dinechin
//! and Rastello, "Computing Liveness Sets for SSA-Form Programs", 2011, algorithm 6). The sets
//! are lists in one pool.

use crate::order::{NONE, Order};
use crate::{Block, Function, Inst, Kind, VReg};

/// What is live at the borders of blocks.
#[derive(Default)]
pub(crate) struct Liveness {
    /// By virtual register: whether anything uses it.
    pub used: Vec<bool>,
    pool: Vec<(VReg, u32)>,
    ins: Vec<u32>,
    outs: Vec<u32>,
    uses: Vec<(VReg, Block)>,
    work: Vec<Block>,
}

impl Liveness {
    pub fn compute<F: Function>(&mut self, func: &F, order: &Order) {
        self.pool.clear();
        for heads in [&mut self.ins, &mut self.outs] {
            heads.clear();
            heads.resize(func.num_blocks() as usize, NONE);
        }
        self.collect_uses(func, order);
        for at in 0..self.uses.len() {
            let (vreg, block) = self.uses[at];
            self.mark(func, order, vreg, block);
        }
        assert!(
            self.ins[func.entry().index()] == NONE,
            "{} is used but not defined on every path",
            self.live_in(func.entry()).next().unwrap_or_default(),
        );
    }

    /// What is live at the start of `block`, without its parameters.
    pub fn live_in(&self, block: Block) -> impl Iterator<Item = VReg> {
        self.list(self.ins[block.index()])
    }

    /// What is live from the end of `block` into successors, without the arguments it passes.
    pub fn live_out(&self, block: Block) -> impl Iterator<Item = VReg> {
        self.list(self.outs[block.index()])
    }

    fn list(&self, mut head: u32) -> impl Iterator<Item = VReg> {
        std::iter::from_fn(move || {
            let &(vreg, next) = self.pool.get(head as usize)?;
            head = next;
            Some(vreg)
        })
    }

    /// Uses outside of the block of the definition, sorted by virtual register.
    fn collect_uses<F: Function>(&mut self, func: &F, order: &Order) {
        self.uses.clear();
        self.used.clear();
        self.used.resize(func.num_vregs() as usize, false);
        for &block in &order.blocks {
            let mut add = |vreg: VReg| {
                self.used[vreg.index()] = true;
                if order.def_block[vreg.index()] != block.0 {
                    self.uses.push((vreg, block));
                }
            };
            let range = func.block_insts(block);
            for inst in range.iter() {
                let operands = func.operands(inst).iter();
                operands.filter(|op| op.kind == Kind::Use).for_each(|op| add(op.vreg));
            }
            each_arg(func, block, range.last(), &mut add);
        }
        self.uses.sort_unstable();
    }

    fn mark<F: Function>(&mut self, func: &F, order: &Order, vreg: VReg, block: Block) {
        self.work.push(block);
        while let Some(block) = self.work.pop() {
            if order.def_block[vreg.index()] == block.0 || !push(&mut self.pool, &mut self.ins[block.index()], vreg) {
                continue;
            }
            for &pred in func.preds(block) {
                push(&mut self.pool, &mut self.outs[pred.index()], vreg);
                self.work.push(pred);
            }
        }
    }
}

/// Puts `vreg` on a list unless it is its newest member; whether it was put.
fn push(pool: &mut Vec<(VReg, u32)>, head: &mut u32, vreg: VReg) -> bool {
    if pool.get(*head as usize).is_some_and(|&(newest, _)| newest == vreg) {
        return false;
    }
    pool.push((vreg, *head));
    *head = pool.len() as u32 - 1;
    true
}

/// Visits every argument that `block` passes on, successor by successor.
pub(crate) fn each_arg<F: Function>(func: &F, block: Block, last: Inst, mut visit: impl FnMut(VReg)) {
    for succ in 0..func.succs(block).len() {
        func.branch_args(last, succ).iter().for_each(|&arg| visit(arg));
    }
}

/// A set of small numbers with constant-time insertion, removal and clearing (Briggs and Torczon,
/// "An Efficient Representation for Sparse Sets", 1993).
#[derive(Default)]
pub(crate) struct SparseSet {
    members: Vec<u32>,
    at: Vec<u32>,
}

impl SparseSet {
    /// Empties the set and admits numbers below `limit`.
    pub fn reset(&mut self, limit: usize) {
        self.members.clear();
        if self.at.len() < limit {
            self.at.resize(limit, 0);
        }
    }

    pub fn contains(&self, number: u32) -> bool {
        self.members.get(self.at[number as usize] as usize) == Some(&number)
    }

    pub fn insert(&mut self, number: u32) {
        if !self.contains(number) {
            self.at[number as usize] = self.members.len() as u32;
            self.members.push(number);
        }
    }

    pub fn remove(&mut self, number: u32) {
        if self.contains(number) {
            let at = self.at[number as usize];
            self.members.swap_remove(at as usize);
            if let Some(&moved) = self.members.get(at as usize) {
                self.at[moved as usize] = at;
            }
        }
    }

    pub fn clear(&mut self) {
        self.members.clear();
    }

    /// The members in no particular, but reproducible, order.
    pub fn members(&self) -> &[u32] {
        &self.members
    }
}
