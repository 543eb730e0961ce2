//! Calls, varargs, and lists of expressions.

use perilune_frontend::ast::{Expr, ExprId};
use perilune_ir::{Inst, Value};

use super::Lower;
use crate::source::Named;

impl Lower<'_, '_> {
    /// Callee and arguments of a call whose callee, or receiver, is evaluated.
    fn call_parts(&mut self, node: ExprId, left: ExprId, value: Value) -> (Value, Vec<Value>, Option<Named>) {
        let chunk = self.source.chunk;
        let (callee, mut values, args, named) = match &chunk.exprs[node] {
            Expr::Call { args, .. } => (
                value,
                Vec::with_capacity(args.len()),
                args,
                self.source.operand_name(self.func, left),
            ),
            Expr::MethodCall {
                method,
                method_line,
                args,
                ..
            } => {
                self.at(*method_line);
                let named = self.method_name(*method);
                let (callee, object) = self.b.self_field(value, self.source.bytes(*method));
                self.name_expr(0, left);
                (callee, vec![object], args, Some(named))
            }
            other => unreachable!("{other:?} is no call"),
        };
        for (i, &arg) in args.iter().enumerate() {
            let last = i + 1 == args.len();
            let value = if last && self.source.is_multi(arg) {
                self.open(arg)
            } else {
                self.expr(arg)
            };
            values.push(value);
        }
        self.at_expr(node);
        (callee, values, named)
    }

    /// A call whose callee, or receiver, is evaluated.
    pub(super) fn finish_call(&mut self, node: ExprId, left: ExprId, value: Value, results: usize) -> Inst {
        let (callee, args, named) = self.call_parts(node, left, value);
        let inst = self.b.call(callee, &args, results);
        self.name(0, named);
        inst
    }

    /// The first results of an expression that may give several.
    pub(super) fn multi(&mut self, expr: ExprId, results: usize) -> Inst {
        let Some(left) = self.source.left_part(expr) else {
            self.at_expr(expr);
            return self.vararg(results);
        };
        let value = self.expr(left);
        self.finish_call(expr, left, value, results)
    }

    /// The first extra arguments.
    pub(super) fn vararg(&mut self, results: usize) -> Inst {
        match self.vararg_source() {
            Some(table) => self.b.vararg_from(table, results),
            None => self.b.vararg(results),
        }
    }

    /// The table that holds the extra arguments, if the function may have changed it.
    fn vararg_source(&mut self) -> Option<Value> {
        let local = self.source.vararg_table(self.info)?;
        Some(self.read_local(local))
    }

    /// All results of an expression that may give several.
    pub(super) fn open(&mut self, expr: ExprId) -> Value {
        let Some(left) = self.source.left_part(expr) else {
            self.at_expr(expr);
            return match self.vararg_source() {
                Some(table) => self.b.vararg_from_open(table),
                None => self.b.vararg_open(),
            };
        };
        let value = self.expr(left);
        let (callee, args, named) = self.call_parts(expr, left, value);
        let open = self.b.call_open(callee, &args);
        self.name(0, named);
        open
    }

    /// Returns the results of a call.
    pub(super) fn tail_call(&mut self, expr: ExprId) {
        let left = self.source.left_part(expr).expect("a call has a callee");
        let value = self.expr(left);
        let (callee, args, named) = self.call_parts(expr, left, value);
        self.b.tail_call(callee, &args);
        self.name(0, named);
    }

    /// Evaluates a list of expressions to so many values.
    pub(super) fn list(&mut self, values: &[ExprId], want: usize) -> Vec<Value> {
        let mut list = Vec::with_capacity(want);
        for (i, &value) in values.iter().enumerate() {
            if i + 1 == values.len() && self.source.is_multi(value) {
                let inst = self.multi(value, want.saturating_sub(i));
                list.extend_from_slice(self.b.func().results(inst));
            } else {
                let value = self.expr(value);
                list.push(value);
            }
        }
        while list.len() < want {
            let nil = self.b.nil();
            list.push(nil);
        }
        list.truncate(want);
        list
    }
}
