//! Constants, folding by the rules of the reference implementation, and local simplification.

use crate::op::{BinOp, CmpOp, FloatBits, Op, UnOp};
use crate::{Cfg, EdgeRef, Function, Inst, StrId, Value};
use perilune_lang::{ArithOp, Num, fold_arith, num_eq, num_le, num_lt};

/// A constant value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Constant {
    /// `nil`
    Nil,
    /// `true` or `false`
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A float.
    Float(FloatBits),
    /// A string.
    Str(StrId),
}

impl Constant {
    /// The constant that an operation makes, if it makes one.
    pub const fn of(op: Op) -> Option<Constant> {
        Some(match op {
            Op::Nil => Constant::Nil,
            Op::True => Constant::Bool(true),
            Op::False => Constant::Bool(false),
            Op::Int(value) => Constant::Int(value),
            Op::Float(value) => Constant::Float(value),
            Op::Str(value) => Constant::Str(value),
            _ => return None,
        })
    }

    /// The operation that makes the constant.
    pub const fn op(self) -> Op {
        match self {
            Constant::Nil => Op::Nil,
            Constant::Bool(true) => Op::True,
            Constant::Bool(false) => Op::False,
            Constant::Int(value) => Op::Int(value),
            Constant::Float(value) => Op::Float(value),
            Constant::Str(value) => Op::Str(value),
        }
    }

    /// Whether conditions take the constant as true.
    pub const fn is_truthy(self) -> bool {
        !matches!(self, Constant::Nil | Constant::Bool(false))
    }

    fn num(self) -> Option<Num> {
        match self {
            Constant::Int(value) => Some(Num::Int(value)),
            Constant::Float(value) => Some(Num::Float(value.get())),
            _ => None,
        }
    }
}

impl From<Num> for Constant {
    fn from(num: Num) -> Constant {
        match num {
            Num::Int(value) => Constant::Int(value),
            Num::Float(value) => Constant::Float(FloatBits::new(value)),
        }
    }
}

impl Function {
    /// The constant that a value is, if its definition makes one.
    pub fn constant(&self, value: Value) -> Option<Constant> {
        Constant::of(self.op(self.def_inst(value)?))
    }
}

/// The result of a unary operation on a constant, if it may be computed now.
pub(super) fn eval_unary(op: UnOp, x: Constant) -> Option<Constant> {
    match op {
        UnOp::Not => Some(Constant::Bool(!x.is_truthy())),
        UnOp::Unm => fold_arith(ArithOp::Unm, x.num()?, x.num()?).map(Constant::from),
        UnOp::BNot => fold_arith(ArithOp::BNot, x.num()?, x.num()?).map(Constant::from),
        // The reference implementation does not fold lengths.
        UnOp::Len => None,
    }
}

/// The result of an arithmetic operation on constants, if it may be computed now: not for strings,
/// zero divisors, and results that are NaN or a float zero.
pub(super) fn eval_binary(op: BinOp, x: Constant, y: Constant) -> Option<Constant> {
    fold_arith(op.arith(), x.num()?, y.num()?).map(Constant::from)
}

/// The result of a comparison of constants. The order of strings depends on the locale, and that of
/// other types raises an error.
pub(super) fn eval_compare(op: CmpOp, x: Constant, y: Constant) -> Option<Constant> {
    let nums = x.num().zip(y.num());
    Some(Constant::Bool(match op {
        CmpOp::Eq => nums.map_or(x == y, |(x, y)| num_eq(x, y)),
        CmpOp::Lt => nums.map(|(x, y)| num_lt(x, y))?,
        CmpOp::Le => nums.map(|(x, y)| num_le(x, y))?,
    }))
}

/// The result of an instruction whose operands are the given constants.
pub(super) fn eval(op: Op, args: &[Constant]) -> Option<Constant> {
    match (op, args) {
        (Op::Unary(op), &[x]) => eval_unary(op, x),
        (Op::Binary(op), &[x, y]) => eval_binary(op, x, y),
        (Op::Compare(op), &[x, y]) => eval_compare(op, x, y),
        (Op::Copy, &[x]) => Some(x),
        _ => Constant::of(op),
    }
}

/// Folds operations on constants, and turns branches on `not x` and `x == nil` into simpler ones.
///
/// In reverse postorder definitions come before uses except around loops, so one walk finds most;
/// [`sparse_conditional_constants`](super::sparse_conditional_constants) finds the others.
pub fn fold(func: &mut Function) {
    // Unreachable blocks are left alone: values there may depend on themselves.
    let cfg = Cfg::new(func);
    for &block in cfg.rpo() {
        for at in 0..func.insts(block).len() {
            let inst = func.insts(block)[at];
            match func.op(inst) {
                Op::Unary(UnOp::Not) => {
                    // `not not not x` is `not x`, so no chain gets longer than two.
                    if let Some(twice) = negated(func, func.args(inst)[0])
                        && let Some(thrice) = negated(func, twice)
                    {
                        func.set_arg(inst, 0, thrice);
                    }
                    fold_inst(func, inst);
                }
                Op::Unary(_) | Op::Binary(_) | Op::Compare(_) => fold_inst(func, inst),
                Op::Branch | Op::BranchNil => simplify_branch(func, inst),
                _ => {}
            }
        }
    }
}

fn fold_inst(func: &mut Function, inst: Inst) {
    let mut constants = [Constant::Nil; 2];
    let args = func.args(inst);
    for (constant, &arg) in constants.iter_mut().zip(args) {
        match func.constant(arg) {
            Some(known) => *constant = known,
            None => return,
        }
    }
    if let Some(result) = eval(func.op(inst), &constants[..args.len()]) {
        func.replace_op(inst, result.op(), &[]);
    }
}

/// The operand of a `not` that defines `value`.
fn negated(func: &Function, value: Value) -> Option<Value> {
    let inst = func.def_inst(value)?;
    matches!(func.op(inst), Op::Unary(UnOp::Not)).then(|| func.args(inst)[0])
}

fn simplify_branch(func: &mut Function, branch: Inst) {
    while let Some(def) = func.def_inst(func.args(branch)[0]) {
        match (func.op(branch), func.op(def)) {
            (Op::Branch, Op::Unary(UnOp::Not)) => {
                let x = func.args(def)[0];
                func.set_arg(branch, 0, x);
                swap_edges(func, branch);
            }
            (Op::Branch, Op::Compare(CmpOp::Eq)) => {
                let [x, y] = *func.args(def) else { return };
                // Equality with nil calls no metamethod.
                let other = match (func.constant(x), func.constant(y)) {
                    (_, Some(Constant::Nil)) => x,
                    (Some(Constant::Nil), _) => y,
                    _ => break,
                };
                func.replace_op(branch, Op::BranchNil, &[other]);
            }
            _ => break,
        }
    }
    if let Some(constant) = func.constant(func.args(branch)[0]) {
        let first = match func.op(branch) {
            Op::BranchNil => constant == Constant::Nil,
            _ => constant.is_truthy(),
        };
        take_edge(func, branch, if first { 0 } else { 1 });
    }
}

fn swap_edges(func: &mut Function, branch: Inst) {
    let [first, second] = [0, 1].map(|succ| {
        let edge = EdgeRef { inst: branch, succ };
        (func.edge_target(edge), func.edge_args(edge).to_vec())
    });
    func.set_edge(EdgeRef { inst: branch, succ: 0 }, second.0, &second.1);
    func.set_edge(EdgeRef { inst: branch, succ: 1 }, first.0, &first.1);
}

/// Turns a branch into a jump along one of its edges.
pub(super) fn take_edge(func: &mut Function, branch: Inst, succ: u32) {
    if succ == 1 {
        swap_edges(func, branch);
    }
    func.replace_op(branch, Op::Jump, &[]);
}
