//! Open values: their producers and their consumer as one instruction.
//!
//! In `f(a, g(b, ...))` the window of `g` lies right above the fixed members of the window of `f`, so one
//! window holds both, and the operands of both are in place before the first instruction runs.

use perilune_bytecode::{Count, Op, ResultCount, Wide};
use perilune_ir as ir;
use perilune_ir::Value;
use perilune_regalloc::{Operand, Pos};

use super::inst::members;
use super::{Selector, vreg};
use crate::template::{operand, slot, window};
use crate::vcode::Part;

impl Selector<'_> {
    /// The consumer of the pending open values, with all that leads to them.
    pub(super) fn consume_open(&mut self, consumer: ir::Inst) {
        let func = self.func;
        let pending = std::mem::take(&mut self.pending);
        let mut operands: Vec<Operand> = Vec::new();
        let (last, mut size) = self.consumer(consumer, &mut operands);
        let own = size;
        let mut parts = vec![last];
        // From the consumer to what runs first: windows stack up in this order.
        for &inst in pending.iter().rev() {
            let args = func.args(inst);
            match func.op(inst) {
                ir::Op::VarargOpen => parts.push(Part {
                    op: Op::VarargOpen {},
                    inst,
                    held: 0,
                }),
                ir::Op::VarargFromOpen => {
                    let table = operand(operands.len());
                    operands.push(Operand::reg_use(vreg(args[0])).at(Pos::Late));
                    parts.push(Part {
                        op: Op::VarargFromOpen { table },
                        inst,
                        held: size,
                    });
                }
                ir::Op::Close(scope) => {
                    let depth = self.scopes.depth(scope);
                    let (_, place) = self.code.reserved[usize::from(depth)];
                    // What is to be closed keeps its place until this part ran.
                    operands.extend(self.reserved_operands(false));
                    parts.push(Part {
                        op: Op::Close { from: slot(place.0) },
                        inst,
                        held: own,
                    });
                }
                _ => {
                    let (fixed, open) = self.fixed(args);
                    let at = window(size);
                    let args = Count(fixed.len() as u16 - 1);
                    let op = match open {
                        true => Op::CallOpen {
                            window: at,
                            args,
                            results: ResultCount::OPEN,
                        },
                        false => Op::CallN {
                            window: at,
                            args,
                            results: ResultCount::OPEN,
                        },
                    };
                    parts.push(Part { op, inst, held: size });
                    operands.extend(self.window_members(&fixed, size));
                    size += args.0 + 2;
                }
            }
        }
        parts.reverse();
        // The scopes stay listed as open: what they close is in use until then.
        self.parts(parts, &operands, size.max(1), consumer);
    }

    /// The operands without the open one, and whether there is one.
    fn fixed(&self, args: &[Value]) -> (Vec<Value>, bool) {
        match args.split_last() {
            Some((&last, rest)) if self.func.value_kind(last) == ir::ValueKind::Open => (rest.to_vec(), true),
            _ => (args.to_vec(), false),
        }
    }

    /// The consumer itself at the bottom of the window, and the size of its part.
    fn consumer(&mut self, inst: ir::Inst, operands: &mut Vec<Operand>) -> (Part, u16) {
        let func = self.func;
        let (fixed, _) = self.fixed(func.args(inst));
        match func.op(inst) {
            ir::Op::Return => {
                let regs = self.fresh_all(&fixed);
                operands.extend(members(&regs, 0));
                let count = Count(regs.len() as u16);
                let op = Op::ReturnOpen {
                    first: window(0),
                    count,
                };
                (Part { op, inst, held: 0 }, count.0)
            }
            ir::Op::SetList { start } => {
                let regs = self.fresh_all(&fixed[1..]);
                operands.extend(members(&regs, 0));
                // The table stays in use until the last part.
                operands.push(Operand::reg_use(vreg(fixed[0])).at(Pos::Late));
                let count = Count(regs.len() as u16);
                let table = operand(regs.len());
                let op = Op::SetListOpen {
                    table,
                    first: window(0),
                    fixed: count,
                    start: Wide(start),
                };
                (
                    Part {
                        op,
                        inst,
                        held: count.0,
                    },
                    count.0,
                )
            }
            op => {
                operands.extend(self.window_members(&fixed, 0));
                let args = Count(fixed.len() as u16 - 1);
                let results = func.results(inst);
                operands.extend(self.results(inst));
                let results = ResultCount(results.len() as u16);
                let op = match op {
                    ir::Op::TailCall => Op::TailCallOpen {
                        window: window(0),
                        args,
                    },
                    _ => Op::CallOpen {
                        window: window(0),
                        args,
                        results,
                    },
                };
                (Part { op, inst, held: 0 }, (args.0 + 2).max(results.0))
            }
        }
    }
}
