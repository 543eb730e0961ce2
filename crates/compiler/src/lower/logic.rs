//! Conditions as branches, and the values of `and`, `or` and `not`.

use perilune_frontend::Constant;
use perilune_frontend::ast::{BinaryOp, Expr, ExprId, UnaryOp};
use perilune_ir::{Block, Value};

use super::Lower;
use crate::source::truthy;

impl Lower<'_, '_> {
    /// Whether an expression is made of `and`, `or` or `not`, so that its negation is best made by
    /// branches.
    pub(super) fn is_logical(&self, expr: ExprId) -> bool {
        match self.source.chunk.exprs[self.source.unparen(expr)] {
            Expr::Binary { op, .. } => matches!(op, BinaryOp::And | BinaryOp::Or),
            Expr::Unary { op: UnaryOp::Not, .. } => true,
            _ => false,
        }
    }

    fn is_boolean(&self, expr: ExprId) -> bool {
        match self.source.chunk.exprs[self.source.unparen(expr)] {
            Expr::Binary { op, .. } => op.comparison().is_some(),
            Expr::Unary { op: UnaryOp::Not, .. } => true,
            _ => false,
        }
    }

    /// Goes to `then` if `expr` is true, else to `other`. The caller seals both.
    pub(super) fn cond(&mut self, expr: ExprId, then: Block, other: Block) {
        let chunk = self.source.chunk;
        let expr = self.source.unparen(expr);
        match chunk.exprs[expr] {
            Expr::Unary {
                op: UnaryOp::Not,
                operand,
            } => self.cond(operand, other, then),
            Expr::Binary {
                op: op @ (BinaryOp::And | BinaryOp::Or),
                ..
            } => {
                let operands = self.source.logical_chain(expr, op);
                let (&last, rest) = operands.split_last().expect("a chain has operands");
                for &operand in rest {
                    let next = self.b.create_block();
                    match op {
                        BinaryOp::And => self.cond(operand, next, other),
                        _ => self.cond(operand, then, next),
                    }
                    self.enter(next);
                }
                self.cond(last, then, other);
            }
            Expr::Binary { op, lhs, rhs } if op.comparison().is_some() => {
                let comparison = op.comparison().expect("just seen");
                let (then, other) = if comparison.negate {
                    (other, then)
                } else {
                    (then, other)
                };
                let left = self.expr(lhs);
                let equality = matches!(op, BinaryOp::Eq | BinaryOp::Ne);
                if equality && self.source.literal(rhs) == Some(Constant::Nil) {
                    self.at_expr(expr);
                    self.b.branch_nil(left, (then, &[]), (other, &[]));
                    return;
                }
                let right = self.expr(rhs);
                self.at_expr(expr);
                let compared = self.compare(comparison.op, comparison.swap, left, right);
                self.b.branch(compared, (then, &[]), (other, &[]));
            }
            _ => match self.source.literal(expr) {
                Some(constant) => {
                    self.b.jump(if truthy(constant) { then } else { other }, &[]);
                }
                None => {
                    let value = self.expr(expr);
                    self.at_expr(expr);
                    self.b.branch(value, (then, &[]), (other, &[]));
                }
            },
        }
    }

    /// A condition as a boolean.
    pub(super) fn condition_value(&mut self, expr: ExprId) -> Value {
        let (then, other, end) = (self.b.create_block(), self.b.create_block(), self.b.create_block());
        let result = self.b.block_param(end);
        self.cond(expr, then, other);
        for (block, value) in [(then, true), (other, false)] {
            self.enter(block);
            let value = self.b.bool(value);
            self.b.jump(end, &[value]);
        }
        self.enter(end);
        result
    }

    /// The value of `and` and `or`.
    pub(super) fn logical_value(&mut self, expr: ExprId) -> Value {
        let chunk = self.source.chunk;
        let Expr::Binary { op, .. } = chunk.exprs[expr] else {
            unreachable!("the caller saw an operator")
        };
        let end = self.b.create_block();
        let result = self.b.block_param(end);
        let operands = self.source.logical_chain(expr, op);
        let (&last, rest) = operands.split_last().expect("a chain has operands");
        for &operand in rest {
            let next = self.b.create_block();
            self.value_or_else(operand, op == BinaryOp::Or, end, next);
            self.enter(next);
        }
        let value = self.expr(last);
        self.b.jump(end, &[value]);
        self.enter(end);
        result
    }

    /// If the truth of `expr` is `wanted`, goes to `end` with its value, else to `next` without.
    fn value_or_else(&mut self, expr: ExprId, wanted: bool, end: Block, next: Block) {
        let chunk = self.source.chunk;
        let expr = self.source.unparen(expr);
        match chunk.exprs[expr] {
            Expr::Binary {
                op: op @ (BinaryOp::And | BinaryOp::Or),
                ..
            } => {
                let operands = self.source.logical_chain(expr, op);
                let (&last, rest) = operands.split_last().expect("a chain has operands");
                // The truth of one operand that decides the chain.
                let decides = op == BinaryOp::Or;
                for &operand in rest {
                    let following = self.b.create_block();
                    match (decides == wanted, decides) {
                        (true, _) => self.value_or_else(operand, wanted, end, following),
                        (false, true) => self.cond(operand, next, following),
                        (false, false) => self.cond(operand, following, next),
                    }
                    self.enter(following);
                }
                self.value_or_else(last, wanted, end, next);
            }
            _ if self.is_boolean(expr) => {
                let decided = self.b.create_block();
                match wanted {
                    true => self.cond(expr, decided, next),
                    false => self.cond(expr, next, decided),
                }
                self.enter(decided);
                let value = self.b.bool(wanted);
                self.b.jump(end, &[value]);
            }
            _ => {
                let value = self.expr(expr);
                self.at_expr(expr);
                match wanted {
                    true => self.b.branch(value, (end, &[value]), (next, &[])),
                    false => self.b.branch(value, (next, &[]), (end, &[value])),
                };
            }
        }
    }
}
