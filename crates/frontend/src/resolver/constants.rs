//! Which expressions are compile-time constants, and of what value.

use perilune_lang::{Num, fold_arith};

use super::Resolver;
use crate::ast::{BinaryOp, Expr, ExprId, UnaryOp};
use crate::resolution::{Binding, Constant};

impl Resolver<'_> {
    /// The value of an expression whose names are resolved, if the reference knows it too.
    ///
    /// Comparisons, concatenations and lengths are never known, `and` and `or` only where they
    /// need no jump.
    pub(super) fn constant(&self, root: ExprId) -> Option<Constant> {
        // Chains of left operands are unbounded, so they are a loop; the rest nests as deep as
        // the parser allows.
        let mut pending = Vec::new();
        let mut at = root;
        while let Expr::Binary { op, lhs, rhs } = self.chunk.exprs[at] {
            pending.push((op, rhs));
            at = lhs;
        }
        let mut value = self.constant_operand(at)?;
        for (op, rhs) in pending.into_iter().rev() {
            value = match op {
                BinaryOp::And if truthy(value) => self.constant(rhs)?,
                BinaryOp::Or if !truthy(value) => self.constant(rhs)?,
                _ => {
                    let (arith, a) = (op.arith()?, number(value)?);
                    constant_of(fold_arith(arith, a, number(self.constant(rhs)?)?)?)
                }
            };
        }
        Some(value)
    }

    fn constant_operand(&self, expr: ExprId) -> Option<Constant> {
        match self.chunk.exprs[expr] {
            Expr::Nil => Some(Constant::Nil),
            Expr::True => Some(Constant::Bool(true)),
            Expr::False => Some(Constant::Bool(false)),
            Expr::Integer(i) => Some(Constant::Integer(i)),
            Expr::Float(f) => Some(Constant::Float(f)),
            Expr::String(name) => Some(Constant::String(name)),
            Expr::Paren(inner) => self.constant(inner),
            Expr::Name(_) => match self.out.get_binding(expr)? {
                Binding::Constant(local) => self.out.locals[local].constant,
                _ => None,
            },
            Expr::Unary {
                op: UnaryOp::Not,
                operand,
            } => Some(Constant::Bool(!truthy(self.constant(operand)?))),
            Expr::Unary { op, operand } => {
                let n = number(self.constant(operand)?)?;
                fold_arith(op.arith()?, n, Num::Int(0)).map(constant_of)
            }
            _ => None,
        }
    }
}

fn truthy(value: Constant) -> bool {
    !matches!(value, Constant::Nil | Constant::Bool(false))
}

fn number(value: Constant) -> Option<Num> {
    match value {
        Constant::Integer(i) => Some(Num::Int(i)),
        Constant::Float(f) => Some(Num::Float(f)),
        _ => None,
    }
}

fn constant_of(n: Num) -> Constant {
    match n {
        Num::Int(i) => Constant::Integer(i),
        Num::Float(f) => Constant::Float(f),
    }
}
