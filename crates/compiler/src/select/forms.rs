//! Which constants an instruction takes as they are.

use perilune_bytecode::{Const, Imm, Jump16, Jump32, Op};
use perilune_ir as ir;
use perilune_ir::{BinOp, CmpOp, Value};
use perilune_regalloc::VReg;

use super::Selector;
use crate::pool;
use crate::template::operand;
use crate::vcode::Literal;

/// Whether a constant needs an entry in the constant table to be loaded.
pub(super) fn needs_table(literal: Literal) -> bool {
    match literal {
        Literal::Nil | Literal::Bool(_) => false,
        Literal::Int(n) => i16::try_from(n).is_err(),
        Literal::Float(x) => pool::integral(x.get()).is_none(),
        Literal::Str(_) => true,
    }
}

pub(super) fn small(literal: Literal) -> Option<Imm> {
    match literal {
        Literal::Int(n) => i16::try_from(n).ok().map(Imm),
        _ => None,
    }
}

impl Selector<'_> {
    /// The number of a constant that instructions can name.
    pub(super) fn constant(&mut self, literal: Literal) -> Option<Const> {
        let index = self.code.constants.insert_full(literal).0;
        u16::try_from(index)
            .ok()
            .filter(|&index| index < Const::LIMIT)
            .map(Const)
    }

    /// Whether there is room for one more constant that instructions can name.
    fn has_room(&self) -> bool {
        self.code.constants.len() < usize::from(Const::LIMIT)
    }

    /// Whether an operand that is a constant must be in a register, where loading it costs an
    /// instruction. An estimate: it decides where constants are loaded, not how.
    pub(super) fn wants_register(&self, inst: ir::Inst, position: usize) -> bool {
        let args = self.func.args(inst);
        let Some(literal) = self.literal(args[position]) else {
            return false;
        };
        match self.func.op(inst) {
            ir::Op::Binary(op) => position == 0 || !(fits_immediate(op, literal) || fits_constant(op, literal)),
            ir::Op::Compare(op) => match (op, position) {
                (CmpOp::Eq, _) => false,
                _ => small(literal).is_none(),
            },
            ir::Op::GetIndex | ir::Op::SetIndex => match position {
                1 => !matches!(literal, Literal::Str(_)) && small(literal).is_none(),
                _ => position == 0,
            },
            ir::Op::SetGlobal { .. }
            | ir::Op::Call
            | ir::Op::CallOpen
            | ir::Op::TailCall
            | ir::Op::Concat
            | ir::Op::SetList { .. }
            | ir::Op::ForPrep
            | ir::Op::Return => false,
            _ => true,
        }
    }

    /// An arithmetic instruction, its right operand a constant if it has that form.
    pub(super) fn binary(&mut self, op: BinOp, lhs: Value, rhs: Value) -> (Op, Vec<VReg>) {
        let (dst, l, r) = (operand(0), operand(1), operand(2));
        if let Some(literal) = self.literal(rhs) {
            if fits_immediate(op, literal)
                && let Some(rhs) = small(literal)
            {
                let op = match op {
                    BinOp::Add => Op::AddI { dst, lhs: l, rhs },
                    BinOp::Sub => Op::SubI { dst, lhs: l, rhs },
                    BinOp::Shl => Op::ShlI { dst, lhs: l, rhs },
                    _ => Op::ShrI { dst, lhs: l, rhs },
                };
                return (op, vec![self.reg(lhs)]);
            }
            if fits_constant(op, literal)
                && let Some(rhs) = self.constant(literal)
            {
                let op = match op {
                    BinOp::Add => Op::AddK { dst, lhs: l, rhs },
                    BinOp::Sub => Op::SubK { dst, lhs: l, rhs },
                    BinOp::Mul => Op::MulK { dst, lhs: l, rhs },
                    BinOp::Mod => Op::ModK { dst, lhs: l, rhs },
                    BinOp::Pow => Op::PowK { dst, lhs: l, rhs },
                    BinOp::Div => Op::DivK { dst, lhs: l, rhs },
                    BinOp::IDiv => Op::IDivK { dst, lhs: l, rhs },
                    BinOp::BAnd => Op::BAndK { dst, lhs: l, rhs },
                    BinOp::BOr => Op::BOrK { dst, lhs: l, rhs },
                    BinOp::BXor => Op::BXorK { dst, lhs: l, rhs },
                    BinOp::Shl | BinOp::Shr => unreachable!("shifts take no table constants"),
                };
                return (op, vec![self.reg(lhs)]);
            }
        }
        let op = match op {
            BinOp::Add => Op::Add { dst, lhs: l, rhs: r },
            BinOp::Sub => Op::Sub { dst, lhs: l, rhs: r },
            BinOp::Mul => Op::Mul { dst, lhs: l, rhs: r },
            BinOp::Mod => Op::Mod { dst, lhs: l, rhs: r },
            BinOp::Pow => Op::Pow { dst, lhs: l, rhs: r },
            BinOp::Div => Op::Div { dst, lhs: l, rhs: r },
            BinOp::IDiv => Op::IDiv { dst, lhs: l, rhs: r },
            BinOp::BAnd => Op::BAnd { dst, lhs: l, rhs: r },
            BinOp::BOr => Op::BOr { dst, lhs: l, rhs: r },
            BinOp::BXor => Op::BXor { dst, lhs: l, rhs: r },
            BinOp::Shl => Op::Shl { dst, lhs: l, rhs: r },
            BinOp::Shr => Op::Shr { dst, lhs: l, rhs: r },
        };
        let lhs = self.reg(lhs);
        (op, vec![lhs, self.reg(rhs)])
    }

    /// A jump that is taken if a comparison holds; its registers are operands from `first` on.
    pub(super) fn test(&mut self, op: CmpOp, a: Value, b: Value, first: usize) -> (Op, Vec<VReg>) {
        let (lhs, rhs, to) = (operand(first), operand(first + 1), Jump16(0));
        let (la, lb) = (self.literal(a), self.literal(b));
        if op == CmpOp::Eq {
            // The constant to the right; constants have no `__eq`, so nobody sees the exchange.
            let (a, b, other) = if la.is_some() && lb.is_none() {
                (b, a, la)
            } else {
                (a, b, lb)
            };
            let constant = match other {
                Some(Literal::Nil) => {
                    return (
                        Op::JumpNil {
                            src: lhs,
                            to: Jump32(0),
                        },
                        vec![self.reg(a)],
                    );
                }
                Some(literal) => match small(literal) {
                    Some(rhs) => return (Op::JumpEqI { lhs, rhs, to }, vec![self.reg(a)]),
                    None => self.constant(literal),
                },
                None => None,
            };
            if let Some(rhs) = constant {
                return (Op::JumpEqK { lhs, rhs, to }, vec![self.reg(a)]);
            }
            let a = self.reg(a);
            return (Op::JumpEq { lhs, rhs, to }, vec![a, self.reg(b)]);
        }
        if let Some(rhs) = lb.and_then(small) {
            let op = if op == CmpOp::Lt {
                Op::JumpLtI { lhs, rhs, to }
            } else {
                Op::JumpLeI { lhs, rhs, to }
            };
            return (op, vec![self.reg(a)]);
        }
        if let Some(rhs) = la.and_then(small) {
            let op = if op == CmpOp::Lt {
                Op::JumpGtI { lhs, rhs, to }
            } else {
                Op::JumpGeI { lhs, rhs, to }
            };
            return (op, vec![self.reg(b)]);
        }
        let op = if op == CmpOp::Lt {
            Op::JumpLt { lhs, rhs, to }
        } else {
            Op::JumpLe { lhs, rhs, to }
        };
        let a = self.reg(a);
        (op, vec![a, self.reg(b)])
    }

    /// A value to store: a constant that the instruction can name, else a register.
    pub(super) fn storable(&mut self, value: Value) -> Result<Const, VReg> {
        if let Some(literal) = self.literal(value)
            && (self.has_room() || self.code.constants.contains(&literal))
            && let Some(constant) = self.constant(literal)
        {
            return Ok(constant);
        }
        Err(self.reg(value))
    }
}

fn fits_immediate(op: BinOp, literal: Literal) -> bool {
    matches!(op, BinOp::Add | BinOp::Sub | BinOp::Shl | BinOp::Shr) && small(literal).is_some()
}

fn fits_constant(op: BinOp, literal: Literal) -> bool {
    match op {
        BinOp::Shl | BinOp::Shr => false,
        BinOp::BAnd | BinOp::BOr | BinOp::BXor => matches!(literal, Literal::Int(_)),
        _ => matches!(literal, Literal::Int(_) | Literal::Float(_)),
    }
}
