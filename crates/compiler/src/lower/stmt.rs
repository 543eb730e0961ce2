//! Statements, scopes, assignments and jumps.

use perilune_frontend::ast::{Arm, BlockId, Expr, ExprId, Stmt, StmtId};
use perilune_frontend::{Binding, EnvBinding, JumpTarget, LabelId, LocalId, LocalKind, NameId};
use perilune_ir::{Block, Upvalue, Value};

use super::{Closing, Lower, Storage};
use crate::source::{Named, NamedKind};

/// Where an assignment stores.
#[derive(Clone, Copy, Debug)]
enum Place {
    Local(LocalId),
    Upvalue(Upvalue),
    Global(NameId, EnvBinding),
    Field { object: ExprId, table: Value, key: Value },
}

impl Lower<'_, '_> {
    /// Lowers a block with its scope.
    pub(super) fn block(&mut self, block: BlockId) {
        let (keep, kept) = (self.closing.len(), self.kept());
        self.statements(block);
        self.forget(kept);
        self.leave(keep);
        self.seal_labels(block);
    }

    pub(super) fn statements(&mut self, block: BlockId) {
        let chunk = self.source.chunk;
        for &stmt in &chunk.blocks[block].stmts {
            // Nothing but a label makes code after a jump reachable again.
            if !self.reachable() && !matches!(chunk.stmts[stmt], Stmt::Label(_)) {
                continue;
            }
            self.at(chunk.stmt_line(stmt));
            self.statement(stmt);
        }
    }

    /// Closes the scopes opened since there were `keep` of them.
    pub(super) fn leave(&mut self, keep: usize) {
        if let Some(closing) = self.closing.get(keep).copied() {
            if self.reachable() {
                self.b.close(closing.scope);
            }
            self.closing.truncate(keep);
        }
    }

    /// All jumps to the labels of a finished block are known.
    pub(super) fn seal_labels(&mut self, block: BlockId) {
        let chunk = self.source.chunk;
        for &stmt in &chunk.blocks[block].stmts {
            if let Some(label) = self.source.names.label(stmt)
                && let Some(&block) = self.labels.get(label)
            {
                self.b.seal_block(block);
            }
        }
    }

    fn statement(&mut self, stmt: StmtId) {
        let chunk = self.source.chunk;
        match &chunk.stmts[stmt] {
            Stmt::Empty | Stmt::GlobalAll { .. } => {}
            Stmt::Call(call) => {
                self.multi(*call, 0);
            }
            Stmt::Assign { targets, values } => self.assign(stmt, targets, values),
            Stmt::Local { values, .. } => self.local(stmt, values),
            Stmt::LocalFunction { function, .. } => self.local_function(stmt, *function),
            Stmt::Global { values, .. } => self.global_declaration(stmt, values),
            Stmt::GlobalFunction { function, .. } => {
                let Binding::Global { name, env } = self.source.names.declared_globals(stmt)[0] else {
                    unreachable!("declared globals are globals");
                };
                let value = self.expr(*function);
                self.at(chunk.stmt_line(stmt));
                self.check_global(name, env);
                self.store(Place::Global(name, env), value);
            }
            Stmt::Function { target, function } => {
                let place = self.place(*target);
                let value = self.expr(*function);
                self.at(chunk.stmt_line(stmt));
                self.store(place, value);
            }
            Stmt::Do(body) => self.block(*body),
            Stmt::While { cond, body } => self.while_loop(stmt, *cond, *body),
            Stmt::Repeat { body, cond } => self.repeat_loop(stmt, *body, *cond),
            Stmt::If { arms, otherwise } => self.if_chain(arms, *otherwise),
            Stmt::NumericFor { .. } => self.numeric_for(stmt),
            Stmt::GenericFor { .. } => self.generic_for(stmt),
            Stmt::Return(values) => self.return_values(stmt, values),
            Stmt::Break | Stmt::Goto(_) => self.jump(stmt),
            Stmt::Label(_) => {
                if let Some(id) = self.source.names.label(stmt) {
                    // A label at the end of its block stands outside of the scope of the block's locals.
                    let level = self.source.names.labels[id].level;
                    let inside = self.closing.iter().position(|closing| closing.level >= level);
                    self.leave(inside.unwrap_or(self.closing.len()));
                    let block = self.label(id);
                    self.fall_into(block);
                    self.b.switch_to(block);
                }
            }
            other => unreachable!("{other:?} in a checked chunk"),
        }
    }

    // Locals.

    fn local(&mut self, stmt: StmtId, values: &[ExprId]) {
        let names = self.source.names;
        let locals = names.declared(stmt);
        let constant = |local: LocalId| names.locals[local].kind == LocalKind::CompileTime;
        let real: Vec<LocalId> = locals.iter().filter(|&local| !constant(local)).collect();
        // Only the last one can be a constant, and then each has a value of its own.
        let values = &values[..values.len().saturating_sub(locals.len() - real.len())];
        let list = self.list(values, real.len());
        self.at(self.source.chunk.stmt_last_line(stmt));
        for (&local, value) in real.iter().zip(list) {
            if names.locals[local].kind == LocalKind::Close {
                let named = Named::new(NamedKind::Local, names.locals[local].name);
                self.open_scope(value, names.locals[local].level, Some(named));
            }
            self.define(local, value);
        }
    }

    /// Marks a value to be closed.
    pub(super) fn open_scope(&mut self, value: Value, level: u32, named: Option<Named>) {
        let scope = self.new_scope();
        self.b.tbc(scope, value);
        self.name(0, named);
        self.closing.push(Closing { scope, level });
    }

    fn local_function(&mut self, stmt: StmtId, function: ExprId) {
        let local = self.source.names.declared(stmt).get(0);
        let data = &self.source.names.locals[local];
        if !data.captured {
            let value = self.expr(function);
            return self.define(local, value);
        }
        // The function may capture itself, so its cell comes first.
        let nil = self.b.nil();
        let cell = self.b.new_cell(nil);
        self.storage.insert(local, Storage::Cell(cell));
        let value = self.expr(function);
        self.b.set_cell(cell, value);
        if !data.reassigned {
            self.storage.insert(
                local,
                Storage::Value {
                    value,
                    cell: Some(cell),
                },
            );
        }
    }

    // Assignment.

    fn place(&mut self, target: ExprId) -> Place {
        let chunk = self.source.chunk;
        match chunk.exprs[target] {
            Expr::Field { object, name } => {
                let table = self.expr(object);
                let name = self.noted(name);
                let key = self.b.str(name);
                Place::Field { object, table, key }
            }
            Expr::Index { object, key } => {
                let table = self.expr(object);
                let key = self.expr(key);
                Place::Field { object, table, key }
            }
            _ => match self.source.names.binding(target) {
                Binding::Local(local) => Place::Local(local),
                Binding::Upvalue(id) => Place::Upvalue(Upvalue::from_u32(id.0.into())),
                Binding::Global { name, env } => Place::Global(name, env),
                Binding::Constant(_) => unreachable!("constants are not assigned"),
            },
        }
    }

    fn assign(&mut self, stmt: StmtId, targets: &[ExprId], values: &[ExprId]) {
        let places: Vec<Place> = targets.iter().map(|&target| self.place(target)).collect();
        let list = self.list(values, targets.len());
        self.at(self.source.chunk.stmt_last_line(stmt));
        for (place, value) in places.into_iter().zip(list).rev() {
            self.store(place, value);
        }
    }

    fn store(&mut self, place: Place, value: Value) {
        match place {
            Place::Local(local) => self.write_local(local, value),
            Place::Upvalue(upvalue) => {
                self.b.set_upvalue(upvalue, value);
            }
            Place::Global(name, EnvBinding::Upvalue(id)) => {
                let name = self.noted(name);
                self.b.set_global(Upvalue::from_u32(id.0.into()), name, value);
            }
            Place::Global(name, env) => {
                let table = self.environment(env);
                let name = self.noted(name);
                let key = self.b.str(name);
                self.b.set_index(table, key, value);
                let named = self.source.env_name(env);
                self.name(0, named);
            }
            Place::Field { object, table, key } => {
                self.b.set_index(table, key, value);
                self.name_expr(0, object);
            }
        }
    }

    fn global_declaration(&mut self, stmt: StmtId, values: &[ExprId]) {
        if values.is_empty() {
            return;
        }
        let globals = self.source.names.declared_globals(stmt);
        let list = self.list(values, globals.len());
        for (&binding, value) in globals.iter().zip(list).rev() {
            let Binding::Global { name, env } = binding else {
                unreachable!("declared globals are globals")
            };
            self.at(self.source.chunk.stmt_line(stmt));
            self.check_global(name, env);
            self.at(self.source.chunk.stmt_last_line(stmt));
            self.store(Place::Global(name, env), value);
        }
    }

    fn check_global(&mut self, name: NameId, env: EnvBinding) {
        let value = self.global(name, env);
        self.b.check_global(value, self.source.bytes(name));
    }

    // Control.

    fn if_chain(&mut self, arms: &[Arm], otherwise: Option<BlockId>) {
        let end = self.b.create_block();
        for (i, arm) in arms.iter().enumerate() {
            let last = i + 1 == arms.len() && otherwise.is_none();
            let then = self.b.create_block();
            let other = if last { end } else { self.b.create_block() };
            self.cond(arm.cond, then, other);
            self.enter(then);
            self.block(arm.body);
            self.fall_into(end);
            if !last {
                self.enter(other);
            }
        }
        if let Some(block) = otherwise {
            self.block(block);
            self.fall_into(end);
        }
        self.enter(end);
    }

    fn label(&mut self, id: LabelId) -> Block {
        if let Some(&block) = self.labels.get(id) {
            return block;
        }
        let block = self.b.create_block();
        self.labels.insert(id, block);
        block
    }

    fn jump(&mut self, stmt: StmtId) {
        let chunk = self.source.chunk;
        let jump = self.source.names.jump(stmt).expect("the chunk was checked");
        let (block, level) = match jump.target {
            JumpTarget::Label(id) => (self.label(id), jump.level),
            JumpTarget::LoopEnd(of) => {
                // What a generic loop closes itself is closed at its end, where the break goes.
                let own = match chunk.stmts[of] {
                    Stmt::GenericFor { .. } => {
                        let first = self.source.names.declared(of).get(0);
                        self.source.names.locals[first].level
                    }
                    _ => 0,
                };
                (self.breaks[of], jump.level.max(own))
            }
        };
        self.close_from(level);
        self.b.jump(block, &[]);
    }

    /// Closes the open scopes of this level and above, which stay open for what follows in the text.
    pub(super) fn close_from(&mut self, level: u32) {
        let first = self.closing.iter().find(|closing| closing.level >= level).copied();
        if let Some(closing) = first {
            self.b.close(closing.scope);
        }
    }

    fn return_values(&mut self, stmt: StmtId, values: &[ExprId]) {
        if let [call] = values
            && self.closing.is_empty()
            && self.source.is_multi(*call)
            && self.source.left_part(*call).is_some()
        {
            return self.tail_call(*call);
        }
        let mut list = Vec::with_capacity(values.len());
        for (i, &value) in values.iter().enumerate() {
            let open = i + 1 == values.len() && self.source.is_multi(value);
            let value = if open { self.open(value) } else { self.expr(value) };
            list.push(value);
        }
        self.at(self.source.chunk.stmt_last_line(stmt));
        self.keep_alive(0);
        self.close_from(0);
        self.b.ret(&list);
    }
}
