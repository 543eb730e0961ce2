//! Expressions: operands, operators, variables, fields and constructors.

use perilune_bytecode::{self as bytecode, Cache, Count, Imm, Op, Reg, Upvalue, Wide};
use perilune_frontend::ast::{BinaryOp, Expr, ExprId, TableItem, UnaryOp};
use perilune_frontend::{Binding, Constant, EnvBinding, NameId};

use super::Baseline;
use super::call::Results;
use crate::source::{LIST_BATCH, fold_binary, fold_unary, size_hint};

/// What an expression came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Operand {
    /// The value in a slot: that of a local, or a temporary on top of the others.
    Slot(u16),
    /// A constant that no slot holds yet.
    Constant(Constant),
}

/// How a field is named.
#[derive(Clone, Copy, Debug)]
pub(super) enum Key {
    Field(bytecode::Const),
    Int(Imm),
    Slot(u16),
}

impl Baseline<'_> {
    /// Evaluates to a constant or a slot.
    pub(super) fn operand(&mut self, expr: ExprId) -> Operand {
        self.eval(expr, None)
    }

    /// Evaluates into some slot: that of a local, or a new temporary.
    pub(super) fn any(&mut self, expr: ExprId) -> u16 {
        let operand = self.operand(expr);
        self.in_slot(operand)
    }

    /// Evaluates into a new temporary.
    pub(super) fn next(&mut self, expr: ExprId) -> u16 {
        let mark = self.free;
        let operand = self.operand(expr);
        self.at_expr(expr);
        self.on_top(operand, mark)
    }

    /// Evaluates into `slot`, which the expression does not read.
    pub(super) fn to(&mut self, expr: ExprId, slot: u16) {
        self.eval(expr, Some(slot));
    }

    /// Makes sure that an operand is in the slot `mark`, the first free one before it was evaluated.
    pub(super) fn on_top(&mut self, operand: Operand, mark: u16) -> u16 {
        match operand {
            Operand::Slot(slot) if slot == mark && self.free == mark + 1 => slot,
            Operand::Slot(slot) => {
                let dst = self.reserve(1);
                self.move_to(dst, slot);
                dst
            }
            Operand::Constant(_) => self.in_slot(operand),
        }
    }

    pub(super) fn in_slot(&mut self, operand: Operand) -> u16 {
        match operand {
            Operand::Slot(slot) => slot,
            Operand::Constant(constant) => {
                let slot = self.reserve(1);
                self.load(slot, constant);
                slot
            }
        }
    }

    /// Where a result goes: to the slot wanted, else to a new temporary.
    pub(super) fn target(&mut self, want: Option<u16>) -> u16 {
        want.unwrap_or_else(|| self.reserve(1))
    }

    /// Evaluates; into the slot wanted if there is one. Chains that nest to the left are walked in a
    /// loop, since they may be as long as the source.
    fn eval(&mut self, expr: ExprId, want: Option<u16>) -> Operand {
        // The chains of the expressions around this one lie below it.
        let base = self.spines.len();
        let bottom = self.source.spine(expr, &mut self.spines);
        let mark = self.free;
        let is_last = |code: &Self| code.spines.len() == base;
        let mut value = self.leaf(bottom, want.filter(|_| is_last(self)));
        let mut left = bottom;
        while self.spines.len() > base
            && let Some(node) = self.spines.pop()
        {
            value = self.apply(node, left, value, mark, want.filter(|_| is_last(self)));
            left = node;
        }
        value
    }

    fn done(&mut self, slot: u16) -> Operand {
        self.mark(slot);
        Operand::Slot(slot)
    }

    fn constant_operand(&mut self, constant: Constant, want: Option<u16>) -> Operand {
        match want {
            Some(slot) => {
                self.load(slot, constant);
                Operand::Slot(slot)
            }
            None => Operand::Constant(constant),
        }
    }

    fn leaf(&mut self, expr: ExprId, want: Option<u16>) -> Operand {
        if let Some(constant) = self.source.literal(expr) {
            return self.constant_operand(constant, want);
        }
        self.at_expr(expr);
        let chunk = self.source.chunk;
        match &chunk.exprs[expr] {
            Expr::Name(_) => self.variable(expr, want),
            Expr::Vararg => {
                let slot = self.target(want);
                self.multi(expr, Results::One(Some(slot)));
                Operand::Slot(slot)
            }
            Expr::Function(func) => {
                let slot = self.target(want);
                self.closure(slot, *func);
                Operand::Slot(slot)
            }
            Expr::Unary { op, operand } => self.unary(expr, *op, *operand, want),
            Expr::Binary {
                op: BinaryOp::And | BinaryOp::Or,
                ..
            } => self.logical_value(expr, want),
            Expr::Binary {
                op: BinaryOp::Concat, ..
            } => self.concat(expr, want),
            Expr::Table(items) => self.table(items, want),
            other => unreachable!("{other:?} is no leaf of a checked chunk"),
        }
    }

    fn variable(&mut self, expr: ExprId, want: Option<u16>) -> Operand {
        match self.source.names.binding(expr) {
            Binding::Local(local) => {
                let slot = self.places.slots[local];
                if self.source.names.locals[local].captured {
                    let dst = self.target(want);
                    self.emit(Op::GetCell {
                        dst: Reg(dst),
                        cell: Reg(slot),
                    });
                    return self.done(dst);
                }
                match want {
                    Some(dst) => {
                        self.move_to(dst, slot);
                        Operand::Slot(dst)
                    }
                    None => Operand::Slot(slot),
                }
            }
            Binding::Upvalue(id) => {
                let dst = self.target(want);
                self.emit(Op::GetUpvalue {
                    dst: Reg(dst),
                    upvalue: Upvalue(id.0.into()),
                });
                self.done(dst)
            }
            Binding::Global { name, env } => {
                let dst = self.global(name, env, want);
                Operand::Slot(dst)
            }
            Binding::Constant(_) => unreachable!("constants are literals"),
        }
    }

    /// Reads a global.
    pub(super) fn global(&mut self, name: NameId, env: EnvBinding, want: Option<u16>) -> u16 {
        let named = self.source.env_name(env);
        if let EnvBinding::Upvalue(id) = env
            && let Some(key) = self.short_constant(Constant::String(name))
        {
            let dst = self.target(want);
            let env = Upvalue(id.0.into());
            self.emit(Op::GetGlobal {
                dst: Reg(dst),
                env,
                key,
                cache: Cache::EMPTY,
                holder: Cache::EMPTY,
            });
            self.name(0, named);
            self.mark(dst);
            return dst;
        }
        let mark = self.free;
        let table = self.environment(env);
        let key = self.field_key(name);
        let dst = want.unwrap_or(mark);
        self.get_at(dst, table, key, mark, want);
        self.name(0, named);
        dst
    }

    /// The table of globals in a slot.
    pub(super) fn environment(&mut self, env: EnvBinding) -> u16 {
        match env {
            EnvBinding::Upvalue(id) => {
                let slot = self.reserve(1);
                self.emit(Op::GetUpvalue {
                    dst: Reg(slot),
                    upvalue: Upvalue(id.0.into()),
                });
                self.mark(slot);
                slot
            }
            EnvBinding::Local(local) if self.source.names.locals[local].captured => {
                let slot = self.reserve(1);
                self.emit(Op::GetCell {
                    dst: Reg(slot),
                    cell: Reg(self.places.slots[local]),
                });
                self.mark(slot);
                slot
            }
            EnvBinding::Local(local) => self.places.slots[local],
            EnvBinding::Constant(local) => {
                let constant = self.source.names.locals[local].constant.unwrap_or(Constant::Nil);
                self.in_slot(Operand::Constant(constant))
            }
        }
    }

    // Fields.

    pub(super) fn field_key(&mut self, name: NameId) -> Key {
        match self.short_constant(Constant::String(name)) {
            Some(key) => Key::Field(key),
            None => Key::Slot(self.in_slot(Operand::Constant(Constant::String(name)))),
        }
    }

    pub(super) fn index_key(&mut self, key: ExprId) -> Key {
        match self.operand(key) {
            Operand::Constant(Constant::String(name)) => self.field_key(name),
            Operand::Constant(Constant::Integer(n)) if i16::try_from(n).is_ok() => Key::Int(Imm(n as i16)),
            operand => Key::Slot(self.in_slot(operand)),
        }
    }

    fn get(&mut self, dst: u16, table: u16, key: Key) {
        let (dst_reg, table) = (Reg(dst), Reg(table));
        self.emit(match key {
            Key::Field(key) => Op::GetField {
                dst: dst_reg,
                table,
                key,
                cache: Cache::EMPTY,
                holder: Cache::EMPTY,
            },
            Key::Int(key) => Op::GetInt {
                dst: dst_reg,
                table,
                key,
            },
            Key::Slot(key) => Op::GetIndex {
                dst: dst_reg,
                table,
                key: Reg(key),
            },
        });
        self.mark(dst);
    }

    /// Stores a value in a field.
    pub(super) fn set(&mut self, table: u16, key: Key, value: Operand) {
        let table = Reg(table);
        let constant = match value {
            Operand::Constant(constant) => self.short_constant(constant),
            Operand::Slot(_) => None,
        };
        let (cache, next) = (Cache::EMPTY, Cache::EMPTY);
        let op = match (key, constant) {
            (Key::Field(key), Some(value)) => Op::SetFieldK {
                table,
                key,
                value,
                cache,
                next,
            },
            (Key::Int(key), Some(value)) => Op::SetIntK { table, key, value },
            (Key::Slot(key), Some(value)) => Op::SetIndexK {
                table,
                key: Reg(key),
                value,
            },
            (key, None) => {
                let value = Reg(self.in_slot(value));
                match key {
                    Key::Field(key) => Op::SetField {
                        table,
                        key,
                        value,
                        cache,
                        next,
                    },
                    Key::Int(key) => Op::SetInt { table, key, value },
                    Key::Slot(key) => Op::SetIndex {
                        table,
                        key: Reg(key),
                        value,
                    },
                }
            }
        };
        self.emit(op);
    }

    // Operators.

    /// The node of a chain whose left part is evaluated already.
    fn apply(&mut self, node: ExprId, left: ExprId, value: Operand, mark: u16, want: Option<u16>) -> Operand {
        let chunk = self.source.chunk;
        match &chunk.exprs[node] {
            Expr::Paren(_) => match (value, want) {
                (Operand::Constant(constant), want) => self.constant_operand(constant, want),
                (Operand::Slot(slot), Some(dst)) => {
                    self.move_to(dst, slot);
                    self.release(mark);
                    Operand::Slot(dst)
                }
                (value, None) => value,
            },
            Expr::Field { .. } | Expr::Index { .. } if self.source.is_bare_vararg(self.info, left) => {
                let key = match chunk.exprs[node] {
                    Expr::Index { key, .. } => self.operand(key),
                    Expr::Field { name, .. } => Operand::Constant(Constant::String(name)),
                    _ => unreachable!("the guard says so"),
                };
                let key = Reg(self.in_slot(key));
                self.ensure_target(mark, want);
                let dst = want.unwrap_or(mark);
                self.emit(Op::GetVararg { dst: Reg(dst), key });
                self.keep_result(mark, want);
                self.done(dst)
            }
            Expr::Field { name, .. } => {
                let table = self.in_slot(value);
                let key = self.field_key(*name);
                self.finish_get(node, left, table, key, mark, want)
            }
            Expr::Index { key, .. } => {
                let table = self.in_slot(value);
                let key = self.index_key(*key);
                self.finish_get(node, left, table, key, mark, want)
            }
            Expr::Call { .. } | Expr::MethodCall { .. } => {
                self.finish_call(node, left, value, mark, Results::One(want));
                Operand::Slot(want.unwrap_or(mark))
            }
            Expr::Binary { op, rhs, .. } if op.comparison().is_some() => {
                self.comparison_value(node, *op, value, *rhs, mark, want)
            }
            Expr::Binary { op, lhs, rhs } => self.arithmetic(node, *op, (*lhs, value), *rhs, mark, want),
            other => unreachable!("{other:?} has no left part"),
        }
    }

    fn finish_get(
        &mut self,
        node: ExprId,
        object: ExprId,
        table: u16,
        key: Key,
        mark: u16,
        want: Option<u16>,
    ) -> Operand {
        self.at_expr(node);
        // The safepoint lists what the instruction reads, so its slots are given back after it only
        // where the result does not need their place.
        let dst = want.unwrap_or(mark);
        self.get_at(dst, table, key, mark, want);
        self.name_expr(0, object);
        Operand::Slot(dst)
    }

    fn get_at(&mut self, dst: u16, table: u16, key: Key, mark: u16, want: Option<u16>) {
        self.ensure_target(mark, want);
        self.get(dst, table, key);
        self.keep_result(mark, want);
    }

    /// Before an instruction whose result goes to `want` or to `mark`: the frame has that slot.
    fn ensure_target(&mut self, mark: u16, want: Option<u16>) {
        if want.is_none() && self.free == mark {
            self.reserve(1);
        }
    }

    /// After it: nothing above the result is in use.
    fn keep_result(&mut self, mark: u16, want: Option<u16>) {
        self.release(if want.is_none() { mark + 1 } else { mark });
    }

    fn arithmetic(
        &mut self,
        node: ExprId,
        op: BinaryOp,
        (lhs, left): (ExprId, Operand),
        rhs: ExprId,
        mark: u16,
        want: Option<u16>,
    ) -> Operand {
        let numeral = matches!(left, Operand::Constant(Constant::Integer(_) | Constant::Float(_)));
        // A number is loaded after the right operand is known, since the two may fold.
        let left = if numeral {
            left
        } else {
            Operand::Slot(self.in_slot(left))
        };
        let right = self.operand(rhs);
        if let (Operand::Constant(a), Operand::Constant(b)) = (left, right)
            && let Some(folded) = fold_binary(op, a, b)
        {
            self.release(mark);
            return self.constant_operand(folded, want);
        }
        let l = Reg(self.in_slot(left));
        let with_constant = match right {
            Operand::Constant(constant) => self.arithmetic_k(op, constant),
            Operand::Slot(_) => None,
        };
        let right = match with_constant {
            Some(_) => Reg(0),
            None => Reg(self.in_slot(right)),
        };
        self.ensure_target(mark, want);
        let slot = want.unwrap_or(mark);
        let dst = Reg(slot);
        self.at_expr(node);
        let plain = with_constant.is_none();
        self.emit(match with_constant {
            Some(make) => make.op(dst, l),
            None => binary_op(op, dst, l, right),
        });
        self.name_expr(0, lhs);
        if plain {
            self.name_expr(1, rhs);
        }
        self.keep_result(mark, want);
        self.done(slot)
    }

    /// The form of an operator with a constant on its right, if it has one for this constant.
    fn arithmetic_k(&mut self, op: BinaryOp, constant: Constant) -> Option<WithConstant> {
        if let Constant::Integer(n) = constant
            && let Ok(n) = i16::try_from(n)
            && matches!(op, BinaryOp::Add | BinaryOp::Sub | BinaryOp::Shl | BinaryOp::Shr)
        {
            return Some(WithConstant::Immediate(op, Imm(n)));
        }
        let fits = match op {
            BinaryOp::BAnd | BinaryOp::BOr | BinaryOp::BXor => matches!(constant, Constant::Integer(_)),
            BinaryOp::Shl | BinaryOp::Shr => false,
            _ => matches!(constant, Constant::Integer(_) | Constant::Float(_)),
        };
        if !fits {
            return None;
        }
        Some(WithConstant::Constant(op, self.short_constant(constant)?))
    }

    fn unary(&mut self, node: ExprId, op: UnaryOp, inner: ExprId, want: Option<u16>) -> Operand {
        let mark = self.free;
        if op == UnaryOp::Not && self.is_condition(inner) {
            return self.condition_value(node, want);
        }
        let value = self.operand(inner);
        if let Operand::Constant(constant) = value
            && let Some(folded) = fold_unary(op, constant)
        {
            return self.constant_operand(folded, want);
        }
        let src = Reg(self.in_slot(value));
        self.ensure_target(mark, want);
        let slot = want.unwrap_or(mark);
        let dst = Reg(slot);
        self.at_expr(node);
        self.emit(match op {
            UnaryOp::Neg => Op::Unm { dst, src },
            UnaryOp::BNot => Op::BNot { dst, src },
            UnaryOp::Not => Op::Not { dst, src },
            UnaryOp::Len => Op::Len { dst, src },
        });
        if op != UnaryOp::Not {
            self.name_expr(0, inner);
        }
        self.keep_result(mark, want);
        self.done(slot)
    }

    fn concat(&mut self, node: ExprId, want: Option<u16>) -> Operand {
        let mark = self.free;
        let operands = self.source.concat_chain(node);
        for &operand in &operands {
            self.next(operand);
        }
        let slot = want.unwrap_or(mark);
        self.at_expr(self.source.concat_last(node));
        self.emit(Op::Concat {
            dst: Reg(slot),
            first: Reg(mark),
            count: Count(operands.len() as u16),
        });
        for (i, &operand) in operands.iter().enumerate() {
            self.name_expr(i as u16, operand);
        }
        self.keep_result(mark, want);
        self.done(slot)
    }

    // Constructors.

    fn table(&mut self, items: &[TableItem], want: Option<u16>) -> Operand {
        let positional = items
            .iter()
            .filter(|item| matches!(item, TableItem::Positional(_)))
            .count();
        let open = matches!(items.last(), Some(TableItem::Positional(last)) if self.source.is_multi(*last));
        let array = Count(size_hint(self.source.array_hint(items, positional)));
        let record = Count(size_hint(self.source.record_hint(items.len() - positional)));
        let slot = self.target(want);
        self.emit(Op::NewTable {
            dst: Reg(slot),
            array,
            record,
        });
        self.mark(slot);
        let mark = self.free;
        let (mut stored, mut pending) = (0_u32, 0_u16);
        for (i, item) in items.iter().enumerate() {
            match *item {
                TableItem::Positional(value) if open && i + 1 == items.len() => {
                    self.multi(value, Results::Open);
                    let (table, first, fixed) = (Reg(slot), Reg(mark), Count(pending));
                    self.emit(Op::SetListOpen {
                        table,
                        first,
                        fixed,
                        start: Wide(stored + 1),
                    });
                    pending = 0;
                }
                TableItem::Positional(value) => {
                    self.next(value);
                    pending += 1;
                    if usize::from(pending) == LIST_BATCH {
                        self.flush(slot, mark, &mut stored, &mut pending);
                    }
                }
                TableItem::Named { name, value, line } => {
                    let top = self.free;
                    let key = self.field_key(name);
                    self.store_item(slot, key, value, line);
                    self.release(top);
                }
                TableItem::Keyed { key, value, line } => {
                    let top = self.free;
                    let key = self.index_key(key);
                    self.store_item(slot, key, value, line);
                    self.release(top);
                }
            }
        }
        self.flush(slot, mark, &mut stored, &mut pending);
        Operand::Slot(slot)
    }

    fn store_item(&mut self, table: u16, key: Key, value: ExprId, line: u32) {
        let value = self.operand(value);
        let value = match value {
            Operand::Constant(constant) if self.short_constant(constant).is_none() => {
                Operand::Slot(self.in_slot(value))
            }
            value => value,
        };
        self.at(line);
        self.set(table, key, value);
    }

    fn flush(&mut self, table: u16, mark: u16, stored: &mut u32, pending: &mut u16) {
        if *pending > 0 {
            let (table, first, count) = (Reg(table), Reg(mark), Count(*pending));
            self.emit(Op::SetList {
                table,
                first,
                count,
                start: Wide(*stored + 1),
            });
            *stored += u32::from(*pending);
            *pending = 0;
        }
        self.release(mark);
    }
}

/// An operator with its right operand fixed.
#[derive(Clone, Copy, Debug)]
enum WithConstant {
    Immediate(BinaryOp, Imm),
    Constant(BinaryOp, bytecode::Const),
}

impl WithConstant {
    fn op(self, dst: Reg, lhs: Reg) -> Op {
        match self {
            WithConstant::Immediate(BinaryOp::Add, rhs) => Op::AddI { dst, lhs, rhs },
            WithConstant::Immediate(BinaryOp::Sub, rhs) => Op::SubI { dst, lhs, rhs },
            WithConstant::Immediate(BinaryOp::Shl, rhs) => Op::ShlI { dst, lhs, rhs },
            WithConstant::Immediate(_, rhs) => Op::ShrI { dst, lhs, rhs },
            WithConstant::Constant(op, rhs) => match op {
                BinaryOp::Add => Op::AddK { dst, lhs, rhs },
                BinaryOp::Sub => Op::SubK { dst, lhs, rhs },
                BinaryOp::Mul => Op::MulK { dst, lhs, rhs },
                BinaryOp::Mod => Op::ModK { dst, lhs, rhs },
                BinaryOp::Pow => Op::PowK { dst, lhs, rhs },
                BinaryOp::Div => Op::DivK { dst, lhs, rhs },
                BinaryOp::IDiv => Op::IDivK { dst, lhs, rhs },
                BinaryOp::BAnd => Op::BAndK { dst, lhs, rhs },
                BinaryOp::BOr => Op::BOrK { dst, lhs, rhs },
                BinaryOp::BXor => Op::BXorK { dst, lhs, rhs },
                other => unreachable!("{other:?} has no form with a constant"),
            },
        }
    }
}

fn binary_op(op: BinaryOp, dst: Reg, lhs: Reg, rhs: Reg) -> Op {
    match op {
        BinaryOp::Add => Op::Add { dst, lhs, rhs },
        BinaryOp::Sub => Op::Sub { dst, lhs, rhs },
        BinaryOp::Mul => Op::Mul { dst, lhs, rhs },
        BinaryOp::Mod => Op::Mod { dst, lhs, rhs },
        BinaryOp::Pow => Op::Pow { dst, lhs, rhs },
        BinaryOp::Div => Op::Div { dst, lhs, rhs },
        BinaryOp::IDiv => Op::IDiv { dst, lhs, rhs },
        BinaryOp::BAnd => Op::BAnd { dst, lhs, rhs },
        BinaryOp::BOr => Op::BOr { dst, lhs, rhs },
        BinaryOp::BXor => Op::BXor { dst, lhs, rhs },
        BinaryOp::Shl => Op::Shl { dst, lhs, rhs },
        BinaryOp::Shr => Op::Shr { dst, lhs, rhs },
        other => unreachable!("{other:?} is no arithmetic operator"),
    }
}
