//! Loops.

use perilune_frontend::ast::{BlockId, ExprId, Stmt, StmtId};

use super::Lower;
use crate::source::{NameText, Named, NamedKind};

impl Lower<'_, '_> {
    pub(super) fn while_loop(&mut self, stmt: StmtId, cond: ExprId, body: BlockId) {
        let (head, inside, exit) = (self.b.create_block(), self.b.create_block(), self.b.create_block());
        self.breaks.insert(stmt, exit);
        self.b.jump(head, &[]);
        self.b.switch_to(head);
        self.cond(cond, inside, exit);
        self.enter(inside);
        self.block(body);
        self.fall_into(head);
        self.b.seal_block(head);
        self.enter(exit);
    }

    pub(super) fn repeat_loop(&mut self, stmt: StmtId, body: BlockId, cond: ExprId) {
        let (head, exit) = (self.b.create_block(), self.b.create_block());
        self.breaks.insert(stmt, exit);
        self.b.jump(head, &[]);
        self.b.switch_to(head);
        let (keep, kept) = (self.closing.len(), self.kept());
        self.statements(body);
        self.forget(kept);
        if self.reachable() {
            match self.closing.get(keep).copied() {
                None => self.cond(cond, exit, head),
                Some(closing) => {
                    // The condition sees the body's variables, which are closed after it on both ways.
                    let (done, again) = (self.b.create_block(), self.b.create_block());
                    self.cond(cond, done, again);
                    self.enter(again);
                    self.b.close(closing.scope);
                    self.b.jump(head, &[]);
                    self.enter(done);
                    self.b.close(closing.scope);
                    self.b.jump(exit, &[]);
                }
            }
        }
        self.closing.truncate(keep);
        self.seal_labels(body);
        self.b.seal_block(head);
        self.enter(exit);
    }

    pub(super) fn numeric_for(&mut self, stmt: StmtId) {
        let chunk = self.source.chunk;
        let Stmt::NumericFor {
            start,
            limit,
            step,
            body,
            prep_line,
            ..
        } = &chunk.stmts[stmt]
        else {
            unreachable!("the caller saw a numeric for");
        };
        let start = self.expr(*start);
        let limit = self.expr(*limit);
        let step = match step {
            Some(step) => self.expr(*step),
            None => self.b.int(1),
        };
        let (inside, exit) = (self.b.create_block(), self.b.create_block());
        self.breaks.insert(stmt, exit);
        let index = self.b.block_param(inside);
        let count = self.b.block_param(inside);
        self.at(*prep_line);
        let prep = self.b.for_prep([start, limit, step], (inside, &[]), (exit, &[]));
        let step = self.b.func().results(prep)[2];
        self.b.switch_to(inside);
        self.at(chunk.stmt_line(stmt));
        let kept = self.kept();
        self.define(self.source.names.declared(stmt).get(0), index);
        self.block(*body);
        self.forget(kept);
        if self.reachable() {
            self.at(chunk.stmt_line(stmt));
            self.b.for_loop([index, count, step], (inside, &[]), (exit, &[]));
        }
        self.b.seal_block(inside);
        self.enter(exit);
    }

    pub(super) fn generic_for(&mut self, stmt: StmtId) {
        let chunk = self.source.chunk;
        let Stmt::GenericFor {
            values,
            body,
            call_line,
            ..
        } = &chunk.stmts[stmt]
        else {
            unreachable!("the caller saw a generic for");
        };
        let vars = self.source.names.declared(stmt);
        let may_close = values.len() >= 4 || values.last().is_some_and(|&last| self.source.is_multi(last));
        let list = self.list(values, if may_close { 4 } else { 3 });
        let keep = self.closing.len();
        if may_close {
            let level = self.source.names.locals[vars.get(0)].level.saturating_sub(1);
            let named = Named {
                kind: NamedKind::Local,
                name: NameText::Fixed("(for state)"),
            };
            self.open_scope(list[3], level, Some(named));
        }
        let (head, inside, exit) = (self.b.create_block(), self.b.create_block(), self.b.create_block());
        self.breaks.insert(stmt, exit);
        let control = self.b.block_param(head);
        self.b.jump(head, &[list[2]]);
        self.b.switch_to(head);
        self.at(*call_line);
        let call = self.b.for_call(list[0], list[1], control, vars.len());
        self.b
            .name_operand(0, perilune_ir::NameKind::ForIterator, b"for iterator");
        let results = self.b.func().results(call).to_vec();
        self.b.branch_nil(results[0], (exit, &[]), (inside, &[]));
        self.enter(inside);
        let kept = self.kept();
        for (var, &value) in vars.iter().zip(&results) {
            self.define(var, value);
        }
        self.block(*body);
        self.forget(kept);
        if self.reachable() {
            self.b.jump(head, &[results[0]]);
        }
        self.b.seal_block(head);
        self.enter(exit);
        self.at(*call_line);
        self.leave(keep);
    }
}
