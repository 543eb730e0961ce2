//! Building functions instruction by instruction.

use crate::op::{BinOp, Capture, CmpOp, FloatBits, NameKind, Op, UnOp, ValueKind};
use crate::{Block, FuncRef, Function, Inst, Loc, Local, Scope, SsaBuilder, Upvalue, Value, Variable};

/// Appends instructions to the blocks of a function, and keeps source variables in SSA form.
///
/// A terminator leaves no current block; [`switch_to`](Self::switch_to) sets the next. Clients that use
/// variables must [`seal_block`](Self::seal_block) every block and call [`finish`](Self::finish);
/// others need neither.
///
/// # Panics
/// Constructors panic when there is no current block.
#[derive(Debug)]
pub struct FunctionBuilder<'f> {
    func: &'f mut Function,
    ssa: SsaBuilder,
    block: Option<Block>,
    loc: Loc,
    last: Option<Inst>,
}

impl<'f> FunctionBuilder<'f> {
    /// A builder without a current block.
    pub fn new(func: &'f mut Function) -> FunctionBuilder<'f> {
        FunctionBuilder {
            func,
            ssa: SsaBuilder::new(),
            block: None,
            loc: Loc::default(),
            last: None,
        }
    }

    /// The function as it stands.
    pub fn func(&self) -> &Function {
        self.func
    }

    /// The function, for what the builder does not offer. Edges must not change.
    pub fn func_mut(&mut self) -> &mut Function {
        self.func
    }

    /// The source location of the instructions that follow.
    pub fn set_loc(&mut self, loc: Loc) {
        self.loc = loc;
    }

    /// The source location that new instructions get.
    pub fn loc(&self) -> Loc {
        self.loc
    }

    // Blocks.

    /// Appends an empty block to the function.
    pub fn create_block(&mut self) -> Block {
        self.func.create_block()
    }

    /// Appends a parameter to a block. Parameters must be made before a variable is read in the block.
    pub fn block_param(&mut self, block: Block) -> Value {
        self.func.add_param(block, ValueKind::Lua)
    }

    /// Makes `block` the one that instructions are appended to.
    pub fn switch_to(&mut self, block: Block) {
        assert!(self.func.terminator(block).is_none(), "{block} is complete");
        self.block = Some(block);
    }

    /// The block that instructions are appended to; none after a terminator.
    pub fn current_block(&self) -> Option<Block> {
        self.block
    }

    /// Appends an argument to a successor of a terminator, for a parameter made later.
    pub fn push_branch_arg(&mut self, terminator: Inst, succ: u32, value: Value) {
        self.func.push_branch_arg(terminator, succ, value);
    }

    // Variables.

    /// Declares what kind of values a variable has; `Lua` if not said.
    pub fn set_variable_kind(&mut self, variable: Variable, kind: ValueKind) {
        self.ssa.set_kind(variable, kind);
    }

    /// Sets a variable from here on.
    pub fn write_variable(&mut self, variable: Variable, value: Value) {
        let block = self.current();
        self.ssa.write_variable(variable, block, value);
    }

    /// The value of a variable here.
    pub fn read_variable(&mut self, variable: Variable) -> Value {
        let block = self.current();
        self.ssa.read_variable(self.func, variable, block)
    }

    /// Says that all predecessors of a block exist.
    pub fn seal_block(&mut self, block: Block) {
        self.ssa.seal_block(self.func, block);
    }

    /// What a value read earlier stands for by now: trivial parameters vanish.
    pub fn resolve(&mut self, value: Value) -> Value {
        self.ssa.resolve(value)
    }

    /// Completes the SSA form of variables.
    pub fn finish(self) {
        self.ssa.finish(self.func);
    }

    // Emitting.

    fn current(&self) -> Block {
        self.block.expect("there is a current block")
    }

    /// Appends an instruction of any operation without successors; prefer the named constructors.
    pub fn emit(&mut self, op: Op, args: &[Value], results: usize) -> Inst {
        self.emit_with_edges(op, args, results, &[])
    }

    fn emit_with_edges(&mut self, op: Op, args: &[Value], results: usize, edges: &[(Block, &[Value])]) -> Inst {
        let block = self.current();
        let inst = self.func.make_inst(op, args, results, edges, self.loc);
        self.func.append_inst(block, inst);
        if op.is_terminator() {
            self.ssa.add_terminator(self.func, block, inst);
            self.block = None;
        }
        self.last = Some(inst);
        inst
    }

    fn emit1(&mut self, op: Op, args: &[Value]) -> Value {
        let inst = self.emit(op, args, 1);
        self.func.result(inst)
    }

    fn emit0(&mut self, op: Op, args: &[Value]) -> Inst {
        self.emit(op, args, 0)
    }

    /// The instruction appended last.
    ///
    /// # Panics
    /// If there is none.
    pub fn last_inst(&self) -> Inst {
        self.last.expect("an instruction was appended")
    }

    /// Names an operand of the instruction appended last, for error messages. Operands count from 0 in
    /// the order of [`Function::args`]; the callee of a call is 0.
    pub fn name_operand(&mut self, operand: u32, kind: NameKind, name: &[u8]) {
        let inst = self.last_inst();
        self.func.set_operand_name(inst, operand, kind, name);
    }

    // Constants.

    /// `nil`
    pub fn nil(&mut self) -> Value {
        self.emit1(Op::Nil, &[])
    }

    /// `true` or `false`
    pub fn bool(&mut self, value: bool) -> Value {
        self.emit1(if value { Op::True } else { Op::False }, &[])
    }

    /// An integer.
    pub fn int(&mut self, value: i64) -> Value {
        self.emit1(Op::Int(value), &[])
    }

    /// A float.
    pub fn float(&mut self, value: f64) -> Value {
        self.emit1(Op::Float(FloatBits::new(value)), &[])
    }

    /// A string.
    pub fn str(&mut self, bytes: &[u8]) -> Value {
        let id = self.func.intern(bytes);
        self.emit1(Op::Str(id), &[])
    }

    // Operators.

    /// `x` under a new id.
    pub fn copy(&mut self, x: Value) -> Value {
        self.emit1(Op::Copy, &[x])
    }

    /// `op x`
    pub fn unary(&mut self, op: UnOp, x: Value) -> Value {
        self.emit1(Op::Unary(op), &[x])
    }

    /// `x op y`
    pub fn binary(&mut self, op: BinOp, x: Value, y: Value) -> Value {
        self.emit1(Op::Binary(op), &[x, y])
    }

    /// `x op y`, a boolean
    pub fn compare(&mut self, op: CmpOp, x: Value, y: Value) -> Value {
        self.emit1(Op::Compare(op), &[x, y])
    }

    /// `a .. b .. ...` over two or more operands, associated to the right
    pub fn concat(&mut self, operands: &[Value]) -> Value {
        self.emit1(Op::Concat, operands)
    }

    // Variables in the heap.

    /// The value of an upvalue.
    pub fn get_upvalue(&mut self, upvalue: Upvalue) -> Value {
        self.emit1(Op::GetUpvalue(upvalue), &[])
    }

    /// Upvalue := `x`
    pub fn set_upvalue(&mut self, upvalue: Upvalue, x: Value) -> Inst {
        self.emit0(Op::SetUpvalue(upvalue), &[x])
    }

    /// A new cell that holds `x`.
    pub fn new_cell(&mut self, x: Value) -> Value {
        let inst = self.emit(Op::NewCell, &[x], 1);
        self.func.result(inst)
    }

    /// What a cell holds.
    pub fn get_cell(&mut self, cell: Value) -> Value {
        self.emit1(Op::GetCell, &[cell])
    }

    /// Cell := `x`
    pub fn set_cell(&mut self, cell: Value, x: Value) -> Inst {
        self.emit0(Op::SetCell, &[cell, x])
    }

    /// A closure.
    pub fn closure(&mut self, func: FuncRef, captures: &[Capture]) -> Value {
        let (captures, cells) = self.func.add_captures(captures);
        self.emit1(Op::Closure { func, captures }, &cells)
    }

    // Tables and globals.

    /// `{}` with size hints.
    pub fn new_table(&mut self, array: u32, record: u32) -> Value {
        self.emit1(Op::NewTable { array, record }, &[])
    }

    /// `table[key]`
    pub fn get_index(&mut self, table: Value, key: Value) -> Value {
        self.emit1(Op::GetIndex, &[table, key])
    }

    /// `table[key] := x`
    pub fn set_index(&mut self, table: Value, key: Value, x: Value) -> Inst {
        self.emit0(Op::SetIndex, &[table, key, x])
    }

    /// `env[key]`
    pub fn get_global(&mut self, env: Upvalue, key: &[u8]) -> Value {
        let key = self.func.intern(key);
        self.emit1(Op::GetGlobal { env, key }, &[])
    }

    /// `env[key] := x`
    pub fn set_global(&mut self, env: Upvalue, key: &[u8], x: Value) -> Inst {
        let key = self.func.intern(key);
        self.emit0(Op::SetGlobal { env, key }, &[x])
    }

    /// `table[start] := values[0]`, ...; the last value may be open.
    pub fn set_list(&mut self, table: Value, start: u32, values: &[Value]) -> Inst {
        self.emit0(Op::SetList { start }, &prefixed(table, values))
    }

    /// `object[key]` and `object`, to be callee and first argument of one call.
    pub fn self_field(&mut self, object: Value, key: &[u8]) -> (Value, Value) {
        let key = self.func.intern(key);
        let inst = self.emit(Op::SelfField(key), &[object], 2);
        let results = self.func.results(inst);
        (results[0], results[1])
    }

    // Calls.

    /// Calls `callee`; the last argument may be open. Its `results` results are those of the
    /// instruction.
    pub fn call(&mut self, callee: Value, args: &[Value], results: usize) -> Inst {
        self.emit(Op::Call, &prefixed(callee, args), results)
    }

    /// Calls `callee` for one result.
    pub fn call1(&mut self, callee: Value, args: &[Value]) -> Value {
        let inst = self.call(callee, args, 1);
        self.func.result(inst)
    }

    /// Calls `callee` and keeps all results, for the next instruction that does something.
    pub fn call_open(&mut self, callee: Value, args: &[Value]) -> Value {
        let inst = self.emit(Op::CallOpen, &prefixed(callee, args), 1);
        self.func.result(inst)
    }

    /// The first `results` extra arguments.
    pub fn vararg(&mut self, results: usize) -> Inst {
        self.emit(Op::Vararg, &[], results)
    }

    /// All extra arguments, for the next instruction that does something.
    pub fn vararg_open(&mut self) -> Value {
        let inst = self.emit(Op::VarargOpen, &[], 1);
        self.func.result(inst)
    }

    /// The extra arguments as a table.
    pub fn vararg_table(&mut self) -> Value {
        self.emit1(Op::VarargTable, &[])
    }

    /// The extra argument that `key` names.
    pub fn get_vararg(&mut self, key: Value) -> Value {
        self.emit1(Op::GetVararg, &[key])
    }

    /// The first `results` extra arguments, where they are a table.
    pub fn vararg_from(&mut self, table: Value, results: usize) -> Inst {
        self.emit(Op::VarargFrom, &[table], results)
    }

    /// All extra arguments, where they are a table, for the next instruction that does something.
    pub fn vararg_from_open(&mut self, table: Value) -> Value {
        let inst = self.emit(Op::VarargFromOpen, &[table], 1);
        self.func.result(inst)
    }

    /// Calls the iterator of a generic `for`.
    pub fn for_call(&mut self, iterator: Value, state: Value, control: Value, results: usize) -> Inst {
        self.emit(Op::ForCall, &[iterator, state, control], results)
    }

    // Scopes.

    /// Marks `x` to be closed at the end of `scope`.
    pub fn tbc(&mut self, scope: Scope, x: Value) -> Inst {
        self.emit0(Op::Tbc(scope), &[x])
    }

    /// Closes `scope` and all scopes opened since.
    pub fn close(&mut self, scope: Scope) -> Inst {
        self.emit0(Op::Close(scope), &[])
    }

    /// Raises an error unless `x`, the present value of the global `name`, is nil.
    pub fn check_global(&mut self, x: Value, name: &[u8]) -> Inst {
        let name = self.func.intern(name);
        self.emit0(Op::CheckGlobal(name), &[x])
    }

    /// From here on, debuggers show `x` as the value of `local`.
    pub fn local_start(&mut self, local: Local, x: Value) -> Inst {
        self.emit0(Op::LocalStart(local), &[x])
    }

    /// From here on, debuggers do not show `local`.
    pub fn local_end(&mut self, local: Local) -> Inst {
        self.emit0(Op::LocalEnd(local), &[])
    }

    // Terminators.

    /// Continues at `to`.
    pub fn jump(&mut self, to: Block, args: &[Value]) -> Inst {
        self.emit_with_edges(Op::Jump, &[], 0, &[(to, args)])
    }

    /// Continues at `then` if `cond` is neither nil nor false, else at `other`.
    pub fn branch(&mut self, cond: Value, then: (Block, &[Value]), other: (Block, &[Value])) -> Inst {
        self.emit_with_edges(Op::Branch, &[cond], 0, &[then, other])
    }

    /// Continues at `nil` if `x` is nil, else at `other`.
    pub fn branch_nil(&mut self, x: Value, nil: (Block, &[Value]), other: (Block, &[Value])) -> Inst {
        self.emit_with_edges(Op::BranchNil, &[x], 0, &[nil, other])
    }

    /// Prepares a numeric loop over `[init, limit, step]`. The results index and count are the first two
    /// arguments of the edge to `body` (its first two parameters), the given ones follow; the third
    /// result, the step, may be used in the loop as it is.
    pub fn for_prep(&mut self, control: [Value; 3], body: (Block, &[Value]), exit: (Block, &[Value])) -> Inst {
        self.loop_terminator(Op::ForPrep, control, 3, body, exit)
    }

    /// Steps a numeric loop with `[index, count, step]`. The next index and count are the first two
    /// arguments of the edge to `body`, the given ones follow.
    pub fn for_loop(&mut self, control: [Value; 3], body: (Block, &[Value]), exit: (Block, &[Value])) -> Inst {
        self.loop_terminator(Op::ForLoop, control, 2, body, exit)
    }

    /// Returns the operands; the last may be open.
    pub fn ret(&mut self, values: &[Value]) -> Inst {
        self.emit0(Op::Return, values)
    }

    /// Returns the results of a call; the last argument may be open.
    pub fn tail_call(&mut self, callee: Value, args: &[Value]) -> Inst {
        self.emit0(Op::TailCall, &prefixed(callee, args))
    }

    fn loop_terminator(
        &mut self,
        op: Op,
        control: [Value; 3],
        results: usize,
        body: (Block, &[Value]),
        exit: (Block, &[Value]),
    ) -> Inst {
        let block = self.current();
        let inst = self
            .func
            .make_inst(op, &control, results, &[(body.0, &[]), exit], self.loc);
        for at in 0..2 {
            let result = self.func.results(inst)[at];
            self.func.push_branch_arg(inst, 0, result);
        }
        for &arg in body.1 {
            self.func.push_branch_arg(inst, 0, arg);
        }
        self.func.append_inst(block, inst);
        self.ssa.add_terminator(self.func, block, inst);
        self.block = None;
        self.last = Some(inst);
        inst
    }
}

fn prefixed(first: Value, rest: &[Value]) -> Vec<Value> {
    let mut all = Vec::with_capacity(rest.len() + 1);
    all.push(first);
    all.extend_from_slice(rest);
    all
}
