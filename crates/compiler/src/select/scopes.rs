//! Variables to be closed: each nesting depth of scopes has a register of its own in the whole
//! function, so that inner variables have higher slots than outer ones and stay put.

use perilune_ir::{Block, Cfg, Function, Op, Scope};
use perilune_regalloc::{Constraint, Operand, PReg, Pos, VReg};

use super::Selector;
use crate::vcode::{Code, Literal};

/// How many scopes are open where.
#[derive(Debug, Default)]
pub(super) struct Scopes {
    /// At the start of each block, by block.
    at_start: Vec<u16>,
    /// The depth of each scope, 0 outermost.
    depths: Vec<u16>,
    /// Blocks from which control never leaves the function.
    endless: Vec<bool>,
    deepest: u16,
}

impl Scopes {
    pub(super) fn new(func: &Function, cfg: &Cfg) -> Scopes {
        let mut scopes = Scopes::default();
        let has_any = func.blocks().any(|block| {
            func.insts(block)
                .iter()
                .any(|&inst| matches!(func.op(inst), Op::Tbc(_)))
        });
        if !has_any {
            return scopes;
        }
        scopes.at_start = vec![0; func.block_bound()];
        for &block in cfg.rpo() {
            let mut open = scopes.at_start[block.index()];
            for &inst in func.insts(block) {
                match func.op(inst) {
                    Op::Tbc(scope) => {
                        if scopes.depths.len() <= scope.index() {
                            scopes.depths.resize(scope.index() + 1, 0);
                        }
                        scopes.depths[scope.index()] = open;
                        open += 1;
                        scopes.deepest = scopes.deepest.max(open);
                    }
                    Op::Close(scope) => open = scopes.depths[scope.index()],
                    _ => {}
                }
            }
            // Scopes nest in the source, so all ways into a block agree.
            for to in func.successors(block) {
                scopes.at_start[to.index()] = open;
            }
        }
        scopes.endless = vec![true; func.block_bound()];
        let mut work: Vec<Block> = func
            .blocks()
            .filter(|&block| func.successors(block).next().is_none())
            .collect();
        while let Some(block) = work.pop() {
            if std::mem::replace(&mut scopes.endless[block.index()], false) {
                work.extend(cfg.preds(block).iter().map(|&(pred, _)| pred));
            }
        }
        scopes
    }

    pub(super) fn open_at(&self, block: Block) -> u16 {
        self.at_start.get(block.index()).copied().unwrap_or(0)
    }

    pub(super) fn depth(&self, scope: Scope) -> u16 {
        self.depths[scope.index()]
    }

    /// The registers for the variables to be closed: those above the parameters.
    pub(super) fn reserve(&self, func: &Function, literals: &mut Vec<Option<Literal>>) -> Vec<(VReg, PReg)> {
        let first = (func.params(func.entry()).len() as u16).min(crate::Options::MIN_REGISTERS);
        (0..self.deepest)
            .map(|depth| {
                literals.push(None);
                (VReg(literals.len() as u32 - 1), PReg(first + depth))
            })
            .collect()
    }

    fn endless(&self, block: Block) -> bool {
        self.endless.get(block.index()).copied().unwrap_or(false)
    }
}

impl Selector<'_> {
    /// Takes the reserved registers at the entry, or says at the end of a way that they are taken.
    pub(super) fn keep_reserved(&mut self, take: bool) {
        if self.code.reserved.is_empty() {
            return;
        }
        let operands = self.reserved_operands(take);
        self.push(Code::Keep, &operands, None, None);
    }

    pub(super) fn reserved_operands(&self, take: bool) -> Vec<Operand> {
        let operand = |&(vreg, reg): &(VReg, PReg)| {
            let operand = if take {
                Operand::reg_def(vreg)
            } else {
                Operand::reg_use(vreg).at(Pos::Late)
            };
            Operand {
                constraint: Constraint::Fixed(reg),
                ..operand
            }
        };
        self.code.reserved.iter().map(operand).collect()
    }

    /// Before the last instruction of a block: the reserved registers are in use up to here if no later
    /// block can say so.
    pub(super) fn keep_to_the_end(&mut self, block: Block) {
        let last = self.func.successors(block).next().is_none();
        if last || self.scopes.endless(block) {
            self.keep_reserved(false);
        }
    }
}
