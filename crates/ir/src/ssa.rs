//! SSA form on the fly, from an AST, without dominance frontiers.
//!
//! The algorithm is that of Braun, Buchwald, Hack, Leißa, Mallon and Zwinkau, "Simple and Efficient
//! Construction of Static Single Assignment Form" (2013), with work lists in place of recursion:
//! functions may have 10^5 statements and chains of as many blocks. A read walks up the blocks with a
//! single predecessor; at a join it makes a parameter at once, whose arguments are looked up
//! afterwards. Parameters that turn out to be trivial (one value and themselves) become aliases and are
//! removed together at the end by [`SsaBuilder::finish`].

use crate::{Aliases, Block, EdgeRef, Function, Inst, Loc, Op, Value, ValueDef, ValueKind, Variable};
use indexmap::IndexMap;
use std::collections::VecDeque;
use std::hash::{BuildHasherDefault, Hasher};

/// A walk up single predecessors remembers its result once in so many blocks: reads from the middle
/// of a long chain stay short, and memory stays far below blocks times variables.
const REMEMBER_EACH: usize = 16;

/// Builds block parameters for source variables.
///
/// The client writes and reads variables in blocks, tells each terminator once it is made, and seals a
/// block when all its predecessors are known. A variable that was never written on a path reads as nil.
/// [`FunctionBuilder`](crate::FunctionBuilder) has one inside and does the telling.
///
/// # Panics
/// Methods panic when edges to a sealed block appear, and `finish` when a block with pending
/// parameters was never sealed.
#[derive(Debug, Default)]
pub struct SsaBuilder {
    /// The value of a variable at the end of a block.
    defs: IndexMap<(Variable, Block), Value, BuildHasherDefault<PairHasher>>,
    blocks: Vec<BlockState>,
    kinds: Vec<ValueKind>,
    aliases: Aliases,
    /// For each parameter made here that is an argument for others: those others.
    users: Vec<Vec<Value>>,
    /// The parameters made here whose arguments are complete.
    complete: Vec<bool>,
    /// Parameters filled since triviality was last checked.
    unchecked: Vec<Value>,
    unfilled: VecDeque<(Value, Variable)>,
}

#[derive(Debug, Default)]
struct BlockState {
    sealed: bool,
    preds: Vec<(Block, EdgeRef)>,
    /// Parameters waiting for the block to be sealed.
    pending: Vec<(Value, Variable)>,
}

impl SsaBuilder {
    /// A builder that knows no variable.
    pub fn new() -> SsaBuilder {
        SsaBuilder::default()
    }

    /// Declares what kind of values a variable has; `Lua` if not said.
    pub fn set_kind(&mut self, variable: Variable, kind: ValueKind) {
        if self.kinds.len() <= variable.index() {
            self.kinds.resize(variable.index() + 1, ValueKind::Lua);
        }
        self.kinds[variable.index()] = kind;
    }

    /// Tells of the new terminator of a block: each of its targets has one more predecessor.
    pub fn add_terminator(&mut self, func: &Function, block: Block, terminator: Inst) {
        for (succ, (to, _)) in func.edges(terminator).enumerate() {
            let state = self.state(to);
            assert!(!state.sealed, "{to} is sealed and cannot get another predecessor");
            state.preds.push((
                block,
                EdgeRef {
                    inst: terminator,
                    succ: succ as u32,
                },
            ));
        }
    }

    /// Says that all predecessors of a block are known.
    pub fn seal_block(&mut self, func: &mut Function, block: Block) {
        let state = self.state(block);
        if state.sealed {
            return;
        }
        state.sealed = true;
        let pending = std::mem::take(&mut state.pending);
        self.unfilled.extend(pending);
        self.fill(func);
    }

    /// Whether all predecessors of a block are known.
    pub fn is_sealed(&self, block: Block) -> bool {
        self.blocks.get(block.index()).is_some_and(|state| state.sealed)
    }

    /// Sets the value of a variable from here to the end of the block.
    pub fn write_variable(&mut self, variable: Variable, block: Block, value: Value) {
        self.defs.insert((variable, block), value);
    }

    /// The value of a variable at the current end of a block.
    pub fn read_variable(&mut self, func: &mut Function, variable: Variable, block: Block) -> Value {
        let value = self.look_up(func, variable, block);
        self.fill(func);
        self.aliases.resolve(value)
    }

    /// What a value that [`read_variable`](Self::read_variable) returned stands for by now.
    pub fn resolve(&mut self, value: Value) -> Value {
        self.aliases.resolve(value)
    }

    /// Replaces the trivial parameters by what they stand for and removes them.
    pub fn finish(mut self, func: &mut Function) {
        for (at, state) in self.blocks.iter().enumerate() {
            assert!(state.pending.is_empty(), "b{at} was never sealed");
        }
        func.replace_uses(&mut self.aliases);
        func.remove_params(|_, param| self.aliases.contains(param));
    }

    fn state(&mut self, block: Block) -> &mut BlockState {
        if self.blocks.len() <= block.index() {
            self.blocks.resize_with(block.index() + 1, BlockState::default);
        }
        &mut self.blocks[block.index()]
    }

    /// Finds the value without filling parameters made on the way.
    fn look_up(&mut self, func: &mut Function, variable: Variable, start: Block) -> Value {
        let mut remembered = vec![];
        let mut block = start;
        let mut steps = 0usize;
        // Brent's cycle finding (1980): unreachable blocks can form a ring of single predecessors.
        let mut marker = None;
        let value = loop {
            if let Some(&value) = self.defs.get(&(variable, block)) {
                break self.aliases.resolve(value);
            }
            if steps.is_multiple_of(REMEMBER_EACH) {
                remembered.push(block);
            }
            let in_ring = marker == Some(block);
            if steps.is_power_of_two() {
                marker = Some(block);
            }
            steps += 1;
            let kind = self.kinds.get(variable.index()).copied().unwrap_or(ValueKind::Lua);
            let state = self.state(block);
            if state.sealed {
                match state.preds[..] {
                    [(pred, _)] if !in_ring => {
                        block = pred;
                        continue;
                    }
                    [] | [_] => {
                        remembered.push(block);
                        break undefined(func, block, kind);
                    }
                    _ => {}
                }
            }
            let param = func.add_param(block, kind);
            remembered.push(block);
            if state.sealed {
                self.unfilled.push_back((param, variable));
            } else {
                state.pending.push((param, variable));
            }
            break param;
        };
        for block in remembered {
            self.defs.insert((variable, block), value);
        }
        value
    }

    /// Looks up the arguments of new parameters, in the order in which the parameters were made, so
    /// that arguments and parameters of a block stay in step; then drops the trivial ones.
    fn fill(&mut self, func: &mut Function) {
        while let Some((param, variable)) = self.unfilled.pop_front() {
            let (block, position) = param_place(func, param);
            for at in 0..self.blocks[block.index()].preds.len() {
                let (pred, edge) = self.blocks[block.index()].preds[at];
                let value = self.look_up(func, variable, pred);
                debug_assert_eq!(
                    func.edge_args(edge).len(),
                    position,
                    "parameters of {block} made by the client come first"
                );
                func.push_branch_arg(edge.inst, edge.succ, value);
                if value != param {
                    let users = self.users_of(value);
                    if users.last() != Some(&param) {
                        users.push(param);
                    }
                }
            }
            if self.complete.len() <= param.index() {
                self.complete.resize(param.index() + 1, false);
            }
            self.complete[param.index()] = true;
            self.unchecked.push(param);
        }
        while let Some(param) = self.unchecked.pop() {
            self.drop_if_trivial(func, param);
        }
    }

    fn users_of(&mut self, value: Value) -> &mut Vec<Value> {
        if self.users.len() <= value.index() {
            self.users.resize_with(value.index() + 1, Vec::new);
        }
        &mut self.users[value.index()]
    }

    fn drop_if_trivial(&mut self, func: &mut Function, param: Value) {
        if self.aliases.contains(param) || !self.complete[param.index()] {
            return;
        }
        let (block, position) = param_place(func, param);
        let mut same = None;
        for &(_, edge) in &self.blocks[block.index()].preds {
            let arg = self.aliases.resolve(func.edge_args(edge)[position]);
            if arg == param || Some(arg) == same {
                continue;
            }
            if same.is_some() {
                return;
            }
            same = Some(arg);
        }
        // Only unreachable code can make a parameter depend on nothing but itself.
        let same = same.unwrap_or_else(|| undefined(func, block, func.value_kind(param)));
        self.aliases.insert(param, same);
        let mut users = std::mem::take(self.users_of(param));
        self.unchecked
            .extend(users.iter().copied().filter(|&user| user != param));
        let known = self.users_of(same);
        if known.len() < users.len() {
            std::mem::swap(known, &mut users);
        }
        known.append(&mut users);
    }
}

/// The block and position of a parameter.
fn param_place(func: &Function, param: Value) -> (Block, usize) {
    let ValueDef::Param(block, position) = func.value_def(param) else {
        panic!("{param} is a parameter");
    };
    (block, position as usize)
}

/// A value for a variable that no path has written: nil, or a cell that holds nil.
fn undefined(func: &mut Function, block: Block, kind: ValueKind) -> Value {
    let nil = func.make_inst(Op::Nil, &[], 1, &[], Loc::default());
    let value = func.result(nil);
    if kind == ValueKind::Cell {
        let cell = func.make_inst(Op::NewCell, &[value], 1, &[], Loc::default());
        func.prepend_inst(block, cell);
        func.prepend_inst(block, nil);
        return func.result(cell);
    }
    func.prepend_inst(block, nil);
    value
}

/// A multiplicative hash of two small numbers; the keys are dense ids, so nothing can attack it with
/// chosen collisions that real programs would not show too.
#[derive(Debug, Default)]
struct PairHasher(u64);

impl Hasher for PairHasher {
    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 32)
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u32(u32::from(byte));
        }
    }

    fn write_u32(&mut self, number: u32) {
        self.0 = (self.0.rotate_left(29) ^ u64::from(number)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}
