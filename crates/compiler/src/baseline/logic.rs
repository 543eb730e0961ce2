//! Conditions: comparisons, `and`, `or` and `not` as jumps, and as values.

use perilune_bytecode::{Imm, Jump16, Jump32, Label, Op, Reg};
use perilune_frontend::Constant;
use perilune_frontend::ast::{BinaryOp, Expr, ExprId, UnaryOp};

use super::Baseline;
use super::expr::Operand;
use crate::source::truthy;

const TO16: Jump16 = Jump16(0);
const TO32: Jump32 = Jump32(0);

impl Baseline<'_> {
    /// Whether an expression is compiled as jumps in any case.
    pub(super) fn is_condition(&self, expr: ExprId) -> bool {
        match self.source.chunk.exprs[self.source.unparen(expr)] {
            Expr::Binary { op, .. } => op.comparison().is_some() || matches!(op, BinaryOp::And | BinaryOp::Or),
            Expr::Unary {
                op: UnaryOp::Not,
                operand,
            } => self.is_condition(operand),
            _ => false,
        }
    }

    fn is_not(&self, expr: ExprId) -> bool {
        matches!(self.source.chunk.exprs[expr], Expr::Unary { op: UnaryOp::Not, .. })
    }

    /// Jumps to `label` if the truth of `expr` is `jump_if`, else falls through.
    pub(super) fn cond(&mut self, expr: ExprId, jump_if: bool, label: Label) {
        self.cond_at(expr, jump_if, label, 0);
    }

    /// As [`cond`](Self::cond), where a plain value is tested at `line`; if that is 0, where it is evaluated.
    pub(super) fn cond_at(&mut self, expr: ExprId, jump_if: bool, label: Label, line: u32) {
        let chunk = self.source.chunk;
        let expr = self.source.unparen(expr);
        let mark = self.free;
        match chunk.exprs[expr] {
            Expr::Unary {
                op: UnaryOp::Not,
                operand,
            } => return self.cond_at(operand, !jump_if, label, line),
            Expr::Binary {
                op: op @ (BinaryOp::And | BinaryOp::Or),
                ..
            } => {
                let operands = self.source.logical_places(expr, op, line);
                let (&(last, line), rest) = operands.split_last().expect("a chain has operands");
                // The truth that decides the chain without its other operands.
                let decides = op == BinaryOp::Or;
                if decides == jump_if {
                    for &(operand, line) in &operands {
                        self.cond_at(operand, jump_if, label, line);
                    }
                } else {
                    let past = self.asm.label();
                    for &(operand, line) in rest {
                        self.cond_at(operand, decides, past, line);
                    }
                    self.cond_at(last, jump_if, label, line);
                    self.asm.bind(past);
                }
                return;
            }
            Expr::Binary { op, lhs, rhs } if op.comparison().is_some() => {
                let left = self.operand(lhs);
                self.compare_jump(expr, op, left, rhs, jump_if, label);
            }
            _ => match self.operand(expr) {
                Operand::Constant(constant) => {
                    if truthy(constant) == jump_if {
                        self.at_test(expr, line);
                        self.emit_jump(Op::Jump { to: TO32 }, label);
                        // The reference tests such constants.
                        self.asm.pin();
                    }
                }
                Operand::Slot(slot) => {
                    self.at_test(expr, line);
                    self.test(slot, jump_if, label);
                }
            },
        }
        self.release(mark);
    }

    fn at_test(&mut self, expr: ExprId, line: u32) {
        match line {
            0 => self.at_expr(expr),
            line => self.at(line),
        }
    }

    fn test(&mut self, slot: u16, jump_if: bool, label: Label) {
        let cond = Reg(slot);
        let op = if jump_if {
            Op::JumpIf { cond, to: TO32 }
        } else {
            Op::JumpIfNot { cond, to: TO32 }
        };
        self.emit_jump(op, label);
    }

    /// Compares an evaluated left operand with `rhs` and jumps.
    fn compare_jump(&mut self, node: ExprId, op: BinaryOp, left: Operand, rhs: ExprId, jump_if: bool, label: Label) {
        // As arithmetic: a constant is loaded only if no instruction takes it as it is.
        let right = self.operand(rhs);
        let jump = match op {
            BinaryOp::Eq | BinaryOp::Ne => {
                let (value, other) = match (left, right) {
                    (Operand::Constant(_), Operand::Slot(slot)) => (slot, left),
                    (left, right) => (self.in_slot(left), right),
                };
                self.equality(value, other, (op == BinaryOp::Eq) == jump_if)
            }
            _ => self.order(op, left, right, jump_if),
        };
        self.at_expr(node);
        self.emit_jump(jump, label);
    }

    fn equality(&mut self, value: u16, other: Operand, equal: bool) -> Op {
        let (lhs, to) = (Reg(value), TO16);
        match other {
            Operand::Constant(Constant::Nil) if equal => return Op::JumpNil { src: lhs, to: TO32 },
            Operand::Constant(Constant::Nil) => return Op::JumpNotNil { src: lhs, to: TO32 },
            Operand::Constant(Constant::Integer(n)) if i16::try_from(n).is_ok() => {
                let rhs = Imm(n as i16);
                return if equal {
                    Op::JumpEqI { lhs, rhs, to }
                } else {
                    Op::JumpNeI { lhs, rhs, to }
                };
            }
            Operand::Constant(constant) => {
                if let Some(rhs) = self.short_constant(constant) {
                    return if equal {
                        Op::JumpEqK { lhs, rhs, to }
                    } else {
                        Op::JumpNeK { lhs, rhs, to }
                    };
                }
            }
            Operand::Slot(_) => {}
        }
        let rhs = Reg(self.in_slot(other));
        if equal {
            Op::JumpEq { lhs, rhs, to }
        } else {
            Op::JumpNe { lhs, rhs, to }
        }
    }

    fn order(&mut self, op: BinaryOp, left: Operand, right: Operand, jump_if: bool) -> Op {
        let small = |operand: Operand| match operand {
            Operand::Constant(Constant::Integer(n)) => i16::try_from(n).ok().map(Imm),
            _ => None,
        };
        if let (Operand::Slot(slot), Some(rhs)) = (left, small(right)) {
            return order_immediate(op, Reg(slot), rhs, jump_if);
        }
        if let (Some(lhs), Operand::Slot(slot)) = (small(left), right) {
            let flipped = match op {
                BinaryOp::Lt => BinaryOp::Gt,
                BinaryOp::Le => BinaryOp::Ge,
                BinaryOp::Gt => BinaryOp::Lt,
                _ => BinaryOp::Le,
            };
            return order_immediate(flipped, Reg(slot), lhs, jump_if);
        }
        let (left, right) = (Reg(self.in_slot(left)), Reg(self.in_slot(right)));
        let swap = matches!(op, BinaryOp::Gt | BinaryOp::Ge);
        let (lhs, rhs) = if swap { (right, left) } else { (left, right) };
        let to = TO16;
        match (matches!(op, BinaryOp::Lt | BinaryOp::Gt), jump_if) {
            (true, true) => Op::JumpLt { lhs, rhs, to },
            (true, false) => Op::JumpNotLt { lhs, rhs, to },
            (false, true) => Op::JumpLe { lhs, rhs, to },
            (false, false) => Op::JumpNotLe { lhs, rhs, to },
        }
    }

    // Values.

    /// A comparison whose left operand is evaluated, as a boolean.
    pub(super) fn comparison_value(
        &mut self,
        node: ExprId,
        op: BinaryOp,
        left: Operand,
        rhs: ExprId,
        mark: u16,
        want: Option<u16>,
    ) -> Operand {
        let holds = self.asm.label();
        self.compare_jump(node, op, left, rhs, true, holds);
        self.release(mark);
        self.boolean(holds, want)
    }

    /// A condition as a boolean.
    pub(super) fn condition_value(&mut self, expr: ExprId, want: Option<u16>) -> Operand {
        let holds = self.asm.label();
        self.cond(expr, true, holds);
        self.boolean(holds, want)
    }

    /// False where control falls through, true where it arrives at `holds`.
    fn boolean(&mut self, holds: Label, want: Option<u16>) -> Operand {
        let slot = self.target(want);
        let end = self.asm.label();
        let was = self.is_live(slot);
        self.load(slot, Constant::Bool(false));
        self.emit_jump(Op::Jump { to: TO32 }, end);
        self.set_live(slot, was);
        self.asm.bind(holds);
        self.load(slot, Constant::Bool(true));
        self.asm.bind(end);
        Operand::Slot(slot)
    }

    /// The value of `and` and `or`.
    pub(super) fn logical_value(&mut self, expr: ExprId, want: Option<u16>) -> Operand {
        let chunk = self.source.chunk;
        let Expr::Binary { op, .. } = chunk.exprs[expr] else {
            unreachable!("the caller saw an operator")
        };
        let slot = self.target(want);
        let was = self.is_live(slot);
        let end = self.asm.label();
        let operands = self.source.logical_places(expr, op, 0);
        let (&(last, _), rest) = operands.split_last().expect("a chain has operands");
        for &(operand, line) in rest {
            self.value_or_jump(operand, slot, op == BinaryOp::Or, end, line);
            // Where control goes on, the slot has no value that counts.
            self.set_live(slot, was);
        }
        self.to(last, slot);
        self.asm.bind(end);
        self.mark(slot);
        Operand::Slot(slot)
    }

    /// If the truth of `expr` is `jump_if`, goes to `label` with its value in `slot`; else falls
    /// through with no value.
    fn value_or_jump(&mut self, expr: ExprId, slot: u16, jump_if: bool, label: Label, line: u32) {
        let chunk = self.source.chunk;
        let expr = self.source.unparen(expr);
        let was = self.is_live(slot);
        match chunk.exprs[expr] {
            Expr::Binary {
                op: op @ (BinaryOp::And | BinaryOp::Or),
                ..
            } => {
                let operands = self.source.logical_places(expr, op, line);
                let (&(last, line), rest) = operands.split_last().expect("a chain has operands");
                let decides = op == BinaryOp::Or;
                if decides == jump_if {
                    for &(operand, line) in &operands {
                        self.value_or_jump(operand, slot, jump_if, label, line);
                        self.set_live(slot, was);
                    }
                } else {
                    let past = self.asm.label();
                    for &(operand, line) in rest {
                        self.cond_at(operand, decides, past, line);
                    }
                    self.value_or_jump(last, slot, jump_if, label, line);
                    self.asm.bind(past);
                }
            }
            _ if self.is_condition(expr) || self.is_not(expr) => {
                let past = self.asm.label();
                self.cond_at(expr, !jump_if, past, line);
                self.load(slot, Constant::Bool(jump_if));
                self.emit_jump(Op::Jump { to: TO32 }, label);
                self.asm.bind(past);
            }
            _ => match self.source.literal(expr) {
                Some(constant) if truthy(constant) != jump_if => {}
                Some(constant) => {
                    self.load(slot, constant);
                    self.emit_jump(Op::Jump { to: TO32 }, label);
                }
                None => {
                    self.to(expr, slot);
                    self.at_test(expr, line);
                    self.test(slot, jump_if, label);
                }
            },
        }
        self.set_live(slot, was);
    }
}

fn order_immediate(op: BinaryOp, lhs: Reg, rhs: Imm, jump_if: bool) -> Op {
    let to = TO16;
    match (op, jump_if) {
        (BinaryOp::Lt, true) => Op::JumpLtI { lhs, rhs, to },
        (BinaryOp::Lt, false) => Op::JumpNotLtI { lhs, rhs, to },
        (BinaryOp::Le, true) => Op::JumpLeI { lhs, rhs, to },
        (BinaryOp::Le, false) => Op::JumpNotLeI { lhs, rhs, to },
        (BinaryOp::Gt, true) => Op::JumpGtI { lhs, rhs, to },
        (BinaryOp::Gt, false) => Op::JumpNotGtI { lhs, rhs, to },
        (BinaryOp::Ge, true) => Op::JumpGeI { lhs, rhs, to },
        _ => Op::JumpNotGeI { lhs, rhs, to },
    }
}
