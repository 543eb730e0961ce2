//! Statements and scopes.

use perilune_bytecode::{Cache, Count, Jump32, Op, Reg, Upvalue, Wide};
use perilune_frontend::ast::{Arm, BinaryOp, BlockId, Expr, ExprId, Stmt, StmtId};
use perilune_frontend::{Binding, Constant, EnvBinding, JumpTarget, LocalId, LocalKind, NameId};

use super::call::Results;
use super::expr::{Key, Operand};
use super::{Active, Baseline};
use crate::source::{NameText, Named, NamedKind};

/// A jump whose distance the assembler fills in.
const TO: Jump32 = Jump32(0);

/// Where an assignment stores.
#[derive(Clone, Copy, Debug)]
enum Place {
    Slot(u16),
    Cell(u16),
    Upvalue(Upvalue),
    Global(NameId, EnvBinding),
    Field { object: ExprId, table: u16, key: Key },
}

impl Baseline<'_> {
    pub(super) fn statements(&mut self, block: BlockId) {
        let chunk = self.source.chunk;
        for &stmt in &chunk.blocks[block].stmts {
            self.at(chunk.stmt_line(stmt));
            self.statement(stmt);
            self.release(self.active.last().map_or(0, |active| active.slot + 1));
        }
    }

    fn block(&mut self, block: BlockId) {
        let keep = self.active.len();
        self.statements(block);
        self.leave(keep);
    }

    fn statement(&mut self, stmt: StmtId) {
        let chunk = self.source.chunk;
        match &chunk.stmts[stmt] {
            Stmt::Empty | Stmt::GlobalAll { .. } => {}
            Stmt::Call(call) => self.multi(*call, Results::None),
            Stmt::Assign { targets, values } => self.assign(stmt, targets, values),
            Stmt::Local { values, .. } => self.local(stmt, values),
            Stmt::LocalFunction { function, .. } => self.local_function(stmt, *function),
            Stmt::Global { values, .. } => self.global_declaration(stmt, values),
            Stmt::GlobalFunction { function, .. } => {
                let Binding::Global { name, env } = self.source.names.declared_globals(stmt)[0] else {
                    unreachable!("declared globals are globals");
                };
                let line = chunk.stmt_line(stmt);
                let value = self.next(*function);
                self.at(line);
                self.check_global(name, env);
                self.store(line, Place::Global(name, env), Operand::Slot(value));
            }
            Stmt::Function { target, function } => {
                let place = self.place(*target);
                let value = self.next(*function);
                self.store(chunk.stmt_line(stmt), place, Operand::Slot(value));
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
                    let inside = self.active.iter().position(|active| active.level >= level);
                    self.leave(inside.unwrap_or(self.active.len()));
                    let label = self.label(id);
                    self.asm.bind(label);
                }
            }
            Stmt::Missing(_) => unreachable!("the chunk was checked"),
            other => unreachable!("{other:?} is not known"),
        }
    }

    // Locals.

    fn local(&mut self, stmt: StmtId, values: &[ExprId]) {
        let locals = self.source.names.declared(stmt);
        let constant = |local: LocalId| self.source.names.locals[local].kind == LocalKind::CompileTime;
        let in_slots: Vec<LocalId> = locals.iter().filter(|&local| !constant(local)).collect();
        // Only the last one can be a constant, and then each has a value of its own.
        let values = &values[..values.len() - (locals.len() - in_slots.len()).min(values.len())];
        let first = self.free;
        self.at(self.source.chunk.stmt_last_line(stmt));
        self.list(values, in_slots.len());
        for (slot, &local) in (first..).zip(&in_slots) {
            self.activate(local, slot);
        }
        for &local in &in_slots {
            if self.source.names.locals[local].kind == LocalKind::Close {
                let slot = self.places.slots[local];
                let named = Named::new(NamedKind::Local, self.source.names.locals[local].name);
                self.at(self.source.chunk.stmt_last_line(stmt));
                self.emit(Op::Tbc { value: Reg(slot) });
                self.name(0, Some(named));
                if self.source.names.locals[local].captured {
                    // The slot keeps the value to close; nobody assigns it, so the cell is a copy.
                    let cell = self.reserve(1);
                    self.emit_glue(Op::NewCell {
                        dst: Reg(cell),
                        src: Reg(slot),
                    });
                    self.mark(cell);
                    self.places.slots.insert(local, cell);
                    let level = self.source.names.locals[local].level;
                    self.active.push(Active {
                        slot: cell,
                        level,
                        to_close: false,
                        end: None,
                    });
                }
            } else {
                self.make_cell(local);
            }
        }
    }

    fn local_function(&mut self, stmt: StmtId, function: ExprId) {
        let local = self.source.names.declared(stmt).get(0);
        let slot = self.reserve(1);
        if self.source.names.locals[local].captured {
            self.emit_glue(Op::LoadNil { dst: Reg(slot) });
            self.mark(slot);
            self.emit_glue(Op::NewCell {
                dst: Reg(slot),
                src: Reg(slot),
            });
            self.places.slots.insert(local, slot);
            let value = self.next(function);
            self.emit(Op::SetCell {
                cell: Reg(slot),
                src: Reg(value),
            });
            self.release(slot + 1);
        } else {
            self.to(function, slot);
        }
        self.activate(local, slot);
    }

    // Assignment.

    fn place(&mut self, target: ExprId) -> Place {
        if let Some((object, table, key)) = self.target_key(target) {
            return Place::Field { object, table, key };
        }
        match self.source.names.binding(target) {
            Binding::Local(local) if self.source.names.locals[local].captured => Place::Cell(self.places.slots[local]),
            Binding::Local(local) => Place::Slot(self.places.slots[local]),
            Binding::Upvalue(id) => Place::Upvalue(Upvalue(id.0.into())),
            Binding::Global { name, env } => Place::Global(name, env),
            Binding::Constant(_) => unreachable!("constants are not assigned"),
        }
    }

    fn assign(&mut self, stmt: StmtId, targets: &[ExprId], values: &[ExprId]) {
        let line = self.source.chunk.stmt_last_line(stmt);
        if let ([target], [value]) = (targets, values) {
            let place = self.place(*target);
            if let Place::Slot(slot) = place
                && self.evaluates_in_place(*value)
            {
                return self.to(*value, slot);
            }
            let value = self.operand(*value);
            return self.store(line, place, value);
        }
        let mut places = Vec::with_capacity(targets.len());
        for &target in targets {
            let place = self.place(target);
            let place = self.protect(place, targets);
            places.push(place);
        }
        let first = self.free;
        if targets.len() == values.len() {
            let (&last, rest) = values.split_last().expect("an assignment has values");
            rest.iter().for_each(|&value| {
                self.next(value);
            });
            let value = self.operand(last);
            let place = places.pop().expect("an assignment has targets");
            self.store(line, place, value);
        } else {
            self.list(values, targets.len());
        }
        for (i, &place) in places.iter().enumerate().rev() {
            self.store(line, place, Operand::Slot(first + i as u16));
        }
    }

    /// Copies what a field's place reads from locals that the same statement assigns.
    fn protect(&mut self, place: Place, targets: &[ExprId]) -> Place {
        let Place::Field {
            object,
            mut table,
            mut key,
        } = place
        else {
            return place;
        };
        let assigned = |slot: u16| {
            targets
                .iter()
                .any(|&target| match self.source.names.get_binding(target) {
                    Some(Binding::Local(local)) => self.places.slots[local] == slot,
                    _ => false,
                })
        };
        let (copy_table, copy_key) = (assigned(table), matches!(key, Key::Slot(slot) if assigned(slot)));
        if copy_table {
            let copy = self.reserve(1);
            self.move_to(copy, table);
            table = copy;
        }
        if let Key::Slot(slot) = key
            && copy_key
        {
            let copy = self.reserve(1);
            self.move_to(copy, slot);
            key = Key::Slot(copy);
        }
        Place::Field { object, table, key }
    }

    /// Whether an expression reads all locals before it writes its result.
    fn evaluates_in_place(&self, expr: ExprId) -> bool {
        match &self.source.chunk.exprs[expr] {
            Expr::Paren(inner) => self.evaluates_in_place(*inner),
            Expr::Table(items) => items.is_empty(),
            Expr::Binary { op, .. } => !matches!(op, BinaryOp::And | BinaryOp::Or),
            _ => true,
        }
    }

    fn store(&mut self, line: u32, place: Place, value: Operand) {
        let mark = self.free;
        let operand = match (place, value) {
            (Place::Slot(slot), Operand::Constant(constant)) => {
                self.at(line);
                return self.load(slot, constant);
            }
            (Place::Slot(slot), Operand::Slot(from)) => {
                self.at(line);
                return self.move_to(slot, from);
            }
            (_, value) => value,
        };
        match place {
            Place::Slot(_) => unreachable!("slots are done"),
            Place::Cell(cell) => {
                let src = Reg(self.in_slot(operand));
                self.at(line);
                self.emit(Op::SetCell { cell: Reg(cell), src });
            }
            Place::Upvalue(upvalue) => {
                let src = Reg(self.in_slot(operand));
                self.at(line);
                self.emit(Op::SetUpvalue { upvalue, src });
            }
            Place::Global(name, env) => self.store_global(line, name, env, operand),
            Place::Field { object, table, key } => {
                let operand = self.short_or_slot(operand);
                self.at(line);
                self.set(table, key, operand);
                self.name_expr(0, object);
            }
        }
        self.release(mark);
    }

    /// A constant that an operand cannot name goes to a slot first.
    fn short_or_slot(&mut self, operand: Operand) -> Operand {
        match operand {
            Operand::Constant(constant) if self.short_constant(constant).is_none() => {
                Operand::Slot(self.in_slot(operand))
            }
            operand => operand,
        }
    }

    fn store_global(&mut self, line: u32, name: NameId, env: EnvBinding, value: Operand) {
        let value = self.short_or_slot(value);
        let named = self.source.env_name(env);
        if let EnvBinding::Upvalue(id) = env
            && let Some(key) = self.short_constant(Constant::String(name))
        {
            let (env, cache, next) = (Upvalue(id.0.into()), Cache::EMPTY, Cache::EMPTY);
            let op = match value {
                Operand::Slot(slot) => Op::SetGlobal {
                    env,
                    key,
                    value: Reg(slot),
                    cache,
                    next,
                },
                Operand::Constant(constant) => {
                    let value = self.short_constant(constant).expect("longer ones are in a slot");
                    Op::SetGlobalK {
                        env,
                        key,
                        value,
                        cache,
                        next,
                    }
                }
            };
            self.at(line);
            self.emit(op);
        } else {
            let table = self.environment(env);
            let key = self.field_key(name);
            self.at(line);
            self.set(table, key, value);
        }
        self.name(0, named);
    }

    fn global_declaration(&mut self, stmt: StmtId, values: &[ExprId]) {
        if values.is_empty() {
            return;
        }
        let globals = self.source.names.declared_globals(stmt);
        let line = self.source.chunk.stmt_last_line(stmt);
        let first = self.free;
        self.list(values, globals.len());
        for (i, &binding) in globals.iter().enumerate().rev() {
            let Binding::Global { name, env } = binding else {
                unreachable!("declared globals are globals")
            };
            self.at(self.source.chunk.stmt_line(stmt));
            self.check_global(name, env);
            self.store(line, Place::Global(name, env), Operand::Slot(first + i as u16));
        }
    }

    fn check_global(&mut self, name: NameId, env: EnvBinding) {
        let mark = self.free;
        let slot = self.global(name, env, None);
        let constant = self.constant(Constant::String(name));
        self.emit(Op::CheckGlobal {
            src: Reg(slot),
            name: Wide(constant),
        });
        self.release(mark);
    }

    // Control.

    fn if_chain(&mut self, arms: &[Arm], otherwise: Option<BlockId>) {
        let end = self.asm.label();
        for (i, arm) in arms.iter().enumerate() {
            // Until 5.5, a plain value is tested where `then` stands, and `if x then break end` is one jump.
            let old = self.std.number() < 505;
            let line = if old { self.line_before(arm.body) } else { 0 };
            if old && let Some(end_of_loop) = self.sole_break(arm.body) {
                self.cond_at(arm.cond, true, end_of_loop, line);
                continue;
            }
            let next = self.asm.label();
            self.cond_at(arm.cond, false, next, line);
            self.block(arm.body);
            if i + 1 < arms.len() || otherwise.is_some() {
                self.at_end_of(arm.body);
                self.emit_jump(Op::Jump { to: TO }, end);
            }
            self.asm.bind(next);
        }
        if let Some(block) = otherwise {
            self.block(block);
        }
        self.asm.bind(end);
    }

    /// The line of the keyword that opens a block.
    fn line_before(&self, block: BlockId) -> u32 {
        let start = self.source.chunk.blocks[block].span.start;
        self.source.chunk.lines.line(start.saturating_sub(1))
    }

    /// Where a block jumps to that is nothing but a `break` with nothing to close.
    fn sole_break(&self, block: BlockId) -> Option<perilune_bytecode::Label> {
        let chunk = self.source.chunk;
        let [stmt] = chunk.blocks[block].stmts[..] else {
            return None;
        };
        if !matches!(chunk.stmts[stmt], Stmt::Break) || self.inside_to_close() {
            return None;
        }
        match self.source.names.jump(stmt)?.target {
            JumpTarget::LoopEnd(of) => self.places.breaks.get(of).copied(),
            JumpTarget::Label(_) => None,
        }
    }

    fn while_loop(&mut self, stmt: StmtId, cond: ExprId, body: BlockId) {
        let (start, end) = (self.asm.here(), self.asm.label());
        self.loops = true;
        self.places.breaks.insert(stmt, end);
        self.cond(cond, false, end);
        self.block(body);
        self.at_end_of(body);
        self.emit_jump(Op::Jump { to: TO }, start);
        self.asm.bind(end);
    }

    /// What follows belongs to the last line of a block.
    fn at_end_of(&mut self, block: BlockId) {
        if let Some(&last) = self.source.chunk.blocks[block].stmts.last() {
            self.at(self.source.chunk.stmt_last_line(last));
        }
    }

    fn repeat_loop(&mut self, stmt: StmtId, body: BlockId, cond: ExprId) {
        let (start, end) = (self.asm.here(), self.asm.label());
        self.loops = true;
        self.places.breaks.insert(stmt, end);
        let keep = self.active.len();
        self.statements(body);
        if self.active[keep..].iter().any(|active| active.to_close) {
            let exit = self.asm.label();
            let level = self.active[keep].level;
            self.cond(cond, true, exit);
            self.close_from_level(level);
            self.emit_jump(Op::Jump { to: TO }, start);
            self.asm.bind(exit);
        } else {
            self.cond(cond, false, start);
        }
        self.leave(keep);
        self.asm.bind(end);
    }

    fn numeric_for(&mut self, stmt: StmtId) {
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
        let keep = self.active.len();
        let var = self.source.names.declared(stmt).get(0);
        let data = &self.source.names.locals[var];
        let own_slot = !self.std.const_loop_variables() || data.captured;
        let base = self.reserve(3);
        let (index, count, by) = if self.std.const_loop_variables() {
            (base + 2, base, base + 1)
        } else {
            (base, base + 1, base + 2)
        };
        self.to(*start, index);
        self.to(*limit, count);
        match step {
            Some(step) => self.to(*step, by),
            None => self.load(by, Constant::Integer(1)),
        }
        let level = data.level.saturating_sub(1);
        let hidden = if self.std.const_loop_variables() {
            vec![count, by]
        } else {
            vec![index, count, by]
        };
        let state = self.places.for_state();
        for slot in hidden {
            self.activate_hidden(state.clone(), slot, level, false);
        }
        let (top, exit, end) = (self.asm.label(), self.asm.label(), self.asm.label());
        self.loops = true;
        self.places.breaks.insert(stmt, end);
        self.at(*prep_line);
        let (index, count, by) = (Reg(index), Reg(count), Reg(by));
        self.emit_jump(
            Op::ForPrep {
                index,
                count,
                step: by,
                to: TO,
            },
            exit,
        );
        self.asm.pin();
        self.asm.bind(top);
        let inner = self.active.len();
        if own_slot {
            let slot = self.reserve(1);
            let dst = Reg(slot);
            self.emit_glue(if data.captured {
                Op::NewCell { dst, src: index }
            } else {
                Op::Move { dst, src: index }
            });
            self.mark(slot);
            self.activate(var, slot);
        } else {
            self.activate(var, index.0);
        }
        self.statements(*body);
        self.leave_to(inner, base + 3);
        self.at(chunk.stmt_line(stmt));
        self.emit_jump(
            Op::ForLoop {
                index,
                count,
                step: by,
                to: TO,
            },
            top,
        );
        self.asm.pin();
        self.asm.bind(exit);
        self.asm.bind(end);
        self.leave_to(keep, base);
    }

    /// Ends scopes as [`leave`](Self::leave) and gives back the slots from `mark` on.
    fn leave_to(&mut self, keep: usize, mark: u16) {
        self.leave(keep);
        // `leave` gave back from the first local's slot, which may lie above or below.
        if self.free < mark {
            let first = self.reserve(mark - self.free);
            (first..mark).for_each(|slot| self.mark(slot));
        }
        self.release(mark);
    }

    fn generic_for(&mut self, stmt: StmtId) {
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
        let keep = self.active.len();
        let vars = self.source.names.declared(stmt);
        let first_var = &self.source.names.locals[vars.get(0)];
        let level = first_var.level.saturating_sub(1);
        let closing_first = self.std.closing_value_before_control();
        let may_close = values.len() >= 4 || self.source.is_multi(*values.last().expect("a for has values"));
        // The control variable of 5.5 is the first variable itself, unless that lives in a cell.
        let own_control = !closing_first || first_var.captured;

        let base = self.free;
        self.list(values, 4);
        let (closing, control) = if closing_first {
            // The order in which the reference keeps them.
            if may_close {
                let spare = self.reserve(1);
                self.move_to(spare, base + 2);
                self.move_to(base + 2, base + 3);
                self.move_to(base + 3, spare);
                self.release(spare);
            } else {
                self.move_to(base + 3, base + 2);
                self.load(base + 2, Constant::Nil);
            }
            (base + 2, base + 3)
        } else {
            (base + 3, base + 2)
        };
        let state = self.places.for_state();
        for slot in base..base + if closing_first { 3 } else { 4 } {
            self.activate_hidden(state.clone(), slot, level, may_close && slot == closing);
        }
        let (top, call, end) = (self.asm.label(), self.asm.label(), self.asm.label());
        self.loops = true;
        self.places.breaks.insert(stmt, end);
        if may_close {
            self.emit(Op::Tbc { value: Reg(closing) });
            self.name(
                0,
                Some(Named {
                    kind: NamedKind::Local,
                    name: NameText::Fixed("(for state)"),
                }),
            );
        }
        self.emit_jump(Op::Jump { to: TO }, call);
        self.asm.pin();

        self.asm.bind(top);
        let first = if own_control { base + 4 } else { base + 3 };
        self.release(first.max(base + 4));
        let inner = self.active.len();
        let results = vars.len() as u16;
        self.reserve((first + results).saturating_sub(self.free));
        for (slot, var) in (first..).zip(vars.iter()) {
            self.mark(slot);
            self.activate(var, slot);
        }
        if own_control {
            self.emit_glue(Op::Move {
                dst: Reg(control),
                src: Reg(first),
            });
        }
        for var in vars.iter() {
            self.make_cell(var);
        }
        self.statements(*body);
        self.leave_to(inner, base + 4);
        self.asm.bind(call);
        self.at(*call_line);
        let window = Reg(first);
        // The first variable, when it is the control value too, is read inside of the window.
        let shared = [base + 3];
        let read = if own_control { &[][..] } else { &shared };
        self.emit_with(
            Op::ForCall {
                iterator: Reg(base),
                state: Reg(base + 1),
                control: Reg(control),
                window,
                results: Count(results),
                hint: Cache::EMPTY,
            },
            None,
            read,
        );
        self.asm
            .name(0, perilune_bytecode::NameKind::ForIterator, *b"for iterator");
        // The variables have their values from here on.
        let given: Vec<u16> = (first..first + results).collect();
        self.asm.line(0, 0);
        self.emit_with(Op::JumpNotNil { src: window, to: TO }, Some(top), &given);
        self.asm.pin();
        self.asm.bind(end);
        self.leave_to(keep, base);
    }

    // Jumps.

    fn label(&mut self, id: perilune_frontend::LabelId) -> perilune_bytecode::Label {
        if let Some(&label) = self.places.labels.get(id) {
            return label;
        }
        let label = self.asm.label();
        self.places.labels.insert(id, label);
        label
    }

    fn jump(&mut self, stmt: StmtId) {
        let chunk = self.source.chunk;
        let jump = self.source.names.jump(stmt).expect("the chunk was checked");
        let (label, level) = match jump.target {
            JumpTarget::Label(id) => (self.label(id), jump.level),
            JumpTarget::LoopEnd(of) => {
                // What a generic loop closes itself is closed at its end, where the break goes.
                let own = match chunk.stmts[of] {
                    Stmt::GenericFor { .. } => self.source.names.locals[self.source.names.declared(of).get(0)].level,
                    _ => 0,
                };
                (self.places.breaks[of], jump.level.max(own))
            }
        };
        self.loops |= self.asm.is_bound(label);
        self.close_from_level(level);
        self.emit_jump(Op::Jump { to: TO }, label);
    }

    fn return_values(&mut self, stmt: StmtId, values: &[ExprId]) {
        let line = self.source.chunk.stmt_last_line(stmt);
        let closes = self.inside_to_close();
        let first = self.free;
        match values {
            [] => {
                self.close_from_level(0);
                self.emit(Op::Return0 {});
            }
            [call] if self.source.is_multi(*call) && !closes && self.source.left_part(*call).is_some() => {
                self.multi(*call, Results::Tail);
            }
            [value] if !self.source.is_multi(*value) => {
                // A local is read after its scope's closing methods ran, as in the reference.
                let src = Reg(self.any(*value));
                self.at(line);
                self.close_from_level(0);
                self.emit(Op::Return1 { src });
            }
            values => {
                let (&last, rest) = values.split_last().expect("there are values");
                rest.iter().for_each(|&value| {
                    self.next(value);
                });
                let open = self.source.is_multi(last);
                if open {
                    self.multi(last, Results::Open);
                } else {
                    self.next(last);
                }
                self.at(line);
                self.close_from_level(0);
                let first = Reg(first);
                let count = Count((values.len() - usize::from(open)) as u16);
                self.emit(if open {
                    Op::ReturnOpen { first, count }
                } else {
                    Op::ReturnN { first, count }
                });
            }
        }
    }
}
