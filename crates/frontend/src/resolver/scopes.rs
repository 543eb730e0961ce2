//! Declarations, blocks, labels and the look-up of names.

use super::{FoundJump, Link, MAX_LOCALS, MAX_UPVALUES, NONE, OpenGoto, OpenLabel, Resolver, Scope, Var, VarKind};
use crate::ast::{BlockId, Ident, StmtId};
use crate::error::ErrorKind;
use crate::lines::Span;
use crate::names::{NameId, Names};
use crate::resolution::{
    Binding, Constant, EnvBinding, Jump, JumpTarget, Label, LabelId, Local, LocalId, LocalKind, Upvalue, UpvalueId,
    UpvalueSource,
};

/// What a look-up of a name finds.
enum Found {
    Binding(Binding),
    /// No local: a global, declared or not.
    Global {
        read_only: bool,
        declared: bool,
        named: bool,
    },
}

impl Resolver<'_> {
    /// The number of the innermost function's declarations in scope.
    pub(super) fn level(&self) -> u32 {
        let first = self.frames.last().map_or(0, |frame| frame.first_var);
        self.vars.len() as u32 - first
    }

    // Declarations.

    /// Makes a local known from `from` on; `consumed` is how much has been read then.
    pub(super) fn declare(
        &mut self,
        ident: Ident,
        kind: LocalKind,
        constant: Option<Constant>,
        consumed: u32,
    ) -> LocalId {
        let (level, function) = (self.level(), self.frame().id);
        let local = self.out.locals.alloc(Local {
            name: ident.name,
            kind,
            function,
            span: ident.span,
            constant,
            captured: false,
            reassigned: false,
            scope: Span::new(consumed, consumed),
            level,
        });
        let link = self.link;
        if kind != LocalKind::CompileTime {
            self.push_link(Some(local));
            self.count_register(consumed);
        }
        self.push_var(Some(ident.name), VarKind::Local(local), link);
        local
    }

    /// Takes a register for state that has no name.
    pub(super) fn declare_hidden(&mut self, closing: bool, consumed: u32) {
        let link = self.link;
        if closing {
            self.push_link(None);
        }
        self.count_register(consumed);
        self.push_var(None, VarKind::Hidden, link);
    }

    pub(super) fn declare_global(&mut self, name: Option<NameId>, read_only: bool) {
        match name {
            Some(_) => self.named_globals += 1,
            None => self.stars.push(self.vars.len() as u32),
        }
        self.push_var(name, VarKind::Global { read_only }, self.link);
    }

    fn push_var(&mut self, name: Option<NameId>, kind: VarKind, link: u32) {
        let at = self.vars.len() as u32;
        let shadowed = match name {
            Some(name) => std::mem::replace(&mut self.heads[name.index()], at),
            None => NONE,
        };
        self.vars.push(Var {
            name,
            kind,
            shadowed,
            link,
        });
    }

    fn push_link(&mut self, local: Option<LocalId>) {
        let level = self.level();
        self.links.push(Link {
            below: self.link,
            level,
            local,
        });
        self.link = self.links.len() as u32 - 1;
    }

    fn count_register(&mut self, consumed: u32) {
        self.frame().registers += 1;
        if self.frame().registers > MAX_LOCALS {
            self.limit_error("local variables", MAX_LOCALS, self.frames.len() - 1, consumed);
        }
    }

    // Blocks.

    pub(super) fn enter_scope(&mut self) -> Scope {
        Scope {
            vars: self.vars.len() as u32,
            labels: self.labels.len() as u32,
            gotos: self.gotos.len() as u32,
        }
    }

    /// Ends a block: its gotos meet its labels, and its declarations go. `end` is where the
    /// scope ends and `consumed` how much has been read then; without it, nothing is reported.
    pub(super) fn leave_scope(&mut self, scope: Scope, end: u32, consumed: Option<u32>) {
        let outer_level = scope.vars - self.frame().first_var;
        let mut kept = scope.gotos as usize;
        for at in scope.gotos as usize..self.gotos.len() {
            let goto = &self.gotos[at];
            let head = self.label_heads[goto.name.index()];
            if head != NONE && head >= scope.labels {
                let label = &self.labels[head as usize];
                // Until 5.4 the reference looks for gotos at the label, now at the end of the block.
                let early = self.chunk.std.old_syntax_messages();
                let consumed = consumed.map(|end| if early { label.consumed } else { end });
                self.meet(at, label.id, consumed);
            } else {
                self.gotos[at].level = goto.level.min(outer_level);
                self.gotos.swap(kept, at);
                kept += 1;
            }
        }
        self.gotos.truncate(kept);
        while self.labels.len() > scope.labels as usize {
            let label = self.labels.pop().expect("the length was checked");
            self.label_heads[label.name.index()] = label.shadowed;
        }
        while self.vars.len() > scope.vars as usize {
            self.drop_var(end);
        }
    }

    fn drop_var(&mut self, end: u32) {
        let Some(var) = self.vars.pop() else { return };
        self.link = var.link;
        if let Some(name) = var.name {
            self.heads[name.index()] = var.shadowed;
        }
        match var.kind {
            VarKind::Local(local) => {
                let local = &mut self.out.locals[local];
                local.scope.end = end.max(local.scope.start);
                if local.kind != LocalKind::CompileTime {
                    self.frame().registers -= 1;
                }
            }
            VarKind::Hidden => self.frame().registers -= 1,
            VarKind::Global { .. } if var.name.is_some() => self.named_globals -= 1,
            VarKind::Global { .. } => {
                self.stars.pop();
            }
        }
    }

    /// Joins a goto to its label.
    fn meet(&mut self, goto: usize, label: LabelId, consumed: Option<u32>) {
        let OpenGoto {
            stmt,
            name,
            level,
            link,
        } = self.gotos[goto];
        let label_level = self.out.labels[label].level;
        if level < label_level {
            let first = self.frame().first_var;
            let variable = match self.vars[(first + level) as usize].name {
                Some(name) => self.name_bytes(name),
                None => (*b"*").into(),
            };
            if let Some(consumed) = consumed {
                let line = self.chunk.stmt_line(stmt);
                let label = self.name_bytes(name);
                let kind = ErrorKind::JumpIntoScope {
                    label,
                    line,
                    variable,
                    says_local: self.chunk.std.old_syntax_messages(),
                };
                self.error(kind, self.chunk.stmt_span(stmt), consumed);
            }
            return;
        }
        let target = JumpTarget::Label(label);
        self.out.jumps.insert(
            stmt,
            Jump {
                target,
                level: label_level,
                closes: false,
            },
        );
        self.jumps.push(FoundJump { stmt, link });
    }

    /// Reports the gotos that found no label in their function, from `first` on, and the breaks outside of loops that the
    /// parser has not reported.
    pub(super) fn unmet(&mut self, first: u32, consumed: Option<u32>) {
        let gotos = self.gotos.split_off(first as usize);
        let mut unmet: Vec<_> = gotos.into_iter().map(|goto| (goto.stmt, Some(goto.name))).collect();
        let breaks = std::mem::take(&mut self.frame().stray_breaks);
        unmet.extend(breaks.into_iter().map(|stmt| (stmt, None)));
        unmet.sort_by_key(|&(stmt, _)| self.chunk.stmt_span(stmt).start);
        for (stmt, name) in unmet {
            let Some(consumed) = consumed else { continue };
            let line = self.chunk.stmt_line(stmt);
            let kind = match name {
                Some(name) => ErrorKind::NoVisibleLabel {
                    name: self.name_bytes(name),
                    line,
                },
                None => ErrorKind::BreakOutsideLoop { line },
            };
            self.error(kind, self.chunk.stmt_span(stmt), consumed);
        }
    }

    pub(super) fn goto(&mut self, stmt: StmtId, label: Ident) {
        let goto = OpenGoto {
            stmt,
            name: label.name,
            level: self.level(),
            link: self.link,
        };
        self.gotos.push(goto);
    }

    pub(super) fn break_out(&mut self, stmt: StmtId) {
        let Some(&(loop_stmt, level)) = self.frame().loops.last() else {
            self.frame().stray_breaks.push(stmt);
            return;
        };
        let target = JumpTarget::LoopEnd(loop_stmt);
        self.out.jumps.insert(
            stmt,
            Jump {
                target,
                level,
                closes: false,
            },
        );
        self.jumps.push(FoundJump { stmt, link: self.link });
    }

    pub(super) fn label(&mut self, stmt: StmtId, label: Ident, block: BlockId, level: u32, consumed: u32) {
        let line = self.chunk.stmt_line(stmt);
        let (function, first) = (self.frame().id, self.frame().first_label);
        let head = self.label_heads[label.name.index()];
        if head != NONE && head >= first {
            let (name, line) = (self.name_bytes(label.name), self.labels[head as usize].line);
            self.error(ErrorKind::LabelRepeated { name, line }, label.span, consumed);
            return;
        }
        let name = label.name;
        let id = self.out.labels.alloc(Label {
            name,
            stmt,
            block,
            function,
            level,
        });
        self.out.label_of.insert(stmt, id);
        self.label_heads[name.index()] = self.labels.len() as u32;
        self.labels.push(OpenLabel {
            name,
            id,
            line,
            consumed,
            shadowed: head,
        });
    }

    /// Finds out which jumps leave variables that must be closed, when all captures are known.
    pub(super) fn settle_jumps(&mut self) {
        for found in std::mem::take(&mut self.jumps) {
            let jump = &mut self.out.jumps[found.stmt];
            let mut at = found.link;
            while at != NONE && !jump.closes {
                let link = &self.links[at as usize];
                if link.level < jump.level {
                    break;
                }
                jump.closes = link.local.is_none_or(|local| {
                    let local = &self.out.locals[local];
                    local.captured || local.kind == LocalKind::Close
                });
                at = link.below;
            }
        }
    }

    // Names.

    /// What a name refers to, and whether it is read-only as a global. `consumed` is the end of
    /// the name.
    pub(super) fn bind(&mut self, name: NameId, span: Span, consumed: u32) -> (Binding, bool) {
        match self.find(name, consumed) {
            Found::Binding(binding) => (binding, false),
            Found::Global {
                read_only, declared, ..
            } => {
                if !declared {
                    let kind = ErrorKind::NotDeclared(self.name_bytes(name));
                    self.error(kind, span, consumed);
                }
                (self.bind_global(name, span, consumed), read_only)
            }
        }
    }

    /// The global of a name, whatever else the name may refer to.
    pub(super) fn bind_global(&mut self, name: NameId, span: Span, consumed: u32) -> Binding {
        let env = match self.find(Names::ENV, consumed) {
            Found::Binding(Binding::Local(local)) => EnvBinding::Local(local),
            Found::Binding(Binding::Upvalue(upvalue)) => EnvBinding::Upvalue(upvalue),
            Found::Binding(Binding::Constant(local)) => EnvBinding::Constant(local),
            Found::Binding(Binding::Global { env, .. }) => env,
            Found::Global { named, .. } => {
                if named {
                    let kind = ErrorKind::EnvIsGlobal(self.name_bytes(name));
                    self.error(kind, span, consumed);
                }
                EnvBinding::Upvalue(self.environment(consumed))
            }
        };
        Binding::Global { name, env }
    }

    fn find(&mut self, name: NameId, consumed: u32) -> Found {
        let head = self.heads[name.index()];
        if head != NONE {
            match self.vars[head as usize].kind {
                VarKind::Local(local) => return Found::Binding(self.reach(local, head, consumed)),
                VarKind::Global { read_only } => {
                    return Found::Global {
                        read_only,
                        declared: true,
                        named: true,
                    };
                }
                VarKind::Hidden => {}
            }
        }
        if name == Names::ENV {
            return Found::Binding(Binding::Upvalue(self.environment(consumed)));
        }
        match self.stars.last() {
            Some(&star) => {
                let kind = self.vars[star as usize].kind;
                let read_only = kind == VarKind::Global { read_only: true };
                Found::Global {
                    read_only,
                    declared: true,
                    named: false,
                }
            }
            None => {
                let declared = self.named_globals == 0;
                Found::Global {
                    read_only: false,
                    declared,
                    named: false,
                }
            }
        }
    }

    /// The binding of a local declared at a position of `vars`.
    fn reach(&mut self, id: LocalId, at: u32, consumed: u32) -> Binding {
        let local = &mut self.out.locals[id];
        if local.kind == LocalKind::CompileTime {
            return Binding::Constant(id);
        }
        let (name, kind) = (local.name, local.kind);
        let inner = self.frames.len() - 1;
        let owner = self.frames.partition_point(|frame| frame.first_var <= at) - 1;
        if owner == inner {
            return Binding::Local(id);
        }
        local.captured = true;
        let mut source = UpvalueSource::ParentLocal(id);
        for frame in owner + 1..=inner {
            let upvalue = Upvalue {
                name,
                source,
                kind,
                local: Some(id),
            };
            source = UpvalueSource::ParentUpvalue(self.upvalue(frame, upvalue, consumed));
        }
        match source {
            UpvalueSource::ParentUpvalue(upvalue) => Binding::Upvalue(upvalue),
            _ => Binding::Local(id),
        }
    }

    /// The upvalue of this function that is the main function's environment.
    fn environment(&mut self, consumed: u32) -> UpvalueId {
        let mut id = UpvalueId(0);
        for frame in 1..self.frames.len() {
            let source = UpvalueSource::ParentUpvalue(id);
            let (name, kind) = (Names::ENV, LocalKind::Regular);
            id = self.upvalue(
                frame,
                Upvalue {
                    name,
                    source,
                    kind,
                    local: None,
                },
                consumed,
            );
        }
        id
    }

    /// The upvalue of a function with this name, new or old.
    fn upvalue(&mut self, frame: usize, upvalue: Upvalue, consumed: u32) -> UpvalueId {
        let known = &mut self.frames[frame].info.upvalues;
        if let Some(at) = known.iter().position(|old| old.name == upvalue.name) {
            return UpvalueId(at as u8);
        }
        if known.len() == MAX_UPVALUES {
            self.limit_error("upvalues", MAX_UPVALUES as u32, frame, consumed);
            return UpvalueId(MAX_UPVALUES as u8 - 1);
        }
        known.push(upvalue);
        UpvalueId(known.len() as u8 - 1)
    }
}
