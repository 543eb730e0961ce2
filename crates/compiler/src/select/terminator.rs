//! The ends of blocks.

use perilune_bytecode::{Count, Jump32, Op};
use perilune_ir as ir;
use perilune_ir::{Block, Value};
use perilune_regalloc::{Operand, VReg};

use super::inst::members;
use super::{Selector, vreg};
use crate::template::{operand, window};
use crate::vcode::{Code, call_group, run_group};

const TO: Jump32 = Jump32(0);

/// What of a block becomes part of its branch.
#[derive(Debug, Default)]
pub(super) struct Fused {
    /// Instructions that are not selected by themselves.
    pub(super) skip: Vec<ir::Inst>,
    /// The comparison that decides.
    compare: Option<ir::Inst>,
    /// The value that decides, where no comparison does.
    value: Option<Value>,
    /// Whether the branch goes the other way.
    negate: bool,
}

impl Selector<'_> {
    /// Finds what the branch at the end of a block can do by itself: comparison and negation.
    pub(super) fn fuse(&self, block: Block) -> Fused {
        let func = self.func;
        let mut fused = Fused::default();
        let Some(terminator) = func.terminator(block) else {
            return fused;
        };
        if !matches!(func.op(terminator), ir::Op::Branch) {
            return fused;
        }
        let mut wanted = func.args(terminator)[0];
        for &inst in func.insts(block).iter().rev().skip(1) {
            if self.uses[wanted.index()] != 1 {
                break;
            }
            let op = func.op(inst);
            if func.def_inst(wanted) == Some(inst) {
                match op {
                    ir::Op::Unary(ir::UnOp::Not) => {
                        fused.negate = !fused.negate;
                        wanted = func.args(inst)[0];
                        fused.skip.push(inst);
                        continue;
                    }
                    ir::Op::Compare(_) => {
                        fused.compare = Some(inst);
                        fused.skip.push(inst);
                    }
                    _ => {}
                }
                break;
            }
            if !func.effects(inst).is_pure() {
                break;
            }
        }
        fused.value = Some(wanted);
        fused
    }

    /// The successors of a block in the order of its instruction's edges.
    pub(super) fn successors(&self, block: Block, fused: &Fused) -> Vec<Block> {
        let mut succs: Vec<Block> = self.func.successors(block).collect();
        if fused.negate {
            succs.reverse();
        }
        succs
    }

    pub(super) fn terminator(&mut self, block: Block, inst: ir::Inst, fused: &Fused) {
        let func = self.func;
        let args = func.args(inst);
        match func.op(inst) {
            ir::Op::Jump => {
                let (_, values) = func.edges(inst).next().expect("a jump has a successor");
                let values = values.to_vec();
                let vregs = self.edge_args(block, &values);
                self.keep_to_the_end(block);
                self.push(Code::Jump, &[], None, Some(inst));
                self.set_args(0, &vregs);
            }
            ir::Op::Branch => {
                let (op, operands) = match (fused.compare, fused.value) {
                    (Some(compare), _) => {
                        let ir::Op::Compare(op) = func.op(compare) else {
                            unreachable!("fused comparisons are")
                        };
                        let args = func.args(compare);
                        self.test(op, args[0], args[1], 0)
                    }
                    (None, value) => {
                        let cond = self.condition(block, value.expect("a branch has a condition"));
                        (
                            Op::JumpIf {
                                cond: operand(0),
                                to: TO,
                            },
                            vec![cond],
                        )
                    }
                };
                self.branch(block, inst, op, &operands, fused.negate);
            }
            ir::Op::BranchNil => {
                let src = self.reg(args[0]);
                self.branch(
                    block,
                    inst,
                    Op::JumpNil {
                        src: operand(0),
                        to: TO,
                    },
                    &[src],
                    false,
                );
            }
            ir::Op::ForPrep => {
                let regs = self.fresh_all(args);
                let results = func.results(inst);
                let mut operands: Vec<Operand> = regs.iter().map(|&vreg| Operand::reg_use(vreg)).collect();
                operands.extend((0..3).map(|i| Operand::reuse_def(vreg(results[i]), i as u8)));
                let op = Op::ForPrep {
                    index: operand(0),
                    count: operand(1),
                    step: operand(2),
                    to: TO,
                };
                self.loop_end(block, inst, op, &operands);
            }
            ir::Op::ForLoop => {
                let results = func.results(inst);
                let mut operands: Vec<Operand> = args.iter().map(|&arg| Operand::reg_use(vreg(arg))).collect();
                operands.extend((0..2).map(|i| Operand::reuse_def(vreg(results[i]), i as u8)));
                let op = Op::ForLoop {
                    index: operand(0),
                    count: operand(1),
                    step: operand(2),
                    to: TO,
                };
                self.loop_end(block, inst, op, &operands);
            }
            ir::Op::Return => {
                if !self.pending.is_empty() {
                    self.keep_to_the_end(block);
                    return self.consume_open(inst);
                }
                let regs = self.fresh_all(args);
                self.keep_to_the_end(block);
                match regs[..] {
                    [] => self.op(Op::Return0 {}, &[], inst),
                    [src] => self.op(Op::Return1 { src: operand(0) }, &[Operand::reg_use(src)], inst),
                    _ => {
                        let count = regs.len() as u16;
                        let op = Op::ReturnN {
                            first: window(0),
                            count: Count(count),
                        };
                        let operands: Vec<Operand> = members(&regs, 0).collect();
                        self.push(Code::Op(op), &operands, run_group(count), Some(inst));
                    }
                }
            }
            ir::Op::TailCall => {
                if !self.pending.is_empty() {
                    self.keep_to_the_end(block);
                    return self.consume_open(inst);
                }
                let operands = self.window_members(args, 0);
                self.keep_to_the_end(block);
                let count = args.len() as u16 - 1;
                let op = Op::TailCall {
                    window: window(0),
                    args: Count(count),
                };
                self.push(Code::Op(op), &operands, call_group(count + 2), Some(inst));
            }
            other => unreachable!("{other:?} is no terminator"),
        }
    }

    fn branch(&mut self, block: Block, inst: ir::Inst, op: Op, regs: &[VReg], negate: bool) {
        let edges: Vec<Vec<Value>> = self.func.edges(inst).map(|(_, args)| args.to_vec()).collect();
        let args: Vec<Vec<VReg>> = edges.iter().map(|args| self.edge_args(block, args)).collect();
        self.keep_to_the_end(block);
        let operands: Vec<Operand> = regs.iter().map(|&vreg| Operand::reg_use(vreg)).collect();
        self.push(Code::Branch(op), &operands, None, Some(inst));
        for (succ, vregs) in args.iter().enumerate() {
            self.set_args(if negate { 1 - succ } else { succ }, vregs);
        }
    }

    fn loop_end(&mut self, block: Block, inst: ir::Inst, op: Op, operands: &[Operand]) {
        let edges: Vec<Vec<Value>> = self.func.edges(inst).map(|(_, args)| args.to_vec()).collect();
        let args: Vec<Vec<VReg>> = edges.iter().map(|args| self.edge_args(block, args)).collect();
        self.keep_to_the_end(block);
        self.push(Code::Loop(op), operands, None, Some(inst));
        for (succ, vregs) in args.iter().enumerate() {
            self.set_args(succ, vregs);
        }
    }

    fn set_args(&mut self, succ: usize, vregs: &[VReg]) {
        let start = self.code.args.len() as u32;
        self.code.args.extend_from_slice(vregs);
        let end = self.code.args.len() as u32;
        self.last().args[succ] = (start, end);
    }

    /// The registers of edge arguments; constants are loaded for each edge.
    fn edge_args(&mut self, block: Block, values: &[Value]) -> Vec<VReg> {
        let number = self.numbers[block.index()];
        let renamed = |value: Value| self.renamed.iter().find(|r| r.0 == number && r.1 == value).map(|r| r.2);
        let known: Vec<Option<VReg>> = values.iter().map(|&value| renamed(value)).collect();
        values
            .iter()
            .zip(known)
            .map(|(&value, known)| known.unwrap_or_else(|| self.fresh(value)))
            .collect()
    }

    /// The register that a branch tests. If the value goes to a block parameter on one of the ways, the
    /// test is of a copy, which becomes that parameter: `x = a or b` is a copy, a jump, and `b`.
    fn condition(&mut self, block: Block, value: Value) -> VReg {
        let func = self.func;
        let reg = self.reg(value);
        if self.literal(value).is_some() {
            return reg;
        }
        let passes = func.successors(block).find(|&to| {
            let insts = func.insts(to);
            let [jump] = insts else { return false };
            matches!(func.op(*jump), ir::Op::Jump)
                && func.edges(*jump).next().is_some_and(|(_, args)| args.contains(&value))
        });
        let Some(to) = passes else { return reg };
        let copy = self.code.new_vreg(None);
        self.push(Code::Move, &[Operand::reg_def(copy), Operand::reg_use(reg)], None, None);
        self.renamed.push((self.numbers[to.index()], value, copy));
        copy
    }
}
