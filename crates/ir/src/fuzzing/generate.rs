//! Making random well-formed functions: structured ones as a compiler would, and arbitrary graphs.

use crate::{
    BinOp, Capture, CmpOp, FuncRef, Function, FunctionBuilder, Loc, NameKind, Scope, UnOp, Upvalue, UpvalueKind, Value,
    ValueKind, Variable,
};
use arbitrary::{Result, Unstructured};

/// Variables 0 to `LUA_VARIABLES - 1` are Lua values, those behind are cells.
const LUA_VARIABLES: u32 = 4;
const CELL_VARIABLES: u32 = 2;
const MAX_NESTING: u32 = 4;

pub(super) fn function(u: &mut Unstructured<'_>) -> Result<Function> {
    let mut func = Function::new("random");
    func.vararg = true;
    func.line_defined = 1;
    func.add_upvalue(b"_ENV", UpvalueKind::Regular);
    let fixed = func.add_upvalue(b"fixed", UpvalueKind::Regular);
    func.fix_upvalue(fixed);
    func.add_local(b"x\x00\"\\\n");
    let structured = u.arbitrary()?;
    let mut generator = Generator {
        u,
        b: FunctionBuilder::new(&mut func),
        scopes: 0,
        nesting: 0,
    };
    generator.entry()?;
    if structured {
        generator.statements()?;
        generator.b.ret(&[]);
    } else {
        generator.graph()?;
    }
    generator.b.finish();
    Ok(func)
}

struct Generator<'a, 'u, 'f> {
    u: &'a mut Unstructured<'u>,
    b: FunctionBuilder<'f>,
    scopes: u32,
    nesting: u32,
}

impl Generator<'_, '_, '_> {
    fn entry(&mut self) -> Result<()> {
        let entry = self.b.create_block();
        let param = self.b.block_param(entry);
        self.b.switch_to(entry);
        self.b.seal_block(entry);
        self.b.write_variable(Variable::from_u32(0), param);
        for variable in LUA_VARIABLES..LUA_VARIABLES + CELL_VARIABLES {
            self.b.set_variable_kind(Variable::from_u32(variable), ValueKind::Cell);
        }
        Ok(())
    }

    fn variable(&mut self) -> Result<Variable> {
        Ok(Variable::from_u32(self.u.int_in_range(0..=LUA_VARIABLES - 1)?))
    }

    fn cell_variable(&mut self) -> Result<Variable> {
        Ok(Variable::from_u32(
            self.u
                .int_in_range(LUA_VARIABLES..=LUA_VARIABLES + CELL_VARIABLES - 1)?,
        ))
    }

    fn value(&mut self) -> Result<Value> {
        Ok(match self.u.int_in_range(0..=9)? {
            0 => self.b.nil(),
            1 => {
                let value = self.u.arbitrary()?;
                self.b.bool(value)
            }
            2 => {
                let value = self.u.int_in_range(-2..=2)?;
                self.b.int(value)
            }
            3 => {
                let value = *self.u.choose(&[0.0, -0.0, 1.0, 2.5, f64::NAN, f64::INFINITY])?;
                self.b.float(value)
            }
            4 => {
                let text = *self.u.choose(&[&b"a"[..], b"", b"10", b"\xff\n\"\\"])?;
                self.b.str(text)
            }
            _ => {
                let variable = self.variable()?;
                self.b.read_variable(variable)
            }
        })
    }

    /// A value to branch on, often of a shape that passes look for.
    fn condition(&mut self) -> Result<Value> {
        let mut value = self.value()?;
        match self.u.int_in_range(0..=4)? {
            0 => {
                let nil = self.b.nil();
                let operands = if self.u.arbitrary()? {
                    [value, nil]
                } else {
                    [nil, value]
                };
                value = self.b.compare(CmpOp::Eq, operands[0], operands[1]);
            }
            1 => {
                let op = *self.u.choose(CmpOp::ALL)?;
                let other = self.value()?;
                value = self.b.compare(op, value, other);
            }
            _ => {}
        }
        for _ in 0..self.u.int_in_range(0..=3)? {
            value = self.b.unary(UnOp::Not, value);
        }
        Ok(value)
    }

    /// A number that folding does not see through.
    fn number(&mut self) -> Result<Value> {
        let raw = self.value()?;
        let length = self.b.str(b"a");
        let one = self.b.unary(UnOp::Len, length);
        let (addend, factor) = (self.u.int_in_range(-1..=1)?, self.u.arbitrary()?);
        let addend = if factor {
            self.b.int(addend)
        } else {
            self.b.float(addend as f64)
        };
        Ok(if self.u.ratio(1, 4)? {
            raw
        } else {
            self.b.binary(BinOp::Add, one, addend)
        })
    }

    fn set(&mut self, value: Value) -> Result<()> {
        let variable = self.variable()?;
        self.b.write_variable(variable, value);
        Ok(())
    }

    fn statements(&mut self) -> Result<()> {
        for _ in 0..self.u.int_in_range(0..=5)? {
            let line = self.u.int_in_range(0..=3)?;
            self.b.set_loc(Loc { line, column: line });
            if self.nesting < MAX_NESTING && self.u.ratio(1, 3)? {
                self.nesting += 1;
                self.nested_statement()?;
                self.nesting -= 1;
            } else {
                self.plain_statement()?;
            }
        }
        Ok(())
    }

    fn plain_statement(&mut self) -> Result<()> {
        match self.u.int_in_range(0..=18)? {
            0 => {
                let value = self.value()?;
                self.set(value)?;
            }
            1..=3 => {
                let op = *self.u.choose(BinOp::ALL)?;
                let (x, y) = (self.number()?, self.number()?);
                let value = self.b.binary(op, x, y);
                self.b.name_operand(0, NameKind::Local, b"x");
                if self.u.arbitrary()? {
                    self.set(value)?;
                }
            }
            4 => {
                let op = *self.u.choose(UnOp::ALL)?;
                let x = self.value()?;
                let value = self.b.unary(op, x);
                self.set(value)?;
            }
            5 | 6 => {
                let op = *self.u.choose(CmpOp::ALL)?;
                let (x, y) = (self.number()?, self.number()?);
                let value = self.b.compare(op, x, y);
                self.set(value)?;
            }
            7 => {
                let callee = self.b.get_global(Upvalue::from_u32(0), b"f");
                let args = [self.value()?, self.value()?];
                let inst = self.b.call(callee, &args, 2);
                self.b.name_operand(0, NameKind::Global, b"f");
                let results = self.b.func().results(inst).to_vec();
                self.set(results[0])?;
                self.set(results[1])?;
            }
            8 => {
                let callee = self.value()?;
                let fixed = self.value()?;
                let open = if self.u.arbitrary()? {
                    self.b.vararg_open()
                } else {
                    self.b.call_open(callee, &[])
                };
                let value = self.b.call1(callee, &[fixed, open]);
                self.set(value)?;
            }
            9 => {
                let object = self.value()?;
                let (callee, object) = self.b.self_field(object, b"m");
                let arg = self.value()?;
                let value = self.b.call1(callee, &[object, arg]);
                self.set(value)?;
            }
            10 => {
                let value = self.value()?;
                let cell = self.b.new_cell(value);
                let variable = self.cell_variable()?;
                self.b.write_variable(variable, cell);
            }
            11 => {
                let variable = self.cell_variable()?;
                let cell = self.b.read_variable(variable);
                let value = self.value()?;
                self.b.set_cell(cell, value);
            }
            12 => {
                let variable = self.cell_variable()?;
                let cell = self.b.read_variable(variable);
                let value = if self.u.arbitrary()? {
                    self.b.get_cell(cell)
                } else {
                    let captures = [Capture::Upvalue(Upvalue::from_u32(0)), Capture::Cell(cell)];
                    self.b.closure(FuncRef::from_u32(1), &captures)
                };
                self.set(value)?;
            }
            13 => {
                let table = self.b.new_table(1, 2);
                let (x, y) = (self.value()?, self.value()?);
                self.b.set_list(table, 1, &[x]);
                self.b.set_index(table, x, y);
                self.set(table)?;
            }
            14 => {
                let (x, y) = (self.value()?, self.value()?);
                let value = self.b.get_index(x, y);
                self.set(value)?;
            }
            15 => {
                let operands = [self.value()?, self.value()?, self.value()?];
                let value = self.b.concat(&operands);
                self.set(value)?;
            }
            16 => {
                let x = self.value()?;
                let value = self.b.copy(x);
                self.set(value)?;
            }
            17 => {
                let x = self.value()?;
                self.b.local_start(crate::Local::from_u32(0), x);
            }
            _ => {
                let inst = self.b.vararg(2);
                let results = self.b.func().results(inst).to_vec();
                self.set(results[1])?;
                let upvalue = Upvalue::from_u32(self.u.int_in_range(0..=1)?);
                let value = self.b.get_upvalue(upvalue);
                self.set(value)?;
            }
        }
        Ok(())
    }

    fn nested_statement(&mut self) -> Result<()> {
        match self.u.int_in_range(0..=5)? {
            0 => self.conditional(),
            1 => self.while_loop(),
            2 => self.numeric_loop(),
            3 => self.generic_loop(),
            4 => self.closing_scope(),
            _ => self.early_return(),
        }
    }

    fn conditional(&mut self) -> Result<()> {
        let (then, other, join) = (self.b.create_block(), self.b.create_block(), self.b.create_block());
        let cond = self.condition()?;
        if self.u.arbitrary()? {
            self.b.branch(cond, (then, &[]), (other, &[]));
        } else {
            self.b.branch_nil(cond, (then, &[]), (other, &[]));
        }
        for block in [then, other] {
            self.b.seal_block(block);
            self.b.switch_to(block);
            self.statements()?;
            self.b.jump(join, &[]);
        }
        self.b.seal_block(join);
        self.b.switch_to(join);
        Ok(())
    }

    fn while_loop(&mut self) -> Result<()> {
        let (head, body, exit) = (self.b.create_block(), self.b.create_block(), self.b.create_block());
        self.b.jump(head, &[]);
        self.b.switch_to(head);
        let cond = self.condition()?;
        self.b.branch(cond, (body, &[]), (exit, &[]));
        self.b.seal_block(body);
        self.b.switch_to(body);
        self.statements()?;
        self.b.jump(head, &[]);
        self.b.seal_block(head);
        self.b.seal_block(exit);
        self.b.switch_to(exit);
        Ok(())
    }

    fn numeric_loop(&mut self) -> Result<()> {
        let (body, exit) = (self.b.create_block(), self.b.create_block());
        let (index, count) = (self.b.block_param(body), self.b.block_param(body));
        let control = [self.value()?, self.value()?, self.value()?];
        let prep = self.b.for_prep(control, (body, &[]), (exit, &[]));
        let step = self.b.func().results(prep)[2];
        self.b.switch_to(body);
        self.set(index)?;
        if self.u.arbitrary()? {
            self.set(step)?;
        }
        self.statements()?;
        self.b.for_loop([index, count, step], (body, &[]), (exit, &[]));
        self.b.seal_block(body);
        self.b.seal_block(exit);
        self.b.switch_to(exit);
        Ok(())
    }

    fn generic_loop(&mut self) -> Result<()> {
        let (head, body, exit) = (self.b.create_block(), self.b.create_block(), self.b.create_block());
        let control = self.b.block_param(head);
        let (iterator, state, first) = (self.value()?, self.value()?, self.value()?);
        self.b.jump(head, &[first]);
        self.b.switch_to(head);
        let call = self.b.for_call(iterator, state, control, 2);
        let results = self.b.func().results(call).to_vec();
        self.b.branch_nil(results[0], (exit, &[]), (body, &[]));
        self.b.seal_block(body);
        self.b.switch_to(body);
        self.set(results[1])?;
        self.statements()?;
        self.b.jump(head, &[results[0]]);
        self.b.seal_block(head);
        self.b.seal_block(exit);
        self.b.switch_to(exit);
        Ok(())
    }

    fn closing_scope(&mut self) -> Result<()> {
        let scope = Scope::from_u32(self.scopes);
        self.scopes += 1;
        let value = self.value()?;
        self.b.tbc(scope, value);
        self.statements()?;
        self.b.close(scope);
        Ok(())
    }

    fn early_return(&mut self) -> Result<()> {
        let value = self.value()?;
        if self.u.arbitrary()? {
            self.b.tail_call(value, &[value]);
        } else {
            let open = self.b.vararg_open();
            self.b.ret(&[value, open]);
        }
        let dead = self.b.create_block();
        self.b.seal_block(dead);
        self.b.switch_to(dead);
        Ok(())
    }

    /// Blocks with random edges, all sealed at the end: unreachable rings, several entries to loops.
    fn graph(&mut self) -> Result<()> {
        let mut blocks = Vec::new();
        for _ in 0..self.u.int_in_range(1..=10)? {
            blocks.push(self.b.create_block());
        }
        self.b.jump(blocks[0], &[]);
        for &block in &blocks {
            self.b.switch_to(block);
            for _ in 0..self.u.int_in_range(0..=3)? {
                self.plain_statement()?;
            }
            let (first, second) = (*self.u.choose(&blocks)?, *self.u.choose(&blocks)?);
            match self.u.int_in_range(0..=5)? {
                0 => {
                    let value = self.value()?;
                    self.b.ret(&[value]);
                }
                1 | 2 => {
                    self.b.jump(first, &[]);
                }
                3 | 4 => {
                    let value = self.condition()?;
                    self.b.branch(value, (first, &[]), (second, &[]));
                }
                _ => {
                    let value = self.condition()?;
                    self.b.branch_nil(value, (first, &[]), (second, &[]));
                }
            }
        }
        if self.u.arbitrary()? {
            blocks.reverse();
        }
        for block in blocks {
            self.b.seal_block(block);
        }
        Ok(())
    }
}
