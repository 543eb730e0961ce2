//! The walk over functions, statements and expressions.

use super::{Frame, MAX_LOCALS, MAX_RETURNS, Resolver};
use crate::ast::{Attrib, AttribName, BinaryOp, BlockId, Expr, ExprId, FuncId, Ident, Stmt, StmtId, TableItem, index};
use crate::error::ErrorKind;
use crate::names::Names;
use crate::resolution::{Binding, FunctionInfo, LocalId, LocalKind, LocalRange, Upvalue, UpvalueSource};

/// What a loop declares inside its scope and outside its body.
enum LoopVars<'c> {
    None,
    Numeric(Ident),
    Generic(&'c [Ident]),
}

impl<'c> Resolver<'c> {
    pub(super) fn function(&mut self, id: FuncId) {
        let chunk = self.chunk;
        let body = &chunk.functions[id];
        let parent = self.frames.last().map(|frame| frame.id);
        let mut info = FunctionInfo {
            parent,
            ..FunctionInfo::default()
        };
        if parent.is_none() {
            let source = UpvalueSource::Environment;
            let (name, kind) = (Names::ENV, LocalKind::Regular);
            info.upvalues.push(Upvalue {
                name,
                source,
                kind,
                local: None,
            });
        } else {
            self.frame().info.children.push(id);
        }
        self.frames.push(Frame {
            id,
            info,
            first_var: self.vars.len() as u32,
            first_label: self.labels.len() as u32,
            registers: 0,
            temporaries: 0,
            loops: Vec::new(),
            stray_breaks: Vec::new(),
            too_many: false,
        });
        let outer_link = std::mem::replace(&mut self.link, super::NONE);
        let scope = self.enter_scope();

        // The reference counts parameters when it has read all of them.
        let open = body.span.start + 1;
        let fixed_end = body.params.last().map_or(open, |param| param.span.end);
        let read = match body.vararg {
            Some(vararg) => vararg.name.map_or(vararg.span.end, |name| name.span.end),
            None => fixed_end,
        };
        let first = self.out.locals.len() as u32;
        for &param in &body.params {
            self.declare(param, LocalKind::Regular, None, read);
        }
        self.frame().info.params = LocalRange {
            first,
            len: body.params.len() as u32,
        };
        if let (Some(vararg), Some(_)) = (body.vararg, parent) {
            match vararg.name {
                Some(name) => {
                    let local = self.declare(name, LocalKind::Vararg, None, read);
                    self.frame().info.vararg = Some(local);
                }
                // Lua 5.5 keeps a register for the table even if it has no name.
                None if chunk.std.named_varargs() => self.declare_hidden(false, read),
                None => {}
            }
        }
        self.statements(body.body, false);

        let block_end = chunk.blocks[body.body].span.end;
        let end = if parent.is_some() { body.span.end } else { block_end };
        let consumed = body.sound.then_some(end);
        self.leave_scope(scope, block_end, consumed);
        self.unmet(scope.gotos, consumed);
        self.link = outer_link;
        let mut frame = self.frames.pop().expect("it was pushed above");
        if let Some(local) = frame.info.vararg {
            frame.info.needs_vararg_table |= self.out.locals[local].captured;
        }
        self.out.functions.insert(id, frame.info);
    }

    fn block(&mut self, id: BlockId) {
        let scope = self.enter_scope();
        self.statements(id, false);
        let block = &self.chunk.blocks[id];
        let end = block.span.end;
        self.leave_scope(scope, end, block.sound.then_some(end));
    }

    fn statements(&mut self, id: BlockId, before_until: bool) {
        let stmts = &self.chunk.blocks[id].stmts;
        let block_level = self.level_at_block_start(id);
        let mut at = 0;
        while let Some(&stmt) = stmts.get(at) {
            if !matches!(self.chunk.stmts[stmt], Stmt::Label(_)) {
                self.statement(stmt);
                at += 1;
                continue;
            }
            // A run of labels and semicolons is read before the first of the labels counts, so
            // the last one is the first to be known.
            let more = |stmt: &&StmtId| matches!(self.chunk.stmts[**stmt], Stmt::Label(_) | Stmt::Empty);
            let length = stmts[at..].iter().take_while(more).count();
            let run = &stmts[at..at + length];
            let consumed = self.chunk.stmt_span(run[length - 1]).end;
            at += length;
            // Locals of the block are out of scope at a label that ends it, unless the condition
            // of a `repeat` still sees them.
            let last = at == stmts.len() && !before_until;
            let level = if last { block_level } else { self.level() };
            for &stmt in run.iter().rev() {
                if let Stmt::Label(label) = self.chunk.stmts[stmt] {
                    self.label(stmt, label, id, level, consumed);
                }
            }
        }
    }

    /// The level outside a block whose statements are about to be walked. The parameters of a
    /// function belong to its outermost block.
    fn level_at_block_start(&self, id: BlockId) -> u32 {
        let function = self.frames.last().map(|frame| frame.id);
        let outermost = function.is_some_and(|function| self.chunk.functions[function].body == id);
        if outermost { 0 } else { self.level() }
    }

    fn statement(&mut self, id: StmtId) {
        let chunk = self.chunk;
        let end = chunk.stmt_span(id).end;
        match &chunk.stmts[id] {
            Stmt::Missing(None) | Stmt::Empty | Stmt::Label(_) => {}
            Stmt::Missing(Some(expr)) | Stmt::Call(expr) => self.expr(*expr),
            Stmt::Assign { targets, values } => {
                targets.iter().for_each(|&target| self.target(target));
                self.exprs(values);
            }
            Stmt::Local { prefix, names, values } => self.local(id, *prefix, names, values),
            Stmt::LocalFunction { name, function } => {
                let first = self.out.locals.len() as u32;
                self.declare(*name, LocalKind::Regular, None, name.span.end);
                self.declare_range(id, LocalRange { first, len: 1 });
                self.expr(*function);
            }
            Stmt::Global {
                prefix, names, values, ..
            } => {
                let mut bindings = Vec::new();
                if !values.is_empty() {
                    // The names are looked up once `=` has been read.
                    let read = names.last().map_or(end, |name| name.end + 1);
                    for name in names {
                        let Ident { name, span } = name.ident;
                        bindings.push(self.bind_global(name, span, read));
                    }
                    self.exprs(values);
                    self.out.globals.insert(id, bindings);
                }
                for name in names {
                    let read_only = name.attrib.or(*prefix).is_some();
                    self.declare_global(Some(name.ident.name), read_only);
                }
            }
            Stmt::GlobalAll { attrib } => self.declare_global(None, attrib.is_some()),
            Stmt::GlobalFunction { name, function } => {
                self.declare_global(Some(name.name), false);
                let binding = self.bind_global(name.name, name.span, name.span.end);
                self.out.globals.insert(id, vec![binding]);
                self.expr(*function);
            }
            Stmt::Function { target, function } => {
                self.target(*target);
                self.expr(*function);
            }
            Stmt::Do(body) => self.block(*body),
            Stmt::While { cond, body } => {
                self.expr(*cond);
                self.loop_body(id, LoopVars::None, *body, end);
            }
            Stmt::Repeat { body, cond } => {
                let level = self.level();
                self.frame().loops.push((id, level));
                let scope = self.enter_scope();
                self.statements(*body, true);
                self.expr(*cond);
                let sound = chunk.blocks[*body].sound;
                self.leave_scope(scope, end, sound.then_some(end));
                self.frame().loops.pop();
            }
            Stmt::If { arms, otherwise } => {
                for arm in arms {
                    self.expr(arm.cond);
                    self.block(arm.body);
                }
                otherwise.iter().for_each(|&body| self.block(body));
            }
            Stmt::NumericFor {
                var,
                start,
                limit,
                step,
                body,
                ..
            } => {
                self.expr(*start);
                self.expr(*limit);
                step.iter().for_each(|&step| self.expr(step));
                let read = chunk.span(step.unwrap_or(*limit)).end;
                self.loop_body(id, LoopVars::Numeric(*var), *body, read);
            }
            Stmt::GenericFor { vars, values, body, .. } => {
                self.exprs(values);
                let read = values.last().map_or(end, |&value| chunk.span(value).end);
                self.loop_body(id, LoopVars::Generic(vars), *body, read);
            }
            Stmt::Return(values) => {
                self.exprs(values);
                let open = values.last().is_some_and(|&value| {
                    matches!(
                        chunk.exprs[value],
                        Expr::Call { .. } | Expr::MethodCall { .. } | Expr::Vararg
                    )
                });
                if values.len() >= MAX_RETURNS && !open {
                    let frame = self.frames.len() - 1;
                    self.limit_error("returns", MAX_RETURNS as u32, frame, end);
                }
            }
            Stmt::Break => self.break_out(id),
            Stmt::Goto(label) => self.goto(id, *label),
        }
    }

    fn local(&mut self, id: StmtId, prefix: Option<Attrib>, names: &'c [AttribName], values: &'c [ExprId]) {
        if self.chunk.std.old_syntax_messages() {
            // 5.4 counts a variable when its name is read, before the values.
            let free = MAX_LOCALS.saturating_sub(self.frame().registers) as usize;
            if let Some(name) = names.get(free) {
                let frame = self.frames.len() - 1;
                self.limit_error("local variables", MAX_LOCALS, frame, name.ident.span.end);
            }
        }
        self.exprs(values);
        let consumed = self.chunk.stmt_span(id).end;
        let first = self.out.locals.len() as u32;
        if names.len() > values.len() {
            self.check_registers(names.len() as u32, consumed);
        }
        for (position, name) in names.iter().enumerate() {
            let mut kind = match name.attrib.or(prefix) {
                None => LocalKind::Regular,
                Some(Attrib::Const) => LocalKind::Const,
                Some(Attrib::Close) => LocalKind::Close,
            };
            // Only the last name of a list that matches its values can be a constant, since the
            // values before it are in registers by then.
            let mut constant = None;
            let fits = position + 1 == names.len() && names.len() == values.len();
            if fits && kind == LocalKind::Const {
                constant = self.constant(values[position]);
                if constant.is_some() {
                    kind = LocalKind::CompileTime;
                }
            }
            self.declare(name.ident, kind, constant, consumed);
        }
        self.declare_range(
            id,
            LocalRange {
                first,
                len: names.len() as u32,
            },
        );
    }

    /// The scope of a loop's hidden state, in it that of its variables, in it its body.
    fn loop_body(&mut self, id: StmtId, vars: LoopVars<'c>, body: BlockId, read: u32) {
        let level = self.level();
        let std = self.chunk.std;
        let span = self.chunk.blocks[body].span;
        let idents: &[Ident] = match &vars {
            LoopVars::None => &[],
            LoopVars::Numeric(var) => std::slice::from_ref(var),
            LoopVars::Generic(vars) => vars,
        };
        let scope = self.enter_scope();
        self.frame().loops.push((id, level));
        match &vars {
            LoopVars::None => {}
            LoopVars::Numeric(_) => {
                let hidden = if std.const_loop_variables() { 2 } else { 3 };
                (0..hidden).for_each(|_| self.declare_hidden(false, read));
            }
            LoopVars::Generic(_) => {
                let hidden = if std.closing_value_before_control() { 3 } else { 4 };
                (1..=hidden).for_each(|at| self.declare_hidden(at == hidden, read));
            }
        }
        let first = self.out.locals.len() as u32;
        for (position, &ident) in idents.iter().enumerate() {
            let control = position == 0 && std.const_loop_variables();
            let kind = if control { LocalKind::Const } else { LocalKind::Regular };
            self.declare(ident, kind, None, span.start);
        }
        self.declare_range(
            id,
            LocalRange {
                first,
                len: idents.len() as u32,
            },
        );
        self.block(body);
        self.frame().loops.pop();
        self.leave_scope(scope, span.end, Some(span.end));
    }

    /// A list of values, each in a register of its own.
    fn exprs(&mut self, exprs: &[ExprId]) {
        let before = self.frame().temporaries;
        for &expr in exprs {
            self.expr(expr);
            self.take_temporary(expr);
        }
        self.frame().temporaries = before;
    }

    /// An expression that is assigned to.
    fn target(&mut self, target: ExprId) {
        match self.chunk.exprs[target] {
            Expr::Name(name) => {
                let span = self.chunk.span(target);
                let (binding, read_only_global) = self.bind(name, span, span.end);
                self.out.bindings[index(target)] = Some(binding);
                let local = match binding {
                    Binding::Local(local) | Binding::Constant(local) => Some(local),
                    Binding::Upvalue(upvalue) => self.frame().info.upvalues[upvalue.0 as usize].local,
                    Binding::Global { .. } => None,
                };
                let read_only = match local {
                    Some(local) => self.assign(local),
                    None => read_only_global,
                };
                if read_only {
                    let kind = ErrorKind::AssignToConst(self.name_bytes(name));
                    self.error(kind, span, span.end);
                }
            }
            Expr::Field { object, .. } => {
                self.expr(object);
                self.need_vararg_table(object);
            }
            Expr::Index { object, key } => {
                self.expr(object);
                self.expr(key);
                self.need_vararg_table(object);
            }
            _ => self.expr(target),
        }
    }

    /// Marks a local as assigned and tells whether it must not be.
    fn assign(&mut self, local: LocalId) -> bool {
        let local = &mut self.out.locals[local];
        local.reassigned = true;
        local.kind != LocalKind::Regular
    }

    /// Resolves the names in an expression, in source order.
    fn expr(&mut self, root: ExprId) {
        let chunk = self.chunk;
        // Chains of left operands are unbounded, so they are a loop; the rest nests as deep as
        // the parser allows.
        let mark = self.spine.len();
        let mut at = root;
        loop {
            let left = match chunk.exprs[at] {
                Expr::Binary { lhs, .. } => lhs,
                Expr::Call { callee, .. } => callee,
                Expr::MethodCall { object, .. } | Expr::Field { object, .. } | Expr::Index { object, .. } => object,
                _ => break,
            };
            self.spine.push(at);
            at = left;
        }
        self.operand(at, mark);
        while self.spine.len() > mark {
            let Some(above) = self.spine.pop() else { break };
            let before = self.frame().temporaries;
            let waiting = self.waiting(above);
            self.frame().temporaries += waiting;
            match &chunk.exprs[above] {
                Expr::Binary { rhs, .. } => self.expr(*rhs),
                Expr::Call { args, .. } | Expr::MethodCall { args, .. } => self.exprs(args),
                Expr::Index { key, .. } => self.expr(*key),
                _ => {}
            }
            self.frame().temporaries = before;
        }
    }

    /// How many registers the left operand of an expression waits in while the rest is read.
    fn waiting(&self, expr: ExprId) -> u32 {
        match self.chunk.exprs[expr] {
            // The method waits beside its receiver.
            Expr::MethodCall { .. } => 2,
            Expr::Binary { op, lhs, .. } if op != BinaryOp::Concat => match self.chunk.exprs[lhs] {
                Expr::Integer(_) | Expr::Float(_) => 0,
                // A local waits where it is.
                Expr::Name(_) => match self.out.get_binding(lhs) {
                    Some(Binding::Local(_)) => 0,
                    _ => 1,
                },
                _ => 1,
            },
            _ => 1,
        }
    }

    /// An expression without a left operand; what it is the left operand of is on the spine.
    fn operand(&mut self, expr: ExprId, mark: usize) {
        let chunk = self.chunk;
        match &chunk.exprs[expr] {
            Expr::Name(name) => {
                let span = chunk.span(expr);
                let (binding, _) = self.bind(*name, span, span.end);
                self.out.bindings[index(expr)] = Some(binding);
                let indexed = self.spine.len() > mark
                    && self
                        .spine
                        .last()
                        .is_some_and(|&above| matches!(chunk.exprs[above], Expr::Field { .. } | Expr::Index { .. }));
                if !indexed {
                    self.need_vararg_table(expr);
                }
            }
            Expr::Function(function) => self.function(*function),
            Expr::Paren(inner) => self.expr(*inner),
            Expr::Unary { operand, .. } => self.expr(*operand),
            Expr::Table(items) => {
                let before = self.frame().temporaries;
                self.frame().temporaries += 1;
                for item in items {
                    match *item {
                        TableItem::Positional(value) | TableItem::Named { value, .. } => {
                            self.expr(value);
                        }
                        TableItem::Keyed { key, value, .. } => {
                            self.expr(key);
                            self.expr(value);
                        }
                    }
                }
                self.frame().temporaries = before;
            }
            _ => {}
        }
    }

    /// Marks that an expression, if it is the vararg parameter, is used as a table.
    fn need_vararg_table(&mut self, expr: ExprId) {
        if let Some(Binding::Local(local)) = self.out.get_binding(expr)
            && self.frame().info.vararg == Some(local)
        {
            self.frame().info.needs_vararg_table = true;
        }
    }
}
