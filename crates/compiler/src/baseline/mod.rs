//! The code generator of [`OptLevel::O0`](crate::OptLevel::O0): one walk over the tree, no
//! intermediate form.
//!
//! Every local keeps one slot for its whole scope, temporaries stack up above the locals in the order
//! in which they are computed, and every slot with a value counts as live. That is the discipline of
//! the reference implementation, so debuggers and hooks see what they see there; it is also the
//! fastest way to code that runs once, and an independent opinion for tests of the other levels.

mod call;
mod expr;
mod frame;
mod logic;
mod stmt;

use la_arena::ArenaMap;
use perilune_bytecode as bytecode;
use perilune_bytecode::{Assembler, Capture, Captures, Flags, Label, Op, Reg, VariableKind, Wide};
use perilune_frontend::ast::{ExprId, FuncId, Stmt, StmtId};
use perilune_frontend::{Constant, FunctionInfo, LabelId, LocalId, LocalKind, UpvalueSource};
use perilune_lang::Std;

use crate::pool;
use crate::source::{Named, NamedKind, Source};

/// What is known of the locals, labels and loops of a chunk. Each belongs to one function, so that all functions of
/// a chunk share the tables, which have an entry for each of the chunk's.
#[derive(Debug, Default)]
pub(crate) struct Places {
    slots: ArenaMap<LocalId, u16>,
    labels: ArenaMap<LabelId, Label>,
    breaks: ArenaMap<StmtId, Label>,
}

/// Compiles one function of a chunk; and whether it has a loop. `numbers` are those of all functions in the module. If
/// `observed`, every instruction gets a live map, so that hooks may stop anywhere and debuggers see all that has a value.
///
/// # Panics
/// If the chunk or its resolution has errors.
pub(crate) fn compile_function(
    source: Source<'_>,
    func: FuncId,
    numbers: &ArenaMap<FuncId, u32>,
    places: &mut Places,
    observed: bool,
) -> (bytecode::Function, bool) {
    let body = &source.chunk.functions[func];
    let info = source.names.function(func);
    let mut code = Baseline {
        source,
        std: source.chunk.std,
        func,
        info,
        numbers,
        observed,
        place: (0, 0),
        asm: Assembler::new(Vec::new(), body.params.len() as u16),
        free: 0,
        live: Vec::new(),
        places,
        active: Vec::new(),
        loops: false,
    };
    code.header();
    code.body();
    code.asm.thread_jumps();
    (code.asm.finish(), code.loops)
}

/// A local in scope, hidden ones included.
#[derive(Clone, Debug)]
struct Active {
    slot: u16,
    /// As [`Local::level`](perilune_frontend::Local::level).
    level: u32,
    to_close: bool,
    /// Where its debug scope ends, if debuggers know it.
    end: Option<Label>,
}

struct Baseline<'a> {
    source: Source<'a>,
    std: Std,
    func: FuncId,
    info: &'a FunctionInfo,
    numbers: &'a ArenaMap<FuncId, u32>,
    observed: bool,
    /// Line and column of what follows.
    place: (u32, u32),
    asm: Assembler,
    /// The first slot without a local or temporary.
    free: u16,
    /// Of each slot below `free`, whether it holds a value.
    live: Vec<bool>,
    places: &'a mut Places,
    active: Vec<Active>,
    /// Whether some jump goes back.
    loops: bool,
}

impl<'a> Baseline<'a> {
    fn header(&mut self) {
        let chunk = self.source.chunk;
        let body = &chunk.functions[self.func];
        for upvalue in &self.info.upvalues {
            self.asm
                .upvalue(self.source.bytes(upvalue.name), variable_kind(upvalue.kind));
        }
        let main = self.func == chunk.main;
        let function = self.asm.function_mut();
        function.line_defined = body.line;
        function.last_line = if main { 0 } else { body.end_line };
        function.vararg = body.vararg.is_some();
    }

    fn body(&mut self) {
        let chunk = self.source.chunk;
        let body = &chunk.functions[self.func];
        let main = self.func == chunk.main;
        // What prepares a frame belongs to no line: the reference has no instructions for it.
        self.at(0);
        let params = self.info.params;
        self.reserve(params.len() as u16);
        for slot in 0..self.free {
            self.mark(slot);
        }
        for (slot, local) in params.iter().enumerate() {
            self.activate(local, slot as u16);
        }
        match (self.info.vararg, body.vararg) {
            (Some(local), _) => {
                let slot = self.reserve(1);
                match self.source.vararg_table(self.info) {
                    Some(_) => self.emit(Op::VarargTable { dst: Reg(slot) }),
                    None => self.emit(Op::LoadNil { dst: Reg(slot) }),
                }
                self.mark(slot);
                self.activate(local, slot);
            }
            // The reference shows this to debuggers, and it shifts the numbers of the other locals.
            (None, Some(_)) if !main && self.std.named_varargs() => {
                let slot = self.reserve(1);
                self.load(slot, Constant::Nil);
                let level = self.info.params.len() as u32;
                self.activate_hidden(b"(vararg table)", slot, level, false);
            }
            _ => {}
        }
        for local in params.iter() {
            self.make_cell(local);
        }
        if let Some(local) = self.info.vararg {
            self.make_cell(local);
        }
        self.statements(body.body);
        self.at(body.end_line);
        let last = chunk.blocks[body.body].stmts.last();
        let returns = matches!(last.map(|&last| &chunk.stmts[last]), Some(Stmt::Return(_)));
        if !returns {
            self.close_from_level(0);
        }
        // Behind a return nothing gets here, but the line of the end counts as one that has code.
        if !returns || self.observed {
            self.emit(Op::Return0 {});
        }
        // Locals are in scope up to the end, so that a hook of the return sees them.
        for active in std::mem::take(&mut self.active) {
            active.end.into_iter().for_each(|end| self.asm.bind(end));
        }
    }

    // Emitting.

    /// The source line of what follows.
    fn at(&mut self, line: u32) {
        self.at_place(line, 0);
    }

    fn at_expr(&mut self, expr: ExprId) {
        let place = pool::place(self.source.chunk, expr);
        self.at_place(place.line, place.column);
    }

    fn at_place(&mut self, line: u32, column: u32) {
        self.place = (line, column);
        self.asm.line(line, column);
    }

    /// Appends an instruction that belongs to no line, since the reference has none like it.
    fn emit_glue(&mut self, op: Op) {
        let (line, column) = self.place;
        self.asm.line(0, 0);
        self.emit(op);
        self.asm.line(line, column);
    }

    fn emit(&mut self, op: Op) {
        self.emit_with(op, None, &[]);
    }

    fn emit_jump(&mut self, op: Op, to: Label) {
        self.emit_with(op, Some(to), &[]);
    }

    /// Appends an instruction; `extra` are live slots inside of its own call window.
    fn emit_with(&mut self, op: Op, to: Option<Label>, extra: &[u16]) {
        let window = op.call_window().map_or(u16::MAX, |(window, _)| window.0);
        let safepoint = self.observed || op.opcode().flags().contains(Flags::SAFEPOINT);
        match to {
            Some(label) => self.asm.jump(op, label),
            None => self.asm.push(op),
        };
        if safepoint {
            let below = self.live.iter().take(usize::from(window)).enumerate();
            let live = below.filter(|(_, live)| **live).map(|(slot, _)| slot as u32);
            self.asm
                .safepoint(live.chain(extra.iter().map(|&slot| u32::from(slot))));
        }
    }

    /// Names an operand of the last instruction.
    fn name(&mut self, operand: u16, named: Option<Named>) {
        if let Some(named) = named {
            self.asm.name(operand, name_kind(named.kind), named.bytes(&self.source));
        }
    }

    fn name_expr(&mut self, operand: u16, expr: ExprId) {
        let named = self.source.operand_name(self.func, expr);
        self.name(operand, named);
    }

    // Constants.

    fn constant(&mut self, constant: Constant) -> u32 {
        let constant = pool::constant(self.source.chunk, constant);
        self.asm.constant(constant)
    }

    fn short_constant(&mut self, constant: Constant) -> Option<bytecode::Const> {
        let constant = pool::constant(self.source.chunk, constant);
        self.asm.short_constant(constant)
    }

    /// Puts a constant into a slot.
    fn load(&mut self, slot: u16, constant: Constant) {
        let dst = Reg(slot);
        let op = match pool::immediate_load(dst, constant) {
            Some(op) => op,
            None => match self.short_constant(constant) {
                Some(value) => Op::LoadK { dst, value },
                None => Op::LoadKx {
                    dst,
                    value: Wide(self.constant(constant)),
                },
            },
        };
        self.emit(op);
        self.mark(slot);
    }

    // Functions.

    fn closure(&mut self, dst: u16, func: FuncId) {
        let mut captures = Vec::new();
        for upvalue in &self.source.names.function(func).upvalues {
            captures.push(match upvalue.source {
                UpvalueSource::ParentLocal(local) => Capture::Register(Reg(self.places.slots[local])),
                UpvalueSource::ParentUpvalue(id) => Capture::Upvalue(bytecode::Upvalue(id.0.into())),
                UpvalueSource::Environment => unreachable!("only the main function takes the environment"),
            });
        }
        let proto = Wide(self.numbers[func]);
        self.emit(Op::Closure {
            dst: Reg(dst),
            proto,
            captures: Captures(captures),
        });
        self.mark(dst);
    }
}

/// The bytecode's name for a kind of upvalue.
pub(crate) fn variable_kind(kind: LocalKind) -> VariableKind {
    match kind {
        LocalKind::Regular => VariableKind::Regular,
        LocalKind::Close => VariableKind::Close,
        _ => VariableKind::Const,
    }
}

/// The bytecode's name for a kind of name.
pub(crate) fn name_kind(kind: NamedKind) -> bytecode::NameKind {
    match kind {
        NamedKind::Global => bytecode::NameKind::Global,
        NamedKind::Local => bytecode::NameKind::Local,
        NamedKind::Method => bytecode::NameKind::Method,
        NamedKind::Field => bytecode::NameKind::Field,
        NamedKind::Upvalue => bytecode::NameKind::Upvalue,
        NamedKind::Constant => bytecode::NameKind::Constant,
    }
}
