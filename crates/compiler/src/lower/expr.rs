//! Expressions: variables, operators, fields and constructors.

use perilune_frontend::ast::{BinaryOp, Expr, ExprId, FuncId, TableItem, UnaryOp};
use perilune_frontend::{Binding, EnvBinding, NameId, UpvalueSource};
use perilune_ir::{BinOp, Capture, CmpOp, FuncRef, UnOp, Upvalue, Value};
use perilune_lang as lang;

use super::{Lower, Storage};
use crate::source::LIST_BATCH;

impl Lower<'_, '_> {
    /// Evaluates to one value. Chains that nest to the left are walked in a loop, since they may be as
    /// long as the source.
    pub(super) fn expr(&mut self, expr: ExprId) -> Value {
        let mut chain = Vec::new();
        let bottom = self.source.spine(expr, &mut chain);
        let mut value = self.leaf(bottom);
        let mut left = bottom;
        while let Some(node) = chain.pop() {
            value = self.apply(node, left, value);
            left = node;
        }
        value
    }

    fn leaf(&mut self, expr: ExprId) -> Value {
        self.at_expr(expr);
        if let Some(constant) = self.source.literal(expr) {
            return self.constant(constant);
        }
        let chunk = self.source.chunk;
        match &chunk.exprs[expr] {
            Expr::Name(_) => self.variable(expr),
            Expr::Vararg => {
                let inst = self.vararg(1);
                self.b.func().result(inst)
            }
            Expr::Function(func) => self.closure(*func),
            Expr::Unary { op, operand } => self.unary(expr, *op, *operand),
            Expr::Binary {
                op: BinaryOp::And | BinaryOp::Or,
                ..
            } => self.logical_value(expr),
            Expr::Binary {
                op: BinaryOp::Concat, ..
            } => self.concat(expr),
            Expr::Table(items) => self.table(items),
            other => unreachable!("{other:?} is no leaf of a checked chunk"),
        }
    }

    fn variable(&mut self, expr: ExprId) -> Value {
        match self.source.names.binding(expr) {
            Binding::Local(local) => self.read_local(local),
            Binding::Upvalue(id) => self.b.get_upvalue(Upvalue::from_u32(id.0.into())),
            Binding::Global { name, env } => self.global(name, env),
            Binding::Constant(_) => unreachable!("constants are literals"),
        }
    }

    /// Reads a global.
    pub(super) fn global(&mut self, name: NameId, env: EnvBinding) -> Value {
        if let EnvBinding::Upvalue(id) = env {
            let name = self.noted(name);
            return self.b.get_global(Upvalue::from_u32(id.0.into()), name);
        }
        let table = self.environment(env);
        let name = self.noted(name);
        let key = self.b.str(name);
        let value = self.b.get_index(table, key);
        let named = self.source.env_name(env);
        self.name(0, named);
        value
    }

    /// The table of globals where it is not an upvalue.
    pub(super) fn environment(&mut self, env: EnvBinding) -> Value {
        match env {
            EnvBinding::Upvalue(id) => self.b.get_upvalue(Upvalue::from_u32(id.0.into())),
            EnvBinding::Local(local) => self.read_local(local),
            EnvBinding::Constant(local) => {
                let constant = self.source.names.locals[local].constant;
                self.constant(constant.expect("compile-time locals have a value"))
            }
        }
    }

    pub(super) fn closure(&mut self, func: FuncId) -> Value {
        let mut captures = Vec::new();
        for upvalue in &self.source.names.function(func).upvalues {
            captures.push(match upvalue.source {
                UpvalueSource::ParentLocal(local) => Capture::Cell(match self.storage.get(local).copied() {
                    Some(Storage::Cell(cell) | Storage::Value { cell: Some(cell), .. }) => cell,
                    Some(_) => unreachable!("the resolver knows what is captured"),
                    None => {
                        // Control never gets here.
                        let nil = self.b.nil();
                        self.b.new_cell(nil)
                    }
                }),
                UpvalueSource::ParentUpvalue(id) => Capture::Upvalue(Upvalue::from_u32(id.0.into())),
                UpvalueSource::Environment => unreachable!("only the main function takes the environment"),
            });
        }
        self.b.closure(FuncRef::from_u32(self.numbers[func]), &captures)
    }

    /// The node of a chain whose left part is evaluated already.
    fn apply(&mut self, node: ExprId, left: ExprId, value: Value) -> Value {
        let chunk = self.source.chunk;
        match &chunk.exprs[node] {
            Expr::Paren(_) => value,
            Expr::Field { name, .. } => {
                let name = self.noted(*name);
                let key = self.b.str(name);
                if self.source.is_bare_vararg(self.info, left) {
                    return self.b.get_vararg(key);
                }
                self.get(node, left, value, key)
            }
            Expr::Index { key, .. } => {
                let key = self.expr(*key);
                if self.source.is_bare_vararg(self.info, left) {
                    return self.b.get_vararg(key);
                }
                self.get(node, left, value, key)
            }
            Expr::Call { .. } | Expr::MethodCall { .. } => {
                let inst = self.finish_call(node, left, value, 1);
                self.b.func().result(inst)
            }
            Expr::Binary { op, lhs, rhs } => {
                let other = self.expr(*rhs);
                self.at_expr(node);
                if let Some(comparison) = op.comparison() {
                    let compared = self.compare(comparison.op, comparison.swap, value, other);
                    return if comparison.negate {
                        self.b.unary(UnOp::Not, compared)
                    } else {
                        compared
                    };
                }
                let result = self.b.binary(binary_op(*op), value, other);
                self.name_expr(0, *lhs);
                self.name_expr(1, *rhs);
                result
            }
            other => unreachable!("{other:?} has no left part"),
        }
    }

    fn get(&mut self, node: ExprId, object: ExprId, table: Value, key: Value) -> Value {
        self.at_expr(node);
        let value = self.b.get_index(table, key);
        self.name_expr(0, object);
        value
    }

    pub(super) fn compare(&mut self, op: lang::CmpOp, swap: bool, left: Value, right: Value) -> Value {
        let op = match op {
            lang::CmpOp::Eq => CmpOp::Eq,
            lang::CmpOp::Lt => CmpOp::Lt,
            lang::CmpOp::Le => CmpOp::Le,
        };
        let (left, right) = if swap { (right, left) } else { (left, right) };
        self.b.compare(op, left, right)
    }

    fn unary(&mut self, node: ExprId, op: UnaryOp, inner: ExprId) -> Value {
        if op == UnaryOp::Not && self.is_logical(inner) {
            return self.condition_value(node);
        }
        let value = self.expr(inner);
        self.at_expr(node);
        let result = self.b.unary(
            match op {
                UnaryOp::Neg => UnOp::Unm,
                UnaryOp::Not => UnOp::Not,
                UnaryOp::BNot => UnOp::BNot,
                UnaryOp::Len => UnOp::Len,
            },
            value,
        );
        if op != UnaryOp::Not {
            self.name_expr(0, inner);
        }
        result
    }

    fn concat(&mut self, node: ExprId) -> Value {
        let operands = self.source.concat_chain(node);
        let values: Vec<Value> = operands.iter().map(|&operand| self.expr(operand)).collect();
        self.at_expr(self.source.concat_last(node));
        let result = self.b.concat(&values);
        for (i, &operand) in operands.iter().enumerate() {
            self.name_expr(i as u32, operand);
        }
        result
    }

    fn table(&mut self, items: &[TableItem]) -> Value {
        let positional = items
            .iter()
            .filter(|item| matches!(item, TableItem::Positional(_)))
            .count();
        let open = matches!(items.last(), Some(TableItem::Positional(last)) if self.source.is_multi(*last));
        let array = self.source.array_hint(items, positional) as u32;
        let table = self
            .b
            .new_table(array, self.source.record_hint(items.len() - positional) as u32);
        let mut stored = 0;
        let mut pending = Vec::new();
        for (i, item) in items.iter().enumerate() {
            match *item {
                TableItem::Positional(value) if open && i + 1 == items.len() => {
                    let value = self.open(value);
                    pending.push(value);
                }
                TableItem::Positional(value) => {
                    let value = self.expr(value);
                    pending.push(value);
                    if pending.len() == LIST_BATCH && i + 1 < items.len() {
                        self.b.set_list(table, stored + 1, &pending);
                        stored += pending.len() as u32;
                        pending.clear();
                    }
                }
                TableItem::Named { name, value, line } => {
                    let name = self.noted(name);
                    let key = self.b.str(name);
                    self.store_item(table, key, value, line);
                }
                TableItem::Keyed { key, value, line } => {
                    let key = self.expr(key);
                    self.store_item(table, key, value, line);
                }
            }
        }
        if !pending.is_empty() {
            self.b.set_list(table, stored + 1, &pending);
        }
        table
    }

    fn store_item(&mut self, table: Value, key: Value, value: ExprId, line: u32) {
        let value = self.expr(value);
        self.at(line);
        self.b.set_index(table, key, value);
    }
}

fn binary_op(op: BinaryOp) -> BinOp {
    match op {
        BinaryOp::Add => BinOp::Add,
        BinaryOp::Sub => BinOp::Sub,
        BinaryOp::Mul => BinOp::Mul,
        BinaryOp::Mod => BinOp::Mod,
        BinaryOp::Pow => BinOp::Pow,
        BinaryOp::Div => BinOp::Div,
        BinaryOp::IDiv => BinOp::IDiv,
        BinaryOp::BAnd => BinOp::BAnd,
        BinaryOp::BOr => BinOp::BOr,
        BinaryOp::BXor => BinOp::BXor,
        BinaryOp::Shl => BinOp::Shl,
        BinaryOp::Shr => BinOp::Shr,
        other => unreachable!("{other:?} is no arithmetic operator"),
    }
}
