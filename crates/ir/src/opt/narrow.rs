//! What types decide: conditions that always go one way, and comparisons of values of different types.

use super::fold::take_edge;
use super::{Type, Types};
use crate::op::{CmpOp, Op, UnOp};
use crate::{Function, Inst};

/// Replaces conditions, `not` and equality by what the types of their operands make of them.
pub fn narrow(func: &mut Function) {
    let types = Types::new(func);
    for block in func.blocks().collect::<Vec<_>>() {
        for at in 0..func.insts(block).len() {
            let inst = func.insts(block)[at];
            narrow_inst(func, &types, inst);
        }
    }
}

fn narrow_inst(func: &mut Function, types: &Types, inst: Inst) {
    let op = func.op(inst);
    match (op, func.args(inst)) {
        (Op::Branch, &[x]) => {
            if let Some(truthy) = types.get(x).truthiness() {
                take_edge(func, inst, if truthy { 0 } else { 1 });
            }
        }
        (Op::BranchNil, &[x]) => {
            let x = types.get(x);
            if x.is(Type::NIL) {
                take_edge(func, inst, 0);
            } else if x != Type::NONE && !x.may_be(Type::NIL) {
                take_edge(func, inst, 1);
            }
        }
        (Op::Unary(UnOp::Not), &[x]) => {
            if let Some(truthy) = types.get(x).truthiness() {
                func.replace_op(inst, if truthy { Op::False } else { Op::True }, &[]);
            }
        }
        (Op::Compare(CmpOp::Eq), &[x, y]) => {
            let (x, y) = (types.get(x), types.get(y));
            // An integer may equal a float.
            let numbers = x.may_be(Type::NUMBER) && y.may_be(Type::NUMBER);
            if x != Type::NONE && y != Type::NONE && !x.may_be(y) && !numbers {
                func.replace_op(inst, Op::False, &[]);
            }
        }
        _ => {}
    }
}
