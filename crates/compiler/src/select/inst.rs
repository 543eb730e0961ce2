//! Instructions that are not terminators.

use perilune_bytecode::{Cache, Capture, Captures, Count, Op, ResultCount, Upvalue, Wide};
use perilune_ir as ir;
use perilune_ir::{Block, UnOp, Value, ValueKind};
use perilune_regalloc::{Operand, Pos, VReg};

use super::terminator::Fused;
use super::{Selector, forms, vreg};
use crate::source::size_hint;
use crate::template::{operand, slot, window};
use crate::vcode::{Code, Literal, call_group, run_group};

/// The window of an iterator call holds callee, frame word, state and control.
const ITERATOR_WINDOW: u16 = 4;

fn upvalue(upvalue: ir::Upvalue) -> Upvalue {
    Upvalue(upvalue.as_u32() as u16)
}

/// Operands that a run or window holds from `offset` on.
pub(super) fn members(vregs: &[VReg], offset: u16) -> impl Iterator<Item = Operand> + '_ {
    (offset..)
        .zip(vregs)
        .map(|(offset, &vreg)| Operand::group_use(vreg, 0, offset))
}

impl Selector<'_> {
    pub(super) fn inst(&mut self, block: Block, inst: ir::Inst, fused: &Fused) {
        let func = self.func;
        let op = func.op(inst);
        if op.is_const() {
            let value = func.result(inst);
            if self.kept[value.index()]
                && let Some(literal) = self.literal(value)
            {
                self.code.literals[value.index()] = Some(literal);
                self.push_load(vreg(value), literal);
            }
            return;
        }
        if let ir::Op::LocalStart(_) = op {
            // The local's value is to live up to here.
            if let Some(&value) = func.args(inst).first()
                && self.literal(value).is_none()
            {
                self.push(Code::Keep, &[Operand::any_use(vreg(value))], None, None);
            }
            return;
        }
        if op.is_debug() {
            return;
        }
        if op.is_terminator() {
            return self.terminator(block, inst, fused);
        }
        let args = func.args(inst);
        let open_result = func
            .results(inst)
            .iter()
            .any(|&result| func.value_kind(result) == ValueKind::Open);
        if open_result || (!self.pending.is_empty() && matches!(op, ir::Op::Close(_))) {
            self.pending.push(inst);
            return;
        }
        let dst = |operands: &[VReg]| -> Vec<Operand> {
            let uses = operands.iter().map(|&vreg| Operand::reg_use(vreg));
            std::iter::once(Operand::reg_def(vreg(func.result(inst))))
                .chain(uses)
                .collect()
        };
        match op {
            ir::Op::Copy => {
                let src = self.reg(args[0]);
                self.push(Code::Move, &dst(&[src]), None, Some(inst));
            }
            ir::Op::Unary(UnOp::Not) if self.negated_compare(args[0]).is_some() => {
                let compare = self.negated_compare(args[0]).expect("just seen");
                self.boolean(inst, compare, true);
            }
            ir::Op::Unary(op) => {
                let (to, src) = (operand(0), operand(1));
                let from = self.reg(args[0]);
                let op = match op {
                    UnOp::Unm => Op::Unm { dst: to, src },
                    UnOp::BNot => Op::BNot { dst: to, src },
                    UnOp::Not => Op::Not { dst: to, src },
                    UnOp::Len => Op::Len { dst: to, src },
                };
                self.op(op, &dst(&[from]), inst);
            }
            ir::Op::Binary(op) => {
                let (op, regs) = self.binary(op, args[0], args[1]);
                self.op(op, &dst(&regs), inst);
            }
            ir::Op::Compare(_) => {
                if !self.negated[inst.index()] {
                    self.boolean(inst, inst, false);
                }
            }
            ir::Op::Concat => {
                let regs = self.fresh_all(args);
                let size = regs.len() as u16;
                let mut operands: Vec<Operand> = members(&regs, 0).collect();
                operands.push(Operand::reg_def(vreg(func.result(inst))));
                let op = Op::Concat {
                    dst: operand(regs.len()),
                    first: window(0),
                    count: Count(size),
                };
                self.run_op(op, &operands, size, inst);
            }
            ir::Op::GetUpvalue(from) => {
                self.op(
                    Op::GetUpvalue {
                        dst: operand(0),
                        upvalue: upvalue(from),
                    },
                    &dst(&[]),
                    inst,
                );
            }
            ir::Op::SetUpvalue(to) => {
                let src = self.reg(args[0]);
                let op = Op::SetUpvalue {
                    upvalue: upvalue(to),
                    src: operand(0),
                };
                self.op(op, &[Operand::reg_use(src)], inst);
            }
            ir::Op::NewCell => {
                let src = self.reg(args[0]);
                self.op(
                    Op::NewCell {
                        dst: operand(0),
                        src: operand(1),
                    },
                    &dst(&[src]),
                    inst,
                );
            }
            ir::Op::GetCell => {
                let cell = self.reg(args[0]);
                self.op(
                    Op::GetCell {
                        dst: operand(0),
                        cell: operand(1),
                    },
                    &dst(&[cell]),
                    inst,
                );
            }
            ir::Op::SetCell => {
                let (cell, src) = (self.reg(args[0]), self.reg(args[1]));
                let op = Op::SetCell {
                    cell: operand(0),
                    src: operand(1),
                };
                self.op(op, &[Operand::reg_use(cell), Operand::reg_use(src)], inst);
            }
            ir::Op::Closure { func: proto, .. } => self.closure(inst, proto),
            ir::Op::NewTable { array, record } => {
                let (array, record) = (Count(size_hint(array as usize)), Count(size_hint(record as usize)));
                self.op(
                    Op::NewTable {
                        dst: operand(0),
                        array,
                        record,
                    },
                    &dst(&[]),
                    inst,
                );
            }
            ir::Op::GetIndex => self.get_index(inst, args[0], args[1]),
            ir::Op::SetIndex => self.set_index(inst, args[0], args[1], args[2]),
            ir::Op::GetGlobal { env, key } => {
                let env = upvalue(env);
                let (cache, holder) = (Cache::EMPTY, Cache::EMPTY);
                match self.constant(Literal::Str(key)) {
                    Some(key) => {
                        self.op(
                            Op::GetGlobal {
                                dst: operand(0),
                                env,
                                key,
                                cache,
                                holder,
                            },
                            &dst(&[]),
                            inst,
                        );
                    }
                    None => {
                        let table = self.environment(env, inst);
                        let key = self.load(Literal::Str(key));
                        let op = Op::GetIndex {
                            dst: operand(0),
                            table: operand(1),
                            key: operand(2),
                        };
                        self.op(op, &dst(&[table, key]), inst);
                    }
                }
            }
            ir::Op::SetGlobal { env, key } => self.set_global(inst, env, key, args[0]),
            ir::Op::SetList { start } => self.set_list(inst, start, args),
            ir::Op::SelfField(key) => self.self_field(inst, key, args[0]),
            ir::Op::Call => self.call(inst, args),
            ir::Op::Vararg => {
                let results = func.results(inst);
                let count = results.len() as u16;
                if let [result] = results {
                    let op = Op::Vararg {
                        first: operand(0),
                        count: Count(1),
                    };
                    self.op(op, &[Operand::reg_def(vreg(*result))], inst);
                } else if count > 0 {
                    let op = Op::Vararg {
                        first: window(0),
                        count: Count(count),
                    };
                    let operands: Vec<Operand> = self.results(inst).collect();
                    self.push(Code::Op(op), &operands, run_group(count), Some(inst));
                }
            }
            ir::Op::GetVararg => {
                let key = self.reg(args[0]);
                self.op(
                    Op::GetVararg {
                        dst: operand(0),
                        key: operand(1),
                    },
                    &dst(&[key]),
                    inst,
                );
            }
            ir::Op::VarargFrom => {
                let results: Vec<Operand> = self.results(inst).collect();
                let count = Count(results.len() as u16);
                let table = self.reg(args[0]);
                let mut operands = vec![Operand::reg_use(table)];
                operands.extend(results);
                let op = Op::VarargFrom {
                    table: operand(0),
                    first: window(0),
                    count,
                };
                self.run_op(op, &operands, count.0.max(1), inst);
            }
            ir::Op::VarargTable => self.op(Op::VarargTable { dst: operand(0) }, &dst(&[]), inst),
            ir::Op::ForCall => self.for_call(inst, args),
            ir::Op::Tbc(scope) => {
                let depth = self.scopes.depth(scope);
                let (_, place) = self.code.reserved[usize::from(depth)];
                let value = self.fresh(args[0]);
                let copy = Op::Move {
                    dst: slot(place.0),
                    src: operand(0),
                };
                self.op(copy, &[Operand::reg_use(value)], inst);
                self.open_scopes = depth + 1;
                self.op(Op::Tbc { value: slot(place.0) }, &[], inst);
            }
            ir::Op::Close(scope) => {
                let depth = self.scopes.depth(scope);
                let (_, place) = self.code.reserved[usize::from(depth)];
                self.op(Op::Close { from: slot(place.0) }, &[], inst);
                self.open_scopes = depth;
            }
            ir::Op::CheckGlobal(name) => {
                let src = self.reg(args[0]);
                let name = Wide(self.code.constants.insert_full(Literal::Str(name)).0 as u32);
                self.op(
                    Op::CheckGlobal { src: operand(0), name },
                    &[Operand::reg_use(src)],
                    inst,
                );
            }
            other => unreachable!("{other:?} was handled before"),
        }
    }

    /// The results of an instruction as members of its group, from offset 0 on.
    pub(super) fn results(&self, inst: ir::Inst) -> impl Iterator<Item = Operand> + use<'_> {
        (0..)
            .zip(self.func.results(inst))
            .map(|(offset, &result)| Operand::group_def(vreg(result), 0, offset))
    }

    // Booleans.

    /// The comparison whose negation alone is wanted.
    fn negated_compare(&self, value: Value) -> Option<ir::Inst> {
        self.func.def_inst(value).filter(|inst| self.negated[inst.index()])
    }

    fn boolean(&mut self, inst: ir::Inst, compare: ir::Inst, negate: bool) {
        let ir::Op::Compare(op) = self.func.op(compare) else {
            unreachable!("the caller saw a comparison")
        };
        let args = self.func.args(compare);
        let (test, regs) = self.test(op, args[0], args[1], 1);
        let test = if negate {
            test.inverted().expect("tests have inverses")
        } else {
            test
        };
        // Late uses, so that the result can be written before the test.
        let uses = regs.iter().map(|&vreg| Operand::reg_use(vreg).at(Pos::Late));
        let operands: Vec<Operand> = std::iter::once(Operand::reg_def(vreg(self.func.result(inst))))
            .chain(uses)
            .collect();
        self.push(Code::Bool(test), &operands, None, Some(compare));
    }

    // Variables.

    fn closure(&mut self, inst: ir::Inst, proto: ir::FuncRef) {
        let func = self.func;
        let mut operands = vec![Operand::reg_def(vreg(func.result(inst)))];
        let mut captures = Vec::new();
        for capture in func.captures(inst) {
            captures.push(match capture {
                ir::Capture::Cell(cell) => {
                    operands.push(Operand::any_use(vreg(cell)));
                    Capture::Register(operand(operands.len() - 1))
                }
                ir::Capture::Upvalue(from) => Capture::Upvalue(upvalue(from)),
            });
        }
        let op = Op::Closure {
            dst: operand(0),
            proto: Wide(proto.as_u32()),
            captures: Captures(captures),
        };
        self.op(op, &operands, inst);
    }

    /// The table of globals, for names that instructions cannot hold.
    fn environment(&mut self, env: Upvalue, inst: ir::Inst) -> VReg {
        let table = self.code.new_vreg(None);
        self.op(
            Op::GetUpvalue {
                dst: operand(0),
                upvalue: env,
            },
            &[Operand::reg_def(table)],
            inst,
        );
        table
    }

    fn set_global(&mut self, inst: ir::Inst, env: ir::Upvalue, key: ir::StrId, value: Value) {
        let env = upvalue(env);
        let (cache, next) = (Cache::EMPTY, Cache::EMPTY);
        match (self.constant(Literal::Str(key)), self.storable(value)) {
            (Some(key), Ok(value)) => self.op(
                Op::SetGlobalK {
                    env,
                    key,
                    value,
                    cache,
                    next,
                },
                &[],
                inst,
            ),
            (Some(key), Err(value)) => {
                let op = Op::SetGlobal {
                    env,
                    key,
                    value: operand(0),
                    cache,
                    next,
                };
                self.op(op, &[Operand::reg_use(value)], inst);
            }
            (None, value) => {
                let table = self.environment(env, inst);
                let key = self.load(Literal::Str(key));
                let (table_reg, key_reg) = (operand(0), operand(1));
                let mut operands = vec![Operand::reg_use(table), Operand::reg_use(key)];
                let op = match value {
                    Ok(value) => Op::SetIndexK {
                        table: table_reg,
                        key: key_reg,
                        value,
                    },
                    Err(value) => {
                        operands.push(Operand::reg_use(value));
                        Op::SetIndex {
                            table: table_reg,
                            key: key_reg,
                            value: operand(2),
                        }
                    }
                };
                self.op(op, &operands, inst);
            }
        }
    }

    // Tables.

    fn get_index(&mut self, inst: ir::Inst, table: Value, key: Value) {
        let dst = Operand::reg_def(vreg(self.func.result(inst)));
        let table = Operand::reg_use(self.reg(table));
        let (to, from) = (operand(0), operand(1));
        let literal = self.literal(key);
        if let Some(name @ Literal::Str(_)) = literal
            && let Some(key) = self.constant(name)
        {
            let (cache, holder) = (Cache::EMPTY, Cache::EMPTY);
            return self.op(
                Op::GetField {
                    dst: to,
                    table: from,
                    key,
                    cache,
                    holder,
                },
                &[dst, table],
                inst,
            );
        }
        if let Some(key) = literal.and_then(forms::small) {
            return self.op(
                Op::GetInt {
                    dst: to,
                    table: from,
                    key,
                },
                &[dst, table],
                inst,
            );
        }
        let key = Operand::reg_use(self.reg(key));
        self.op(
            Op::GetIndex {
                dst: to,
                table: from,
                key: operand(2),
            },
            &[dst, table, key],
            inst,
        );
    }

    fn set_index(&mut self, inst: ir::Inst, table: Value, key: Value, value: Value) {
        let mut operands = vec![Operand::reg_use(self.reg(table))];
        let table = operand(0);
        let (cache, next) = (Cache::EMPTY, Cache::EMPTY);
        let literal = self.literal(key);
        let name = match literal {
            Some(name @ Literal::Str(_)) => self.constant(name),
            _ => None,
        };
        let small = literal.and_then(forms::small);
        let key = match (name, small) {
            (None, None) => {
                operands.push(Operand::reg_use(self.reg(key)));
                operand(1)
            }
            _ => operand(0),
        };
        let op = match self.storable(value) {
            Ok(value) => match (name, small) {
                (Some(key), _) => Op::SetFieldK {
                    table,
                    key,
                    value,
                    cache,
                    next,
                },
                (None, Some(key)) => Op::SetIntK { table, key, value },
                (None, None) => Op::SetIndexK { table, key, value },
            },
            Err(value) => {
                operands.push(Operand::reg_use(value));
                let value = operand(operands.len() - 1);
                match (name, small) {
                    (Some(key), _) => Op::SetField {
                        table,
                        key,
                        value,
                        cache,
                        next,
                    },
                    (None, Some(key)) => Op::SetInt { table, key, value },
                    (None, None) => Op::SetIndex { table, key, value },
                }
            }
        };
        self.op(op, &operands, inst);
    }

    fn set_list(&mut self, inst: ir::Inst, start: u32, args: &[Value]) {
        if !self.pending.is_empty() {
            return self.consume_open(inst);
        }
        let (&table, values) = args.split_first().expect("set_list has a table");
        let regs = self.fresh_all(values);
        let size = regs.len() as u16;
        let mut operands: Vec<Operand> = members(&regs, 0).collect();
        operands.push(Operand::reg_use(vreg(table)));
        let table = operand(regs.len());
        let op = Op::SetList {
            table,
            first: window(0),
            count: Count(size),
            start: Wide(start),
        };
        self.run_op(op, &operands, size, inst);
    }

    fn self_field(&mut self, inst: ir::Inst, key: ir::StrId, object: Value) {
        let results = self.func.results(inst);
        let object = self.reg(object);
        let (callee, this) = (vreg(results[0]), vreg(results[1]));
        if let Some(key) = self.constant(Literal::Str(key)) {
            let operands = [
                Operand::group_def(callee, 0, 0),
                Operand::group_def(this, 0, 2),
                Operand::reg_use(object),
            ];
            let (cache, holder) = (Cache::EMPTY, Cache::EMPTY);
            let op = Op::SelfField {
                window: window(0),
                object: operand(2),
                key,
                cache,
                holder,
            };
            return self.push(Code::Op(op), &operands, run_group(3), Some(inst));
        }
        let key = self.load(Literal::Str(key));
        self.push(
            Code::Move,
            &[Operand::reg_def(this), Operand::reg_use(object)],
            None,
            Some(inst),
        );
        let op = Op::GetIndex {
            dst: operand(0),
            table: operand(1),
            key: operand(2),
        };
        self.op(
            op,
            &[Operand::reg_def(callee), Operand::reg_use(this), Operand::reg_use(key)],
            inst,
        );
    }

    // Calls.

    /// Callee and arguments as members of a window at `offset`.
    pub(super) fn window_members(&mut self, args: &[Value], offset: u16) -> Vec<Operand> {
        let regs = self.fresh_all(args);
        let mut operands = vec![Operand::group_use(regs[0], 0, offset)];
        operands.extend(members(&regs[1..], offset + 2));
        operands
    }

    fn call(&mut self, inst: ir::Inst, args: &[Value]) {
        if !self.pending.is_empty() {
            return self.consume_open(inst);
        }
        let mut operands = self.window_members(args, 0);
        let window_reg = window(0);
        let args = Count(args.len() as u16 - 1);
        let results = self.func.results(inst);
        let size = (args.0 + 2).max(results.len() as u16);
        let op = match results {
            [] => Op::Call0 {
                window: window_reg,
                args,
            },
            [result] => {
                operands.push(Operand::reg_def(vreg(*result)));
                Op::Call {
                    window: window_reg,
                    args,
                    dst: operand(operands.len() - 1),
                }
            }
            _ => {
                operands.extend(self.results(inst));
                Op::CallN {
                    window: window_reg,
                    args,
                    results: ResultCount(results.len() as u16),
                }
            }
        };
        self.push(Code::Op(op), &operands, call_group(size), Some(inst));
    }

    fn for_call(&mut self, inst: ir::Inst, args: &[Value]) {
        let mut operands = Vec::new();
        for &arg in args {
            operands.push(Operand::reg_use(self.reg(arg)));
        }
        let count = self.func.results(inst).len() as u16;
        operands.extend(self.results(inst));
        let op = Op::ForCall {
            iterator: operand(0),
            state: operand(1),
            control: operand(2),
            window: window(0),
            results: Count(count),
            hint: Cache::EMPTY,
        };
        self.push(
            Code::Op(op),
            &operands,
            call_group(count.max(ITERATOR_WINDOW)),
            Some(inst),
        );
    }
}
