//! Allocated instructions to bytecode: moves, labels, live maps, lines and names.

use perilune_bytecode::{self as bytecode, Assembler, Count, Flags, Jump32, Label, Op, Reg, Slot, VariableKind, Wide};
use perilune_ir as ir;
use perilune_regalloc::{
    Block, Clobber, Constraint, FrameIndex, Function, Group, Inst, Kind, Loc, Output, Pos, Step, VReg,
};

use crate::pool;
use crate::template::{Hole, fill, hole};
use crate::vcode::{Code, Literal, VCode, VInst};

/// Makes the function of selected instructions and their allocation. `func` is what they were selected
/// from; `params` are the names of its parameters.
///
/// # Panics
/// If the allocation is not one of `code`, or its frame has more than 4096 slots.
pub fn emit(func: &ir::Function, code: &VCode, out: &Output, params: &[&[u8]]) -> bytecode::Function {
    let mut asm = Assembler::new(func.name.clone(), func.params(func.entry()).len() as u16);
    for upvalue in func.upvalues() {
        let kind = match upvalue.kind {
            ir::UpvalueKind::Regular => VariableKind::Regular,
            ir::UpvalueKind::Const => VariableKind::Const,
            ir::UpvalueKind::Close => VariableKind::Close,
        };
        asm.upvalue(func.str(upvalue.name), kind);
    }
    for &literal in &code.constants {
        asm.constant(constant(func, literal));
    }
    let labels = code.blocks.iter().map(|_| asm.label()).collect();
    let first_end = asm.label();
    let place = ir::Loc::default();
    let mut emitter = Emitter {
        func,
        code,
        out,
        asm,
        labels,
        targets: Vec::new(),
        nils: None,
        place,
        first_end,
    };
    emitter.thread_jumps();
    emitter.blocks();
    emitter.parameters(params);
    let function = emitter.asm.function_mut();
    function.line_defined = func.line_defined;
    function.last_line = func.last_line;
    function.vararg = func.vararg;
    function.frame_size = u32::from(out.frame_size);
    emitter.asm.finish()
}

fn constant(func: &ir::Function, literal: Literal) -> bytecode::Constant {
    match literal {
        Literal::Nil => bytecode::Constant::Nil,
        Literal::Bool(false) => bytecode::Constant::False,
        Literal::Bool(true) => bytecode::Constant::True,
        Literal::Int(n) => bytecode::Constant::Int(n),
        Literal::Float(x) => bytecode::Constant::Float(x.get()),
        Literal::Str(s) => bytecode::Constant::str(func.str(s)),
    }
}

struct Emitter<'a> {
    func: &'a ir::Function,
    code: &'a VCode,
    out: &'a Output,
    asm: Assembler,
    /// The start of each block.
    labels: Vec<Label>,
    /// For each block, the first one on its way that has code; itself if it has.
    targets: Vec<u32>,
    /// A run of slots that gets nil, not written yet.
    nils: Option<(u16, u16)>,
    place: ir::Loc,
    /// Behind the first instruction.
    first_end: Label,
}

impl Emitter<'_> {
    /// Finds the blocks that do nothing but jump, and where jumps to them really go.
    fn thread_jumps(&mut self) {
        let count = self.code.blocks.len();
        let only_jump: Vec<bool> = (0..count)
            .map(|number| {
                let mut steps = self
                    .out
                    .steps(self.code, Block(number as u32))
                    .filter(|step| match *step {
                        Step::Inst(inst, _) => !matches!(self.code.insts[inst.index()].code, Code::Keep),
                        _ => true,
                    });
                let first = steps.next();
                matches!(first, Some(Step::Inst(inst, _)) if matches!(self.code.insts[inst.index()].code, Code::Jump))
            })
            .collect();
        self.targets = (0..count as u32).collect();
        let mut done: Vec<bool> = only_jump.iter().map(|only| !only).collect();
        let mut on_way = vec![false; count];
        for number in 0..count {
            // Follow the chain, then point all of it to its end; of a ring of empty blocks one stays.
            let mut chain = Vec::new();
            let mut at = number;
            while !done[at] && !on_way[at] {
                on_way[at] = true;
                chain.push(at);
                at = self.code.blocks[at].succs[0].index();
            }
            let end = if done[at] { self.targets[at] } else { at as u32 };
            for block in chain {
                self.targets[block] = end;
                done[block] = true;
            }
        }
        // Control enters at the first block, whatever it does.
        self.targets[0] = 0;
    }

    fn blocks(&mut self) {
        let count = self.code.blocks.len() as u32;
        let emitted: Vec<u32> = (0..count)
            .filter(|&number| self.targets[number as usize] == number)
            .collect();
        for (i, &number) in emitted.iter().enumerate() {
            let next = emitted.get(i + 1).copied();
            self.flush_nils();
            let label = self.labels[number as usize];
            self.asm.bind(label);
            let code = self.code;
            let out = self.out;
            for step in out.steps(code, Block(number)) {
                match step {
                    Step::Move { from, to } => self.move_value(from, to),
                    Step::Remat { vreg, to } => self.load(vreg, to),
                    Step::Inst(inst, allocs) => self.inst(inst, allocs, number, next),
                }
            }
        }
        self.flush_nils();
    }

    /// Names the parameters for `debug.getlocal` on the function itself; later a register may hold
    /// something else.
    fn parameters(&mut self, params: &[&[u8]]) {
        if params.is_empty() {
            return;
        }
        let (start, end) = (self.labels[0], self.first_end);
        for (slot, name) in params.iter().enumerate() {
            self.asm.local(*name, start, end, slot as u32);
        }
    }

    // Instructions.

    fn push(&mut self, op: Op, to: Option<Label>) {
        match to {
            Some(label) => self.asm.jump(op, label),
            None => self.asm.push(op),
        };
        if self.asm.len() == 1 {
            self.asm.bind(self.first_end);
        }
    }

    fn at(&mut self, place: ir::Loc) {
        if place.line != 0 && place != self.place {
            self.flush_nils();
            self.place = place;
            self.asm.line(place.line, place.column);
        }
    }

    fn slot(&self, loc: Loc) -> u16 {
        self.out.frame_index(loc).0
    }

    fn move_value(&mut self, from: Loc, to: Loc) {
        self.flush_nils();
        let (src, dst) = (self.slot(from), self.slot(to));
        if src == dst {
            return;
        }
        let op = match (from, to) {
            (Loc::Slot(_), Loc::Reg(_)) => Op::Reload {
                dst: Reg(dst),
                slot: Slot(src),
            },
            (Loc::Reg(_), Loc::Slot(_)) => Op::Spill {
                slot: Slot(dst),
                src: Reg(src),
            },
            _ => Op::Move {
                dst: Reg(dst),
                src: Reg(src),
            },
        };
        self.push(op, None);
    }

    /// Puts the constant that a virtual register is into a place.
    fn load(&mut self, vreg: VReg, to: Loc) {
        let literal = self.code.literals[vreg.index()].expect("only constants are loaded");
        let slot = self.slot(to);
        let dst = Reg(slot);
        if literal == Literal::Nil {
            match &mut self.nils {
                Some((first, count)) if *first + *count == slot => *count += 1,
                Some((first, count)) if slot + 1 == *first => {
                    *first = slot;
                    *count += 1;
                }
                _ => {
                    self.flush_nils();
                    self.nils = Some((slot, 1));
                }
            }
            return;
        }
        self.flush_nils();
        let op = match literal {
            Literal::Nil => unreachable!("nils are collected"),
            Literal::Bool(false) => Op::LoadFalse { dst },
            Literal::Bool(true) => Op::LoadTrue { dst },
            literal => {
                let small = match literal {
                    Literal::Int(n) => i16::try_from(n).ok().map(|n| Op::LoadInt {
                        dst,
                        value: bytecode::Imm(n),
                    }),
                    Literal::Float(x) => pool::integral(x.get()).map(|value| Op::LoadFloat { dst, value }),
                    _ => None,
                };
                small.unwrap_or_else(|| {
                    let index = self
                        .code
                        .constants
                        .get_index_of(&literal)
                        .expect("selection enters constants");
                    match u16::try_from(index)
                        .ok()
                        .filter(|&index| index < bytecode::Const::LIMIT)
                    {
                        Some(index) => Op::LoadK {
                            dst,
                            value: bytecode::Const(index),
                        },
                        None => Op::LoadKx {
                            dst,
                            value: Wide(index as u32),
                        },
                    }
                })
            }
        };
        self.push(op, None);
    }

    fn flush_nils(&mut self) {
        if let Some((first, count)) = self.nils.take() {
            let first = Reg(first);
            let op = if count == 1 {
                Op::LoadNil { dst: first }
            } else {
                Op::LoadNils {
                    first,
                    count: Count(count),
                }
            };
            self.push(op, None);
        }
    }

    fn inst(&mut self, inst: Inst, allocs: &[Loc], block: u32, next: Option<u32>) {
        let code = self.code;
        let vinst = &code.insts[inst.index()];
        if let Code::Load = vinst.code {
            let vreg = code.operands(inst)[0].vreg;
            return self.load(vreg, allocs[0]);
        }
        if let Some(source) = vinst.inst {
            self.at(self.func.loc(source));
        }
        self.flush_nils();
        match &vinst.code {
            Code::Keep | Code::Load => {}
            Code::Move => self.move_value(allocs[1], allocs[0]),
            Code::Op(op) => {
                let op = self.fill(op.clone(), inst);
                self.push(op.clone(), None);
                self.safepoint(inst, &op, vinst.held, vinst.open_scopes, None);
                if let Some(source) = vinst.inst {
                    self.names(source, &op);
                }
            }
            Code::Parts(parts) => {
                let mut open = vinst.open_scopes;
                for part in parts {
                    self.at(self.func.loc(part.inst));
                    let op = self.fill(part.op.clone(), inst);
                    self.push(op.clone(), None);
                    self.safepoint(inst, &op, part.held, open, None);
                    self.names(part.inst, &op);
                    if let Op::Close { from } = op {
                        open = self.code.reserved.iter().filter(|(_, reg)| reg.0 < from.0).count() as u16;
                    }
                }
            }
            Code::Bool(test) => self.boolean(inst, test, allocs, vinst),
            Code::Jump => {
                let to = self.target(block, 0);
                if Some(to) != next {
                    self.push(Op::Jump { to: Jump32(0) }, Some(self.labels[to as usize]));
                }
            }
            Code::Branch(op) => {
                let (then, other) = (self.target(block, 0), self.target(block, 1));
                let op = self.fill(op.clone(), inst);
                let (op, to, rest) = match Some(then) == next {
                    true => (op.inverted().expect("branches have inverses"), other, then),
                    false => (op, then, other),
                };
                self.push(op.clone(), Some(self.labels[to as usize]));
                self.safepoint(inst, &op, 0, vinst.open_scopes, None);
                self.go_on(rest, next);
            }
            Code::Loop(op) => {
                let (body, exit) = (self.target(block, 0), self.target(block, 1));
                let op = self.fill(op.clone(), inst);
                let (to, rest) = match op {
                    Op::ForPrep { .. } => (exit, body),
                    _ => (body, exit),
                };
                self.push(op.clone(), Some(self.labels[to as usize]));
                self.safepoint(inst, &op, 0, vinst.open_scopes, None);
                self.go_on(rest, next);
            }
        }
    }

    /// The block with code that a successor leads to.
    fn target(&self, block: u32, succ: usize) -> u32 {
        self.targets[self.code.blocks[block as usize].succs[succ].index()]
    }

    fn go_on(&mut self, to: u32, next: Option<u32>) {
        if Some(to) != next {
            self.push(Op::Jump { to: Jump32(0) }, Some(self.labels[to as usize]));
        }
    }

    fn boolean(&mut self, inst: Inst, test: &Op, allocs: &[Loc], vinst: &VInst) {
        // The result is no register of the test, so that it may be written first.
        let dst = Reg(self.slot(allocs[0]));
        let end = self.asm.label();
        let test = self.fill(test.clone(), inst);
        self.push(Op::LoadTrue { dst }, None);
        self.push(test.clone(), Some(end));
        self.safepoint(inst, &test, 0, vinst.open_scopes, Some(dst));
        self.push(Op::LoadFalse { dst }, None);
        self.asm.bind(end);
    }

    /// A template with the places of its operands.
    fn fill(&self, op: Op, inst: Inst) -> Op {
        let allocs = self.out.inst_allocs(inst);
        let bases = self.out.group_bases(inst);
        fill(op, &mut |reg| match hole(reg) {
            Hole::Operand(number) => Reg(self.slot(allocs[number])),
            Hole::Window(offset) => Reg(bases[0].0 + offset),
            Hole::Slot(slot) => Reg(slot),
        })
    }

    /// The live map of the last instruction: what the allocator says, the operands that are read early
    /// and are no members of the window, the members that wait for a later part, and
    /// a register that was written before.
    fn safepoint(&mut self, inst: Inst, op: &Op, held: u16, open_scopes: u16, extra: Option<Reg>) {
        if !op.opcode().flags().contains(Flags::SAFEPOINT) {
            return;
        }
        let mut live: Vec<u32> = extra.iter().map(|reg| reg.0.into()).collect();
        // A reserved register holds a value as long as its scope is open.
        let reserved = &self.code.reserved;
        if let Some(safepoint) = self.out.safepoint(inst) {
            let is_reserved = |index: &FrameIndex| reserved.iter().any(|(_, reg)| reg.0 == index.0);
            live.extend(
                safepoint
                    .live
                    .iter()
                    .filter(|index| !is_reserved(index))
                    .map(|index| u32::from(index.0)),
            );
        }
        live.extend(
            reserved
                .iter()
                .take(open_scopes.into())
                .map(|(_, reg)| u32::from(reg.0)),
        );
        // What an iterator's call reads from inside its window it has read before anything collects; only the
        // window's first place may be listed.
        let window = match self.code.insts[inst.index()].group {
            Some(
                [
                    Group {
                        clobber: Clobber::Above(from),
                        ..
                    },
                ],
            ) => self.out.group_bases(inst)[0].0 + from,
            _ => u16::MAX,
        };
        for (operand, &loc) in self.code.operands(inst).iter().zip(self.out.inst_allocs(inst)) {
            let counts = match (operand.kind, operand.constraint) {
                (Kind::Def, _) => false,
                (Kind::Use, Constraint::Group { offset, .. }) => offset < held,
                (Kind::Use, _) => operand.pos == Pos::Early && self.slot(loc) <= window,
            };
            if counts {
                live.push(self.slot(loc).into());
            }
        }
        self.asm.safepoint(live);
    }

    fn names(&mut self, source: ir::Inst, op: &Op) {
        if let Op::Move { .. } = op {
            return;
        }
        if let Op::GetGlobal { env, .. } | Op::SetGlobal { env, .. } | Op::SetGlobalK { env, .. } = op {
            let upvalue = self.func.upvalues()[usize::from(env.0)];
            self.asm
                .name(0, bytecode::NameKind::Upvalue, self.func.str(upvalue.name));
            return;
        }
        for position in 0..self.func.args(source).len() {
            if let Some(name) = self.func.operand_name(source, position as u32) {
                self.asm
                    .name(position as u16, name_kind(name.kind), self.func.str(name.name));
            }
        }
    }
}

fn name_kind(kind: ir::NameKind) -> bytecode::NameKind {
    match kind {
        ir::NameKind::Global => bytecode::NameKind::Global,
        ir::NameKind::Local => bytecode::NameKind::Local,
        ir::NameKind::Method => bytecode::NameKind::Method,
        ir::NameKind::Field => bytecode::NameKind::Field,
        ir::NameKind::Upvalue => bytecode::NameKind::Upvalue,
        ir::NameKind::Constant => bytecode::NameKind::Constant,
        ir::NameKind::ForIterator => bytecode::NameKind::ForIterator,
        ir::NameKind::Metamethod => bytecode::NameKind::Metamethod,
    }
}
