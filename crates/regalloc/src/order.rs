//! The order in which everything else visits the program: reverse postorder, in which every
//! definition comes before its uses, and the numbering of operands and groups.

use crate::{Block, Function, Kind, PReg, RegFile, VReg};

/// Marks the absence of a number.
pub(crate) const NONE: u32 = u32::MAX;

/// Blocks, operands, groups and definitions in order.
#[derive(Default)]
pub(crate) struct Order {
    /// Reachable blocks in reverse postorder.
    pub blocks: Vec<Block>,
    /// For each instruction, and one past the last, the number of its first operand.
    pub alloc_starts: Vec<u32>,
    /// For each instruction, and one past the last, the number of its first group.
    pub base_starts: Vec<u32>,
    /// Virtual registers in the order of their definitions.
    pub defined: Vec<VReg>,
    /// The block of each virtual register's definition, or [`NONE`].
    pub def_block: Vec<u32>,
    /// The virtual registers whose home the client has chosen.
    pub homes: Vec<(VReg, PReg)>,
    stack: Vec<(Block, u32)>,
    seen: Vec<bool>,
}

impl Order {
    pub fn compute<F: Function>(&mut self, func: &F) {
        self.number(func);
        self.postorder(func);
        self.blocks.reverse();
        assert!(func.preds(func.entry()).is_empty(), "the entry has no predecessors");
        self.homes.clear();
        self.def_block.clear();
        self.def_block.resize(func.num_vregs() as usize, NONE);
        self.defined.clear();
        for &block in &self.blocks {
            check_edges(func, block);
            let params = func.block_params(block).iter().copied();
            let insts = func.block_insts(block).iter();
            let operands = insts.flat_map(|inst| func.operands(inst));
            let defs = operands.filter(|op| op.kind == Kind::Def).map(|op| op.vreg);
            for vreg in params.chain(defs) {
                let at = &mut self.def_block[vreg.index()];
                assert!(*at == NONE, "{vreg} is defined twice");
                *at = block.0;
                self.defined.push(vreg);
            }
        }
    }

    /// Asks for the homes that the client has chosen.
    pub fn list_homes<F: Function>(&mut self, func: &F, regs: &RegFile) {
        let homes = self.defined.iter();
        let homes = homes.filter_map(|&vreg| Some((vreg, func.home(vreg)?)));
        self.homes.clear();
        self.homes.extend(homes);
        for (vreg, home) in &self.homes {
            assert!(home.0 < regs.allocatable, "{vreg} lives past the registers");
        }
    }

    fn number<F: Function>(&mut self, func: &F) {
        self.alloc_starts.clear();
        self.base_starts.clear();
        let (mut operands, mut groups) = (0, 0);
        for inst in (0..func.num_insts()).map(crate::Inst) {
            self.alloc_starts.push(operands);
            self.base_starts.push(groups);
            operands += func.operands(inst).len() as u32;
            groups += func.groups(inst).len() as u32;
        }
        self.alloc_starts.push(operands);
        self.base_starts.push(groups);
    }

    fn postorder<F: Function>(&mut self, func: &F) {
        self.blocks.clear();
        self.seen.clear();
        self.seen.resize(func.num_blocks() as usize, false);
        self.seen[func.entry().index()] = true;
        self.stack.clear();
        self.stack.push((func.entry(), 0));
        while let Some((block, next)) = self.stack.last_mut() {
            let succs = func.succs(*block);
            // Successors are taken from the last to the first, so that the first, which is
            // usually the nearest in the source, comes first in the reverse.
            let Some(at) = succs.len().checked_sub(1 + *next as usize) else {
                self.blocks.push(*block);
                self.stack.pop();
                continue;
            };
            *next += 1;
            let succ = succs[at];
            if !std::mem::replace(&mut self.seen[succ.index()], true) {
                self.stack.push((succ, 0));
            }
        }
    }
}

fn check_edges<F: Function>(func: &F, block: Block) {
    let last = func.block_insts(block).last();
    let succs = func.succs(block);
    assert!(
        func.is_ret(last) == succs.is_empty(),
        "{block} leaves the function or has successors"
    );
    for (at, &succ) in succs.iter().enumerate() {
        let joins = func.preds(succ).len() > 1;
        assert!(
            !joins || succs.len() == 1,
            "the edge from {block} to {succ} is critical"
        );
        let defines = |op: &crate::Operand| op.kind == Kind::Def;
        assert!(
            !joins || !func.operands(last).iter().any(defines),
            "the terminator of {block}, before a join, defines values"
        );
        let args = func.branch_args(last, at);
        assert!(
            args.len() == func.block_params(succ).len(),
            "{block} passes {} arguments to {succ}",
            args.len(),
        );
        assert!(
            !joins || args.is_empty() || func.operands(last).is_empty(),
            "the terminator of {block} passes arguments to a join and has operands",
        );
    }
}
