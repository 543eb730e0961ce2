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
mod live;
mod logic;
mod stmt;

use std::sync::Arc;

use la_arena::ArenaMap;
use perilune_bytecode as bytecode;
use perilune_bytecode::{Assembler, Capture, Captures, Flags, Label, Op, Reg, VariableKind, Wide};
use perilune_frontend::ast::{ExprId, FuncId, Stmt, StmtId};
use perilune_frontend::{Constant, FunctionInfo, LabelId, LocalId, LocalKind, NameId, UpvalueSource};
use perilune_lang::Std;

use self::live::LiveSlots;
use crate::pool;
use crate::source::{NameText, Named, NamedKind, Source};

/// What is known of the locals, labels and loops of a chunk. Each belongs to one function, so that all functions of
/// a chunk share the tables, which have an entry for each of the chunk's.
#[derive(Debug, Default)]
pub(crate) struct Places {
    slots: ArenaMap<LocalId, u16>,
    labels: ArenaMap<LabelId, Label>,
    breaks: ArenaMap<StmtId, Label>,
    /// The texts of names and strings, by number, once they are needed.
    texts: Vec<Option<Text>>,
    /// What the reference calls the hidden variables of loops.
    for_state: Option<Arc<[u8]>>,
    /// What has room for code, for slots, and for chains of expressions.
    asm: Assembler,
    live: LiveSlots,
    spines: Vec<ExprId>,
    /// The number of the function, from 1, among those compiled with these tables.
    stamp: u32,
}

/// The bytes of a name or string.
#[derive(Debug)]
struct Text {
    text: Arc<[u8]>,
    /// The function in which it was a constant last, and its number there.
    stamp: u32,
    constant: u32,
}

impl Places {
    fn for_state(&mut self) -> Arc<[u8]> {
        let text = self.for_state.get_or_insert_with(|| b"(for state)"[..].into());
        text.clone()
    }

    fn text(&mut self, name: NameId, bytes: &[u8]) -> &mut Text {
        let index = name.index();
        if index >= self.texts.len() {
            self.texts.resize_with(index + 1, || None);
        }
        self.texts[index].get_or_insert_with(|| Text {
            text: bytes.into(),
            stamp: 0,
            constant: 0,
        })
    }
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
    places.stamp += 1;
    let mut code = Baseline {
        source,
        std: source.chunk.std,
        func,
        info,
        numbers,
        observed,
        place: (0, 0),
        asm: std::mem::take(&mut places.asm),
        free: 0,
        live: std::mem::take(&mut places.live),
        line: 1,
        active: Vec::new(),
        spines: std::mem::take(&mut places.spines),
        places,
        loops: false,
    };
    code.asm.function_mut().params = body.params.len() as u16;
    code.header();
    code.body();
    code.asm.thread_jumps();
    let function = code.asm.take();
    let Baseline {
        asm,
        live,
        spines,
        loops,
        ..
    } = code;
    (places.asm, places.live, places.spines) = (asm, live.emptied(), spines);
    (function, loops)
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
    live: LiveSlots,
    /// Where places were looked for last.
    line: u32,
    places: &'a mut Places,
    active: Vec<Active>,
    /// The chains of the expressions that are being evaluated, one upon the other.
    spines: Vec<ExprId>,
    /// Whether some jump goes back.
    loops: bool,
}

impl<'a> Baseline<'a> {
    fn header(&mut self) {
        let chunk = self.source.chunk;
        let body = &chunk.functions[self.func];
        for upvalue in &self.info.upvalues {
            let name = self.text(upvalue.name);
            self.asm.upvalue(name, variable_kind(upvalue.kind));
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
                self.activate_hidden(b"(vararg table)"[..].into(), slot, level, false);
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
        let place = pool::place(self.source.chunk, expr, &mut self.line);
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
            let live = self.live.below(window, extra);
            self.asm.live_set(live);
        }
    }

    /// Names an operand of the last instruction.
    fn name(&mut self, operand: u16, named: Option<Named>) {
        if let Some(named) = named {
            let text: Arc<[u8]> = match named.name {
                NameText::Source(name) => self.text(name),
                NameText::Fixed(text) => text.as_bytes().into(),
            };
            self.asm.name(operand, name_kind(named.kind), text);
        }
    }

    /// The bytes of a name, which all functions of the module share.
    fn text(&mut self, name: NameId) -> Arc<[u8]> {
        let bytes = self.source.bytes(name);
        self.places.text(name, bytes).text.clone()
    }

    fn name_expr(&mut self, operand: u16, expr: ExprId) {
        let named = self.source.operand_name(self.func, expr);
        self.name(operand, named);
    }

    // Constants.

    fn constant(&mut self, constant: Constant) -> u32 {
        let Constant::String(name) = constant else {
            let constant = pool::constant(self.source.chunk, constant);
            return self.asm.constant(constant);
        };
        let bytes = self.source.bytes(name);
        let asm = &mut self.asm;
        let stamp = self.places.stamp;
        let text = self.places.text(name, bytes);
        if text.stamp != stamp {
            text.stamp = stamp;
            text.constant = asm.new_constant(bytecode::Constant::Str(text.text.clone()));
        }
        text.constant
    }

    fn short_constant(&mut self, constant: Constant) -> Option<bytecode::Const> {
        let index = u16::try_from(self.constant(constant)).ok()?;
        (index < bytecode::Const::LIMIT).then_some(bytecode::Const(index))
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
