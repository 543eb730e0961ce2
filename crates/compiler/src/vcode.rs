//! Selected instructions before allocation: bytecode templates over virtual registers.

use indexmap::IndexSet;
use perilune_bytecode::Op;
use perilune_ir as ir;
use perilune_regalloc::{Block, Clobber, Function, Group, Inst, InstRange, Operand, PReg, VReg};

/// A constant of the program text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Literal {
    /// `nil`
    Nil,
    /// `true` or `false`
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A float.
    Float(ir::FloatBits),
    /// A string of the IR function.
    Str(ir::StrId),
}

/// What an instruction becomes.
#[derive(Clone, Debug)]
pub(crate) enum Code {
    /// Nothing: it only keeps registers taken.
    Keep,
    /// A copy of operand 1 to operand 0.
    Move,
    /// The constant of the virtual register in operand 0.
    Load,
    /// One instruction.
    Op(Op),
    /// Operand 0 := whether the jump would be taken.
    Bool(Op),
    /// Several instructions between which nothing may come: those that leave open values, and the
    /// one that consumes them.
    Parts(Box<[Part]>),
    /// Goes to the only successor.
    Jump,
    /// The jump goes to the first successor, else control to the second.
    Branch(Op),
    /// The loop instruction jumps to its first successor, else control goes to the second.
    Loop(Op),
}

/// One instruction of several.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) op: Op,
    pub(crate) inst: ir::Inst,
    /// Window members below this offset are live at its safepoint.
    pub(crate) held: u16,
}

/// One selected instruction.
#[derive(Clone, Debug)]
pub(crate) struct VInst {
    pub(crate) code: Code,
    pub(crate) operands: (u32, u32),
    pub(crate) group: Option<[Group; 1]>,
    /// Where it comes from, for its place in the source and the names of its operands.
    pub(crate) inst: Option<ir::Inst>,
    /// As [`Part::held`].
    pub(crate) held: u16,
    /// How many scopes with a variable to be closed are open.
    pub(crate) open_scopes: u16,
    pub(crate) safepoint: bool,
    /// As an edge has arguments only where its block's terminator says so: the arguments of each
    /// successor, in `args`.
    pub(crate) args: [(u32, u32); 2],
}

#[derive(Clone, Debug)]
pub(crate) struct VBlock {
    pub(crate) insts: InstRange,
    pub(crate) succs: Vec<Block>,
    pub(crate) preds: Vec<Block>,
    pub(crate) params: Vec<VReg>,
    pub(crate) depth: u32,
}

/// A function of selected instructions, in the order of its future code.
#[derive(Clone, Debug, Default)]
pub struct VCode {
    pub(crate) insts: Vec<VInst>,
    pub(crate) blocks: Vec<VBlock>,
    pub(crate) operands: Vec<Operand>,
    pub(crate) args: Vec<VReg>,
    /// For each virtual register, the constant that it is.
    pub(crate) literals: Vec<Option<Literal>>,
    pub(crate) constants: IndexSet<Literal>,
    /// Registers that hold what is to be closed, by depth of scopes: the virtual register that keeps
    /// each of them taken, and the register itself.
    pub(crate) reserved: Vec<(VReg, PReg)>,
}

impl VCode {
    pub(crate) fn new_vreg(&mut self, literal: Option<Literal>) -> VReg {
        self.literals.push(literal);
        VReg(self.literals.len() as u32 - 1)
    }

    /// The registers of the file that the allocator may use besides the reserved ones, and those.
    pub fn file_size(&self, registers: u16) -> u16 {
        registers + self.reserved.len() as u16
    }
}

impl Function for VCode {
    fn num_insts(&self) -> u32 {
        self.insts.len() as u32
    }

    fn num_blocks(&self) -> u32 {
        self.blocks.len() as u32
    }

    fn num_vregs(&self) -> u32 {
        self.literals.len() as u32
    }

    fn entry(&self) -> Block {
        Block(0)
    }

    fn block_insts(&self, block: Block) -> InstRange {
        self.blocks[block.index()].insts
    }

    fn succs(&self, block: Block) -> &[Block] {
        &self.blocks[block.index()].succs
    }

    fn preds(&self, block: Block) -> &[Block] {
        &self.blocks[block.index()].preds
    }

    fn block_params(&self, block: Block) -> &[VReg] {
        &self.blocks[block.index()].params
    }

    fn branch_args(&self, inst: Inst, succ: usize) -> &[VReg] {
        let (start, end) = self.insts[inst.index()].args[succ];
        &self.args[start as usize..end as usize]
    }

    fn is_ret(&self, inst: Inst) -> bool {
        match &self.insts[inst.index()].code {
            Code::Op(op) => is_ret(op),
            Code::Parts(parts) => parts.last().is_some_and(|part| is_ret(&part.op)),
            _ => false,
        }
    }

    fn is_branch(&self, inst: Inst) -> bool {
        matches!(
            self.insts[inst.index()].code,
            Code::Jump | Code::Branch(_) | Code::Loop(_)
        )
    }

    fn operands(&self, inst: Inst) -> &[Operand] {
        let (start, end) = self.insts[inst.index()].operands;
        &self.operands[start as usize..end as usize]
    }

    fn groups(&self, inst: Inst) -> &[Group] {
        self.insts[inst.index()].group.as_ref().map_or(&[], |group| group)
    }

    fn is_move(&self, inst: Inst) -> Option<(VReg, VReg)> {
        let operands = self.operands(inst);
        matches!(self.insts[inst.index()].code, Code::Move).then(|| (operands[0].vreg, operands[1].vreg))
    }

    fn is_safepoint(&self, inst: Inst) -> bool {
        self.insts[inst.index()].safepoint
    }

    fn loop_depth(&self, block: Block) -> u32 {
        self.blocks[block.index()].depth
    }

    fn remat(&self, vreg: VReg) -> bool {
        self.literals[vreg.index()].is_some()
    }

    fn home(&self, vreg: VReg) -> Option<PReg> {
        self.reserved
            .iter()
            .find(|&&(reserved, _)| reserved == vreg)
            .map(|&(_, reg)| reg)
    }
}

fn is_ret(op: &Op) -> bool {
    matches!(
        op,
        Op::Return0 { .. }
            | Op::Return1 { .. }
            | Op::ReturnN { .. }
            | Op::ReturnOpen { .. }
            | Op::TailCall { .. }
            | Op::TailCallOpen { .. }
    )
}

/// A window in which a callee's frame lies.
pub(crate) fn call_group(size: u16) -> Option<[Group; 1]> {
    Some([Group {
        size,
        clobber: Clobber::Above(0),
    }])
}

/// A run of places.
pub(crate) fn run_group(size: u16) -> Option<[Group; 1]> {
    Some([Group::consecutive(size)])
}
