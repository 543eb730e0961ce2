//! Registers for another machine, by the allocator alone: a processor with four registers whose arithmetic is `op dst, src` (the result
//! replaces the first operand), whose division wants its dividend in `r0`, and which reads memory for nothing else than moves. A small
//! simulator runs the code before and after.

use perilune_regalloc::{
    Block, Constraint, Ctx, Function, Inst, InstRange, Loc, Operand, PReg, RegFile, Step, VReg, checker, run,
};

/// An instruction over virtual registers.
#[derive(Clone, Debug)]
enum Code {
    Const(VReg, i64),
    /// `dst = a op b`
    Add(VReg, VReg, VReg),
    Mul(VReg, VReg, VReg),
    Div(VReg, VReg, VReg),
    Ret(VReg),
}

/// One block of code; the parameters of the function are the block's.
struct Program {
    params: Vec<VReg>,
    code: Vec<Code>,
    operands: Vec<Vec<Operand>>,
    values: u32,
}

impl Program {
    fn new(params: u32) -> Program {
        Program {
            params: (0..params).map(VReg).collect(),
            code: Vec::new(),
            operands: Vec::new(),
            values: params,
        }
    }

    fn value(&mut self) -> VReg {
        self.values += 1;
        VReg(self.values - 1)
    }

    fn constant(&mut self, value: i64) -> VReg {
        let dst = self.value();
        self.code.push(Code::Const(dst, value));
        self.operands.push(vec![Operand::reg_def(dst)]);
        dst
    }

    fn binary(&mut self, make: fn(VReg, VReg, VReg) -> Code, a: VReg, b: VReg) -> VReg {
        let dst = self.value();
        let code = make(dst, a, b);
        // The result is where the first operand was.
        let (mut first, mut result) = (Operand::reg_use(a), Operand::reuse_def(dst, 0));
        if matches!(code, Code::Div(..)) {
            first.constraint = Constraint::Fixed(PReg(0));
            result = Operand {
                constraint: Constraint::Fixed(PReg(0)),
                ..Operand::reg_def(dst)
            };
        }
        self.operands.push(vec![first, Operand::reg_use(b), result]);
        self.code.push(code);
        dst
    }

    fn ret(&mut self, value: VReg) {
        self.code.push(Code::Ret(value));
        self.operands.push(vec![Operand::reg_use(value)]);
    }

    /// What the program computes, by its virtual registers.
    fn meaning(&self, arguments: &[i64]) -> i64 {
        let mut values = vec![0; self.values as usize];
        values[..arguments.len()].copy_from_slice(arguments);
        let at = |values: &[i64], v: &VReg| values[v.0 as usize];
        for code in &self.code {
            let (dst, value) = match code {
                Code::Const(dst, value) => (dst, *value),
                Code::Add(dst, a, b) => (dst, at(&values, a) + at(&values, b)),
                Code::Mul(dst, a, b) => (dst, at(&values, a) * at(&values, b)),
                Code::Div(dst, a, b) => (dst, at(&values, a) / at(&values, b)),
                Code::Ret(value) => return at(&values, value),
            };
            values[dst.0 as usize] = value;
        }
        unreachable!("the program returns")
    }
}

impl Function for Program {
    fn num_insts(&self) -> u32 {
        self.code.len() as u32
    }
    fn num_blocks(&self) -> u32 {
        1
    }
    fn num_vregs(&self) -> u32 {
        self.values
    }
    fn entry(&self) -> Block {
        Block(0)
    }
    fn block_insts(&self, _: Block) -> InstRange {
        InstRange {
            start: Inst(0),
            end: Inst(self.code.len() as u32),
        }
    }
    fn succs(&self, _: Block) -> &[Block] {
        &[]
    }
    fn preds(&self, _: Block) -> &[Block] {
        &[]
    }
    fn block_params(&self, _: Block) -> &[VReg] {
        &self.params
    }
    fn branch_args(&self, _: Inst, _: usize) -> &[VReg] {
        &[]
    }
    fn is_ret(&self, inst: Inst) -> bool {
        matches!(self.code[inst.0 as usize], Code::Ret(_))
    }
    fn is_branch(&self, _: Inst) -> bool {
        false
    }
    fn operands(&self, inst: Inst) -> &[Operand] {
        &self.operands[inst.0 as usize]
    }
}

/// How many registers the machine has.
const REGISTERS: u16 = 4;

fn name(loc: Loc) -> String {
    match loc {
        Loc::Reg(PReg(i)) => format!("r{i}"),
        other => format!("[{}]", place(other)),
    }
}

/// A place's index in the frame: the registers, then memory.
fn place(loc: Loc) -> usize {
    match loc {
        Loc::Reg(PReg(i)) => i as usize,
        Loc::Slot(slot) => (REGISTERS + slot.0) as usize,
        Loc::Frame(index) => index.0 as usize,
    }
}

/// Prints the allocated program and runs it.
fn execute(program: &Program, arguments: &[i64]) -> Result<i64, Box<dyn std::error::Error>> {
    let file = RegFile { allocatable: REGISTERS };
    let out = run(program, &file, &mut Ctx::default())?;
    checker::check(program, &file, &out)?;
    let mut frame = vec![0i64; out.frame_size as usize + arguments.len()];
    frame[..arguments.len()].copy_from_slice(arguments);
    for step in out.steps(program, Block(0)) {
        let (inst, locs) = match step {
            Step::Move { from, to } => {
                println!("    mov {}, {}", name(to), name(from));
                frame[place(to)] = frame[place(from)];
                continue;
            }
            Step::Remat { vreg, .. } => unreachable!("{vreg} is not to be computed again"),
            Step::Inst(inst, locs) => (inst, locs),
        };
        let operation = match &program.code[inst.0 as usize] {
            Code::Const(_, value) => {
                println!("    mov {}, {value}", name(locs[0]));
                frame[place(locs[0])] = *value;
                continue;
            }
            Code::Ret(_) => {
                println!("    ret {}", name(locs[0]));
                return Ok(frame[place(locs[0])]);
            }
            Code::Add(..) => "add",
            Code::Mul(..) => "mul",
            Code::Div(..) => "div",
        };
        // What the machine demands holds.
        assert_eq!(locs[0], locs[2], "the result replaces the first operand");
        assert!(operation != "div" || locs[0] == Loc::Reg(PReg(0)));
        println!("    {operation} {}, {}", name(locs[0]), name(locs[1]));
        let (a, b) = (frame[place(locs[0])], frame[place(locs[1])]);
        frame[place(locs[0])] = match operation {
            "add" => a + b,
            "mul" => a * b,
            _ => a / b,
        };
    }
    unreachable!("the program returns")
}

pub fn main() -> Result<(), Box<dyn std::error::Error>> {
    // (x + 1) * (x + 2) * ... * (x + 6) / (x / 2), where all sums are needed at once at the end.
    let mut program = Program::new(1);
    let x = program.params[0];
    let sums: Vec<VReg> = (1..=6)
        .map(|k| {
            let k = program.constant(k);
            program.binary(Code::Add, x, k)
        })
        .collect();
    let product = sums
        .iter()
        .skip(1)
        .fold(sums[0], |all, sum| program.binary(Code::Mul, all, *sum));
    let two = program.constant(2);
    let half = program.binary(Code::Div, x, two);
    let quotient = program.binary(Code::Div, product, half);
    let total = sums
        .iter()
        .fold(quotient, |all, sum| program.binary(Code::Add, all, *sum));
    program.ret(total);
    for argument in [2, 4, 10] {
        println!("of {argument}:");
        let value = execute(&program, &[argument])?;
        assert_eq!(value, program.meaning(&[argument]));
    }
    Ok(())
}
