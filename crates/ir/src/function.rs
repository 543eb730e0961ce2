//! Functions: blocks, instructions and values, and the tables of facts about them.
//!
//! Instructions are compact (40 bytes); operand lists live in one pool. Source locations, operand
//! names and debug locals are side tables, so passes that do not care never see them.

use crate::list::{List, ListPool};
use crate::op::{Capture, CaptureList, NameKind, Op, UpvalueKind, ValueKind};
use crate::{Block, Effects, Inst, Local, StrId, Upvalue, Value};
use indexmap::{IndexMap, IndexSet};
use std::fmt;

/// A place in the source: 1-based, 0 where there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Loc {
    /// The line.
    pub line: u32,
    /// The column in bytes.
    pub column: u32,
}

/// How messages call an operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OperandName {
    /// What is named.
    pub kind: NameKind,
    /// Its name.
    pub name: StrId,
}

/// A captured variable of an enclosing function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct UpvalueDesc {
    /// Its name.
    pub name: StrId,
    /// How it was declared.
    pub kind: UpvalueKind,
    /// Whether nobody assigns it once functions can read it: all reads give one value while a function runs.
    pub fixed: bool,
}

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueDef {
    /// The parameter of a block at this position.
    Param(Block, u32),
    /// The result of an instruction at this position.
    Result(Inst, u32),
    /// Nothing: the definition was removed.
    Detached,
}

impl ValueDef {
    /// The block, if the value is a parameter.
    pub fn block(self) -> Option<Block> {
        match self {
            ValueDef::Param(block, _) => Some(block),
            ValueDef::Result(..) | ValueDef::Detached => None,
        }
    }
}

/// One function in SSA form.
///
/// Two functions are equal when they differ in nothing but the numbers of ids.
#[derive(Clone)]
pub struct Function {
    /// The name for dumps and tracebacks; empty if there is none.
    pub name: Vec<u8>,
    /// The line of the `function` keyword, 0 for a main chunk.
    pub line_defined: u32,
    /// The line of the closing `end`, 0 for a main chunk.
    pub last_line: u32,
    /// Whether the function takes extra arguments. The fixed ones are the entry block's parameters.
    pub vararg: bool,
    upvalues: Vec<UpvalueDesc>,
    locals: Vec<StrId>,
    strings: IndexSet<Box<[u8]>>,
    pub(crate) layout: Vec<Block>,
    blocks: Vec<BlockData>,
    insts: Vec<InstData>,
    locs: Vec<Loc>,
    values: Vec<ValueData>,
    pub(crate) pool: ListPool,
    edges: Vec<Edge>,
    captures: Vec<Option<Upvalue>>,
    names: IndexMap<(Inst, u32), OperandName>,
}

#[derive(Clone, Debug, Default)]
struct BlockData {
    params: List,
    insts: Vec<Inst>,
}

#[derive(Clone, Debug)]
struct InstData {
    op: Op,
    args: List,
    results: List,
    /// The first of `op.successors()` edges.
    edges: u32,
}

const _: () = assert!(size_of::<InstData>() == 40);

#[derive(Clone, Copy, Debug)]
struct ValueData {
    def: ValueDef,
    kind: ValueKind,
}

#[derive(Clone, Copy, Debug)]
struct Edge {
    to: Block,
    args: List,
}

/// A way out of a block: the successor at a position of a terminator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EdgeRef {
    /// The terminator.
    pub inst: Inst,
    /// The position among its successors.
    pub succ: u32,
}

impl Function {
    /// An empty function. Its first created block is the entry.
    pub fn new(name: impl AsRef<[u8]>) -> Function {
        Function {
            name: name.as_ref().to_vec(),
            line_defined: 0,
            last_line: 0,
            vararg: false,
            upvalues: Vec::new(),
            locals: Vec::new(),
            strings: IndexSet::new(),
            layout: Vec::new(),
            blocks: Vec::new(),
            insts: Vec::new(),
            locs: Vec::new(),
            values: Vec::new(),
            pool: ListPool::default(),
            edges: Vec::new(),
            captures: Vec::new(),
            names: IndexMap::new(),
        }
    }

    // Strings, upvalues, locals.

    /// The id of a byte string.
    pub fn intern(&mut self, bytes: &[u8]) -> StrId {
        let index = match self.strings.get_index_of(bytes) {
            Some(index) => index,
            None => self.strings.insert_full(bytes.into()).0,
        };
        StrId::from_index(index)
    }

    /// The bytes of a string.
    pub fn str(&self, id: StrId) -> &[u8] {
        &self.strings[id.index()]
    }

    /// How many strings there are.
    pub fn string_count(&self) -> usize {
        self.strings.len()
    }

    /// Adds an upvalue, one that may change.
    pub fn add_upvalue(&mut self, name: &[u8], kind: UpvalueKind) -> Upvalue {
        let name = self.intern(name);
        self.upvalues.push(UpvalueDesc {
            name,
            kind,
            fixed: false,
        });
        Upvalue::from_index(self.upvalues.len() - 1)
    }

    /// Declares that an upvalue never changes while the function runs.
    pub fn fix_upvalue(&mut self, upvalue: Upvalue) {
        self.upvalues[upvalue.index()].fixed = true;
    }

    /// Whether an instruction reads an upvalue that never changes.
    pub fn is_fixed_read(&self, inst: Inst) -> bool {
        matches!(self.op(inst), Op::GetUpvalue(upvalue) if self.upvalues[upvalue.index()].fixed)
    }

    /// The upvalues, in the order of their ids.
    pub fn upvalues(&self) -> &[UpvalueDesc] {
        &self.upvalues
    }

    /// Adds a local variable that debuggers may ask for.
    pub fn add_local(&mut self, name: &[u8]) -> Local {
        let name = self.intern(name);
        self.locals.push(name);
        Local::from_index(self.locals.len() - 1)
    }

    /// The names of the debug locals, in the order of their ids.
    pub fn locals(&self) -> &[StrId] {
        &self.locals
    }

    // Blocks.

    /// Appends an empty block.
    pub fn create_block(&mut self) -> Block {
        let block = Block::from_index(self.blocks.len());
        self.blocks.push(BlockData::default());
        self.layout.push(block);
        block
    }

    /// The entry block.
    ///
    /// # Panics
    /// If there is no block.
    pub fn entry(&self) -> Block {
        *self.layout.first().expect("a function has an entry block")
    }

    /// The blocks in layout order, the entry first.
    pub fn blocks(&self) -> impl DoubleEndedIterator<Item = Block> + ExactSizeIterator + '_ {
        self.layout.iter().copied()
    }

    /// An exclusive bound of all block numbers, for dense side tables.
    pub fn block_bound(&self) -> usize {
        self.blocks.len()
    }

    /// An exclusive bound of all instruction numbers, for dense side tables.
    pub fn inst_bound(&self) -> usize {
        self.insts.len()
    }

    /// An exclusive bound of all value numbers, for dense side tables.
    pub fn value_bound(&self) -> usize {
        self.values.len()
    }

    /// The parameters of a block.
    pub fn params(&self, block: Block) -> &[Value] {
        self.pool.get(self.blocks[block.index()].params)
    }

    /// Appends a parameter to a block; every edge to it needs another argument.
    pub fn add_param(&mut self, block: Block, kind: ValueKind) -> Value {
        let params = &mut self.blocks[block.index()].params;
        let position = self.pool.get(*params).len() as u32;
        let value = Value::from_index(self.values.len());
        self.values.push(ValueData {
            def: ValueDef::Param(block, position),
            kind,
        });
        self.pool.push(params, value);
        value
    }

    /// Removes parameters, and the arguments for them on all edges, in one pass over the function.
    /// The caller has replaced their uses.
    pub fn remove_params(&mut self, mut remove: impl FnMut(&Function, Value) -> bool) {
        let mut dead = vec![false; self.values.len()];
        let mut any = vec![false; self.blocks.len()];
        for &block in &self.layout {
            for &param in self.params(block) {
                if remove(self, param) {
                    dead[param.index()] = true;
                    any[block.index()] = true;
                }
            }
        }
        if !any.contains(&true) {
            return;
        }
        for at in 0..self.layout.len() {
            let Some(term) = self.terminator(self.layout[at]) else {
                continue;
            };
            for succ in 0..self.insts[term.index()].op.successors() {
                let edge = &mut self.edges[self.insts[term.index()].edges as usize + succ];
                if any[edge.to.index()] {
                    let params = self.blocks[edge.to.index()].params;
                    let removed: Vec<bool> = self.pool.get(params).iter().map(|p| dead[p.index()]).collect();
                    self.pool
                        .retain(&mut edge.args, |at, _| !removed.get(at).copied().unwrap_or(false));
                }
            }
        }
        for at in 0..self.layout.len() {
            let block = self.layout[at];
            if !any[block.index()] {
                continue;
            }
            let params = &mut self.blocks[block.index()].params;
            for &param in self.pool.get(*params) {
                if dead[param.index()] {
                    self.values[param.index()].def = ValueDef::Detached;
                }
            }
            self.pool.retain(params, |_, param| !dead[param.index()]);
            for (position, param) in self.pool.get(*params).iter().enumerate() {
                self.values[param.index()].def = ValueDef::Param(block, position as u32);
            }
        }
    }

    /// The instructions of a block, in order.
    pub fn insts(&self, block: Block) -> &[Inst] {
        &self.blocks[block.index()].insts
    }

    /// The last instruction of a block if it ends it.
    pub fn terminator(&self, block: Block) -> Option<Inst> {
        let last = *self.insts(block).last()?;
        self.op(last).is_terminator().then_some(last)
    }

    /// Replaces the order of instructions of a block, as passes do that add or drop some.
    pub fn set_insts(&mut self, block: Block, insts: Vec<Inst>) {
        self.blocks[block.index()].insts = insts;
    }

    /// Keeps the instructions for which `keep` holds; the others' results become detached.
    pub fn retain_insts(&mut self, block: Block, mut keep: impl FnMut(&Function, Inst) -> bool) {
        let mut insts = std::mem::take(&mut self.blocks[block.index()].insts);
        insts.retain(|&inst| {
            let kept = keep(self, inst);
            if !kept {
                self.detach_results(inst);
            }
            kept
        });
        self.blocks[block.index()].insts = insts;
    }

    /// Keeps the blocks for which `keep` holds (the entry must be among them); the values that the
    /// others define become detached.
    pub fn retain_blocks(&mut self, mut keep: impl FnMut(Block) -> bool) {
        let mut layout = std::mem::take(&mut self.layout);
        layout.retain(|&block| {
            let kept = keep(block);
            if !kept {
                for at in 0..self.params(block).len() {
                    let param = self.params(block)[at];
                    self.values[param.index()].def = ValueDef::Detached;
                }
                for inst in std::mem::take(&mut self.blocks[block.index()].insts) {
                    self.detach_results(inst);
                }
            }
            kept
        });
        self.layout = layout;
    }

    /// Replaces the order of blocks. The first is the entry; blocks left out must be unreachable.
    pub fn set_layout(&mut self, layout: Vec<Block>) {
        self.layout = layout;
    }

    fn detach_results(&mut self, inst: Inst) {
        for at in 0..self.results(inst).len() {
            let result = self.results(inst)[at];
            self.values[result.index()].def = ValueDef::Detached;
        }
    }

    // Instructions.

    /// Makes an instruction that stands in no block yet, with new values for its results;
    /// `edges` are its successors with their arguments.
    pub fn make_inst(&mut self, op: Op, args: &[Value], results: usize, edges: &[(Block, &[Value])], loc: Loc) -> Inst {
        let count = results;
        assert_eq!(op.successors(), edges.len(), "{op:?} has another number of successors");
        let inst = Inst::from_index(self.insts.len());
        let args = self.pool.alloc(args);
        let mut results = List::default();
        let kind = op.result_kind();
        for position in 0..count {
            let value = Value::from_index(self.values.len());
            self.values.push(ValueData {
                def: ValueDef::Result(inst, position as u32),
                kind,
            });
            self.pool.push(&mut results, value);
        }
        let first = self.edges.len() as u32;
        for &(to, args) in edges {
            let args = self.pool.alloc(args);
            self.edges.push(Edge { to, args });
        }
        self.insts.push(InstData {
            op,
            args,
            results,
            edges: first,
        });
        self.locs.push(loc);
        inst
    }

    /// Appends an instruction to a block.
    pub fn append_inst(&mut self, block: Block, inst: Inst) {
        self.blocks[block.index()].insts.push(inst);
    }

    /// Puts an instruction before all others of a block: linear in the block's length.
    pub fn prepend_inst(&mut self, block: Block, inst: Inst) {
        self.blocks[block.index()].insts.insert(0, inst);
    }

    /// What an instruction does.
    pub fn op(&self, inst: Inst) -> Op {
        self.insts[inst.index()].op
    }

    /// The value operands of an instruction, without those of its edges.
    pub fn args(&self, inst: Inst) -> &[Value] {
        self.pool.get(self.insts[inst.index()].args)
    }

    /// Replaces one operand.
    pub fn set_arg(&mut self, inst: Inst, position: usize, value: Value) {
        self.pool.get_mut(self.insts[inst.index()].args)[position] = value;
    }

    /// The values that an instruction defines.
    pub fn results(&self, inst: Inst) -> &[Value] {
        self.pool.get(self.insts[inst.index()].results)
    }

    /// The only result of an instruction.
    ///
    /// # Panics
    /// If it has none or several.
    pub fn result(&self, inst: Inst) -> Value {
        let [value] = *self.results(inst) else {
            panic!("{inst} has not one result")
        };
        value
    }

    /// Drops the results of a call, vararg or iterator call past the first `count`.
    pub fn truncate_results(&mut self, inst: Inst, count: usize) {
        for at in count..self.results(inst).len() {
            let result = self.results(inst)[at];
            self.values[result.index()].def = ValueDef::Detached;
        }
        let results = &mut self.insts[inst.index()].results;
        self.pool.retain(results, |at, _| at < count);
    }

    /// Turns an instruction into another operation with other operands; results stay.
    /// The new operation must have no more successors than the old.
    pub fn replace_op(&mut self, inst: Inst, op: Op, args: &[Value]) {
        for operand in 0..self.args(inst).len() {
            self.names.swap_remove(&(inst, operand as u32));
        }
        let data = &mut self.insts[inst.index()];
        assert!(
            op.successors() <= data.op.successors(),
            "{inst} cannot get more successors"
        );
        data.op = op;
        data.args = self.pool.alloc(args);
    }

    /// The captures of a closure instruction, in order.
    pub fn captures(&self, inst: Inst) -> impl Iterator<Item = Capture> + '_ {
        let list = match self.op(inst) {
            Op::Closure { captures, .. } => captures,
            _ => CaptureList { start: 0, len: 0 },
        };
        let range = list.start as usize..(list.start + list.len) as usize;
        let mut cells = self.args(inst).iter();
        self.captures[range].iter().map(move |upvalue| match upvalue {
            Some(upvalue) => Capture::Upvalue(*upvalue),
            None => Capture::Cell(*cells.next().expect("each captured cell is an operand")),
        })
    }

    pub(crate) fn captured_cells(&self, list: CaptureList) -> usize {
        let range = list.start as usize..(list.start + list.len) as usize;
        self.captures[range].iter().filter(|upvalue| upvalue.is_none()).count()
    }

    pub(crate) fn add_captures(&mut self, captures: &[Capture]) -> (CaptureList, Vec<Value>) {
        let start = self.captures.len() as u32;
        let mut cells = Vec::new();
        for capture in captures {
            self.captures.push(match *capture {
                Capture::Upvalue(upvalue) => Some(upvalue),
                Capture::Cell(cell) => {
                    cells.push(cell);
                    None
                }
            });
        }
        (
            CaptureList {
                start,
                len: captures.len() as u32,
            },
            cells,
        )
    }

    /// The source location of an instruction.
    pub fn loc(&self, inst: Inst) -> Loc {
        self.locs[inst.index()]
    }

    /// Changes the source location of an instruction.
    pub fn set_loc(&mut self, inst: Inst, loc: Loc) {
        self.locs[inst.index()] = loc;
    }

    /// What messages call an operand, if it has a name.
    pub fn operand_name(&self, inst: Inst, operand: u32) -> Option<OperandName> {
        self.names.get(&(inst, operand)).copied()
    }

    /// Names an operand.
    pub fn set_operand_name(&mut self, inst: Inst, operand: u32, kind: NameKind, name: &[u8]) {
        let name = self.intern(name);
        self.names.insert((inst, operand), OperandName { kind, name });
    }

    /// What an instruction may do, for operands of any type. Upvalues that never change are no memory.
    pub fn effects(&self, inst: Inst) -> Effects {
        if self.is_fixed_read(inst) {
            return Effects::PURE;
        }
        self.op(inst).effects()
    }

    // Edges.

    /// The successors of an instruction with their arguments; none unless it is a terminator.
    pub fn edges(&self, inst: Inst) -> impl ExactSizeIterator<Item = (Block, &[Value])> + '_ {
        let data = &self.insts[inst.index()];
        let first = data.edges as usize;
        self.edges[first..first + data.op.successors()]
            .iter()
            .map(|edge| (edge.to, self.pool.get(edge.args)))
    }

    fn edge(&self, edge: EdgeRef) -> usize {
        let data = &self.insts[edge.inst.index()];
        assert!(
            (edge.succ as usize) < data.op.successors(),
            "{} has no successor {}",
            edge.inst,
            edge.succ
        );
        (data.edges + edge.succ) as usize
    }

    /// The block that an edge leads to.
    pub fn edge_target(&self, edge: EdgeRef) -> Block {
        self.edges[self.edge(edge)].to
    }

    /// The arguments of an edge, one for each parameter of its target.
    pub fn edge_args(&self, edge: EdgeRef) -> &[Value] {
        self.pool.get(self.edges[self.edge(edge)].args)
    }

    /// Redirects an edge and replaces its arguments.
    pub fn set_edge(&mut self, edge: EdgeRef, to: Block, args: &[Value]) {
        let at = self.edge(edge);
        let args = self.pool.alloc(args);
        self.edges[at] = Edge { to, args };
    }

    /// Appends an argument to an edge, for a parameter added later.
    pub fn push_branch_arg(&mut self, terminator: Inst, succ: u32, value: Value) {
        let at = self.edge(EdgeRef { inst: terminator, succ });
        self.pool.push(&mut self.edges[at].args, value);
    }

    /// The successors of a block.
    pub fn successors(&self, block: Block) -> impl Iterator<Item = Block> + '_ {
        self.terminator(block)
            .into_iter()
            .flat_map(|inst| self.edges(inst).map(|(to, _)| to))
    }

    // For the parser, which meets uses before definitions.

    pub(crate) fn reserve_value(&mut self) -> Value {
        self.values.push(ValueData {
            def: ValueDef::Detached,
            kind: ValueKind::Lua,
        });
        Value::from_index(self.values.len() - 1)
    }

    pub(crate) fn define_value(&mut self, value: Value, def: ValueDef, kind: ValueKind) {
        self.values[value.index()] = ValueData { def, kind };
    }

    pub(crate) fn set_params(&mut self, block: Block, params: &[Value]) {
        self.blocks[block.index()].params = self.pool.alloc(params);
    }

    pub(crate) fn push_result(&mut self, inst: Inst, value: Value) {
        self.pool.push(&mut self.insts[inst.index()].results, value);
    }

    // Values.

    /// Where a value comes from.
    pub fn value_def(&self, value: Value) -> ValueDef {
        self.values[value.index()].def
    }

    /// The instruction that defines a value, unless it is a parameter.
    pub fn def_inst(&self, value: Value) -> Option<Inst> {
        match self.value_def(value) {
            ValueDef::Result(inst, _) => Some(inst),
            ValueDef::Param(..) | ValueDef::Detached => None,
        }
    }

    /// What a value is made of.
    pub fn value_kind(&self, value: Value) -> ValueKind {
        self.values[value.index()].kind
    }

    /// Calls `visit` for each value that an instruction uses: operands, then edge arguments.
    pub fn for_each_use(&self, inst: Inst, mut visit: impl FnMut(Value)) {
        self.args(inst).iter().for_each(|&value| visit(value));
        for (_, args) in self.edges(inst) {
            args.iter().for_each(|&value| visit(value));
        }
    }

    /// Replaces each value that an instruction uses.
    pub fn map_uses(&mut self, inst: Inst, mut map: impl FnMut(Value) -> Value) {
        let data = &self.insts[inst.index()];
        for value in self.pool.get_mut(data.args) {
            *value = map(*value);
        }
        let first = data.edges as usize;
        for edge in &self.edges[first..first + data.op.successors()] {
            for value in self.pool.get_mut(edge.args) {
                *value = map(*value);
            }
        }
    }

    /// Replaces every use of an aliased value in the function by what it stands for.
    pub fn replace_uses(&mut self, aliases: &mut Aliases) {
        if aliases.is_empty() {
            return;
        }
        for at in 0..self.layout.len() {
            let block = self.layout[at];
            for position in 0..self.insts(block).len() {
                let inst = self.insts(block)[position];
                self.map_uses(inst, |value| aliases.resolve(value));
            }
        }
    }
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Which values stand for others: a forest with path halving, so that resolving is almost constant.
#[derive(Clone, Debug, Default)]
pub struct Aliases {
    to: Vec<Value>,
    any: bool,
}

impl Aliases {
    /// No aliases.
    pub fn new() -> Aliases {
        Aliases::default()
    }

    /// Whether nothing is aliased.
    pub fn is_empty(&self) -> bool {
        !self.any
    }

    /// Makes `from` stand for `to`.
    ///
    /// # Panics
    /// If `to` already stands for `from`.
    pub fn insert(&mut self, from: Value, to: Value) {
        let to = self.resolve(to);
        assert_ne!(from, to, "an alias cannot stand for itself");
        while self.to.len() <= from.index() {
            self.to.push(Value::from_index(self.to.len()));
        }
        self.to[from.index()] = to;
        self.any = true;
    }

    /// Whether `value` stands for another.
    pub fn contains(&self, value: Value) -> bool {
        self.to.get(value.index()).is_some_and(|&to| to != value)
    }

    /// What `value` stands for in the end: itself if it is no alias.
    pub fn resolve(&mut self, mut value: Value) -> Value {
        loop {
            let Some(&to) = self.to.get(value.index()) else {
                return value;
            };
            if to == value {
                return value;
            }
            let next = self.to.get(to.index()).copied().unwrap_or(to);
            self.to[value.index()] = next;
            value = next;
        }
    }
}
