//! Syntax tree to SSA.
//!
//! Locals that nobody assigns are plain values, assigned ones are variables of the SSA builder, and
//! captured ones live in cells. A captured local that is never assigned after its declaration has a
//! cell for its closures, while its own function goes on using the value. Conditions become branches; a
//! boolean is made only where a program stores one.

mod call;
mod expr;
mod logic;
mod loops;
mod stmt;

use std::collections::BTreeSet;

use la_arena::ArenaMap;
use perilune_frontend::ast::{ExprId, FuncId, Stmt};
use perilune_frontend::{Constant, FunctionInfo, Label, Local, LocalId, LocalKind, NameId};
use perilune_ir::{Block, Function, FunctionBuilder, Loc, Module, NameKind, Scope, UpvalueKind, Value, Variable};

use crate::pool;
use crate::source::{METHOD_CONSTANTS, METHOD_LENGTH, Named, NamedKind, Source};
use crate::span_map::SpanMap;

/// Lowers a chunk: the main function first, each function before its inner ones.
///
/// # Panics
/// If the chunk or its resolution has errors.
pub fn lower(source: Source<'_>) -> Module {
    let numbers = source.function_numbers();
    let mut module = Module::default();
    for func in source.function_order() {
        module.push(lower_function(source, func, &numbers));
    }
    module
}

/// Lowers one function of a chunk. `numbers` are those of all functions in the module.
pub(crate) fn lower_function(source: Source<'_>, id: FuncId, numbers: &ArenaMap<FuncId, u32>) -> Function {
    let chunk = source.chunk;
    let body = &chunk.functions[id];
    let info = source.names.function(id);
    let mut func = Function::new("");
    func.line_defined = body.line;
    func.last_line = if id == chunk.main { 0 } else { body.end_line };
    func.vararg = body.vararg.is_some();
    for upvalue in &info.upvalues {
        let kind = match upvalue.kind {
            LocalKind::Regular => UpvalueKind::Regular,
            LocalKind::Close => UpvalueKind::Close,
            _ => UpvalueKind::Const,
        };
        let id = func.add_upvalue(source.bytes(upvalue.name), kind);
        if upvalue
            .local
            .is_some_and(|local| !source.names.locals[local].reassigned)
        {
            func.fix_upvalue(id);
        }
    }
    let mut lower = Lower {
        source,
        func: id,
        info,
        numbers,
        b: FunctionBuilder::new(&mut func),
        storage: SpanMap::default(),
        in_scope: source.watches_collector().then(Vec::new),
        closing: Vec::new(),
        labels: SpanMap::default(),
        breaks: SpanMap::default(),
        line: 1,
        variables: 0,
        scopes: 0,
        strings: BTreeSet::new(),
    };
    lower.body();
    lower.b.finish();
    func
}

/// Where a local lives.
#[derive(Clone, Copy, Debug)]
enum Storage {
    /// It is this value for its whole life; closures capture the cell.
    Value { value: Value, cell: Option<Value> },
    /// It is assigned.
    Variable(Variable),
    /// It is assigned and captured.
    Cell(Value),
}

/// A variable to be closed whose scope is open.
#[derive(Clone, Copy, Debug)]
struct Closing {
    scope: Scope,
    /// As [`Local::level`](perilune_frontend::Local::level).
    level: u32,
}

struct Lower<'a, 'f> {
    source: Source<'a>,
    func: FuncId,
    info: &'a FunctionInfo,
    numbers: &'a ArenaMap<FuncId, u32>,
    b: FunctionBuilder<'f>,
    /// Nothing for locals whose declaration is never reached.
    storage: SpanMap<Local, Storage>,
    /// The locals in scope, where their values are to live as long as their names.
    in_scope: Option<Vec<LocalId>>,
    closing: Vec<Closing>,
    labels: SpanMap<Label, Block>,
    breaks: SpanMap<Stmt, Block>,
    /// Where places were looked for last.
    line: u32,
    variables: u32,
    scopes: u32,
    /// The strings among the function's constants, the first few.
    strings: BTreeSet<NameId>,
}

impl<'a> Lower<'a, '_> {
    fn body(&mut self) {
        let chunk = self.source.chunk;
        let body = &chunk.functions[self.func];
        let entry = self.b.create_block();
        let params: Vec<Value> = body.params.iter().map(|_| self.b.block_param(entry)).collect();
        self.b.switch_to(entry);
        self.b.seal_block(entry);
        // What prepares a frame belongs to no line.
        self.at(0);
        for (local, value) in self.info.params.iter().zip(params) {
            self.define(local, value);
        }
        if let Some(local) = self.info.vararg {
            let table = match self.source.vararg_table(self.info) {
                Some(_) => self.b.vararg_table(),
                None => self.b.nil(),
            };
            self.define(local, table);
        }
        self.block(body.body);
        if self.reachable() {
            self.at(body.end_line);
            self.keep_alive(0);
            self.b.ret(&[]);
        }
    }

    // Places and names.

    fn at(&mut self, line: u32) {
        self.b.set_loc(Loc { line, column: 0 });
    }

    fn at_expr(&mut self, expr: ExprId) {
        let place = pool::place(self.source.chunk, expr, &mut self.line);
        self.b.set_loc(place);
    }

    /// Names an operand of the last instruction.
    fn name(&mut self, operand: u32, named: Option<Named>) {
        if let Some(named) = named {
            let kind = match named.kind {
                NamedKind::Global => NameKind::Global,
                NamedKind::Local => NameKind::Local,
                NamedKind::Method => NameKind::Method,
                NamedKind::Field => NameKind::Field,
                NamedKind::Upvalue => NameKind::Upvalue,
                NamedKind::Constant => NameKind::Constant,
            };
            self.b.name_operand(operand, kind, named.bytes(&self.source));
        }
    }

    fn name_expr(&mut self, operand: u32, expr: ExprId) {
        let named = self.source.operand_name(self.func, expr);
        self.name(operand, named);
    }

    // Control.

    fn reachable(&self) -> bool {
        self.b.current_block().is_some()
    }

    /// Continues in a block all of whose predecessors exist.
    fn enter(&mut self, block: Block) {
        self.b.seal_block(block);
        self.b.switch_to(block);
    }

    /// Continues in `block`, from here too if control gets here.
    fn fall_into(&mut self, block: Block) {
        if self.reachable() {
            self.b.jump(block, &[]);
        }
    }

    // Locals.

    fn new_variable(&mut self) -> Variable {
        self.variables += 1;
        Variable::from_u32(self.variables - 1)
    }

    fn new_scope(&mut self) -> Scope {
        self.scopes += 1;
        Scope::from_u32(self.scopes - 1)
    }

    /// Declares a local with its first value.
    fn define(&mut self, local: LocalId, value: Value) {
        let data = &self.source.names.locals[local];
        let storage = match (data.captured, data.reassigned) {
            (false, false) => Storage::Value { value, cell: None },
            (true, false) => Storage::Value {
                value,
                cell: Some(self.b.new_cell(value)),
            },
            (true, true) => Storage::Cell(self.b.new_cell(value)),
            (false, true) => {
                let variable = self.new_variable();
                self.b.write_variable(variable, value);
                Storage::Variable(variable)
            }
        };
        self.storage.insert(local, storage);
        if let Some(in_scope) = &mut self.in_scope {
            in_scope.push(local);
        }
    }

    /// How many locals are in scope whose values are kept alive.
    fn kept(&self) -> usize {
        self.in_scope.as_ref().map_or(0, Vec::len)
    }

    /// Keeps the values of the locals in scope alive up to here, but for the first `from`.
    fn keep_alive(&mut self, from: usize) {
        let locals = self
            .in_scope
            .as_ref()
            .map_or(Vec::new(), |in_scope| in_scope[from..].to_vec());
        for local in locals {
            let name = self.source.bytes(self.source.names.locals[local].name);
            let value = match self.storage[local] {
                Storage::Value { value, .. } | Storage::Cell(value) => value,
                Storage::Variable(variable) => self.b.read_variable(variable),
            };
            let local = self.b.func_mut().add_local(name);
            self.b.local_start(local, value);
            self.b.local_end(local);
        }
    }

    /// Ends the scope of all kept locals but the first `from`.
    fn forget(&mut self, from: usize) {
        if self.kept() > from {
            if self.reachable() {
                self.keep_alive(from);
            }
            self.in_scope.as_mut().expect("there are some").truncate(from);
        }
    }

    fn read_local(&mut self, local: LocalId) -> Value {
        match self.storage.get(local).copied() {
            Some(Storage::Value { value, .. }) => value,
            Some(Storage::Variable(variable)) => self.b.read_variable(variable),
            Some(Storage::Cell(cell)) => self.b.get_cell(cell),
            // Control never gets here.
            None => self.b.nil(),
        }
    }

    fn write_local(&mut self, local: LocalId, value: Value) {
        match self.storage.get(local).copied() {
            Some(Storage::Variable(variable)) => self.b.write_variable(variable, value),
            Some(Storage::Cell(cell)) => {
                self.b.set_cell(cell, value);
            }
            Some(Storage::Value { .. }) => unreachable!("the resolver knows what is assigned"),
            None => {}
        }
    }

    fn constant(&mut self, constant: Constant) -> Value {
        match constant {
            Constant::Nil => self.b.nil(),
            Constant::Bool(value) => self.b.bool(value),
            Constant::Integer(value) => self.b.int(value),
            Constant::Float(value) => self.b.float(value),
            Constant::String(name) => {
                let name = self.noted(name);
                self.b.str(name)
            }
        }
    }

    /// The text of a string that is a constant of the function's, and counts as one.
    fn noted(&mut self, name: NameId) -> &'a [u8] {
        if self.strings.len() <= METHOD_CONSTANTS {
            self.strings.insert(name);
        }
        self.source.bytes(name)
    }

    /// What messages call a method: past so many constants, the reference looks methods up as fields.
    fn method_name(&mut self, name: NameId) -> Named {
        let bytes = self.noted(name);
        let far = self.strings.len() > METHOD_CONSTANTS;
        self.source.method_name(name, far || bytes.len() > METHOD_LENGTH)
    }
}
