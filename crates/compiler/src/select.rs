//! SSA to instructions over virtual registers.
//!
//! A comparison that feeds a branch becomes part of it, constants become part of the instructions that
//! take them, and others are loaded where they are used (out of loops, if that makes the loop shorter).
//! What leaves values open and what consumes them become one instruction for the allocator, since
//! nothing may come between.

mod forms;
mod inst;
mod open;
mod scopes;
mod terminator;

use perilune_bytecode::{Flags, Op};
use perilune_ir as ir;
use perilune_ir::{Block, Function, Value};
use perilune_regalloc::{self as regalloc, Group, Inst, InstRange, Operand, VReg};

use crate::layout::order_blocks;
use crate::vcode::{Code, Literal, Part, VBlock, VCode, VInst};
use scopes::Scopes;

/// Orders the blocks of a function, splits its critical edges, and selects instructions. The result
/// refers to the function for source places and names.
pub fn select(func: &mut Function) -> VCode {
    order_blocks(func);
    ir::opt::split_critical_edges(func);
    let cfg = ir::Cfg::new(func);
    let dominators = ir::Dominators::new(func, &cfg);
    let loops = ir::Loops::new(func, &cfg, &dominators);
    let mut selector = Selector {
        func,
        code: VCode {
            literals: vec![None; func.value_bound()],
            ..VCode::default()
        },
        depths: func.blocks().map(|block| loops.depth(block)).collect(),
        numbers: vec![u32::MAX; func.block_bound()],
        uses: vec![0; func.value_bound()],
        kept: vec![false; func.value_bound()],
        negated: vec![false; func.inst_bound()],
        renamed: Vec::new(),
        pending: Vec::new(),
        scopes: Scopes::new(func, &cfg),
        depth: 0,
        open_scopes: 0,
    };
    selector.prepare();
    selector.run(&cfg);
    selector.code
}

struct Selector<'f> {
    func: &'f Function,
    code: VCode,
    /// How deep in loops each block of the layout is.
    depths: Vec<u32>,
    /// The position of each block in the layout.
    numbers: Vec<u32>,
    /// How often each value is used.
    uses: Vec<u32>,
    /// Constants that are loaded where they are defined.
    kept: Vec<bool>,
    /// Comparisons of which only the negation right after them is used.
    negated: Vec<bool>,
    /// In the block with this number, arguments with this value are another register.
    renamed: Vec<(u32, Value, VReg)>,
    /// Instructions that wait for the consumer of the open values.
    pending: Vec<ir::Inst>,
    scopes: Scopes,
    /// The loop depth of the present block.
    depth: u32,
    open_scopes: u16,
}

impl Selector<'_> {
    /// Numbers blocks, counts uses, and finds the constants that are worth a register.
    fn prepare(&mut self) {
        let func = self.func;
        let mut def_depth = vec![u32::MAX; func.value_bound()];
        for (number, block) in func.blocks().enumerate() {
            self.numbers[block.index()] = number as u32;
            for &inst in func.insts(block) {
                func.for_each_use(inst, |value| self.uses[value.index()] += 1);
                if func.op(inst).is_const() {
                    def_depth[func.result(inst).index()] = self.depths[number];
                }
            }
        }
        for (number, block) in func.blocks().enumerate() {
            for pair in func.insts(block).windows(2) {
                self.negated[pair[0].index()] = matches!(func.op(pair[0]), ir::Op::Compare(_))
                    && matches!(func.op(pair[1]), ir::Op::Unary(ir::UnOp::Not))
                    && func.args(pair[1]) == func.results(pair[0])
                    && self.uses[func.result(pair[0]).index()] == 1;
            }
            for &inst in func.insts(block) {
                for (position, &value) in func.args(inst).iter().enumerate() {
                    let depth = def_depth[value.index()];
                    if depth < self.depths[number] && self.wants_register(inst, position) {
                        self.kept[value.index()] = true;
                    }
                }
            }
        }
    }

    fn run(&mut self, cfg: &ir::Cfg) {
        let func = self.func;
        let blocks: Vec<Block> = func.blocks().collect();
        self.code.reserved = self.scopes.reserve(func, &mut self.code.literals);
        for (number, &block) in blocks.iter().enumerate() {
            self.depth = self.depths[number];
            self.open_scopes = self.scopes.open_at(block);
            let start = Inst(self.code.insts.len() as u32);
            if number == 0 {
                self.keep_reserved(true);
            }
            let fused = self.fuse(block);
            for &inst in func.insts(block) {
                if !fused.skip.contains(&inst) {
                    self.inst(block, inst, &fused);
                }
            }
            self.renamed.retain(|renamed| renamed.0 > number as u32);
            let end = Inst(self.code.insts.len() as u32);
            let as_block = |block: Block| regalloc::Block(self.numbers[block.index()]);
            let succs = self.successors(block, &fused).into_iter().map(as_block).collect();
            let preds: Vec<_> = cfg.preds(block).iter().map(|&(pred, _)| as_block(pred)).collect();
            let params = func.params(block).iter().map(|&param| vreg(param)).collect();
            self.code.blocks.push(VBlock {
                insts: InstRange { start, end },
                succs,
                preds,
                params,
                depth: self.depth,
            });
        }
    }

    // Emitting.

    fn push(&mut self, code: Code, operands: &[Operand], group: Option<[Group; 1]>, inst: Option<ir::Inst>) {
        let start = self.code.operands.len() as u32;
        self.code.operands.extend_from_slice(operands);
        let is_safepoint = |op: &Op| op.opcode().flags().contains(Flags::SAFEPOINT);
        let safepoint = match &code {
            Code::Op(op) | Code::Bool(op) | Code::Branch(op) | Code::Loop(op) => is_safepoint(op),
            Code::Parts(parts) => parts.iter().any(|part| is_safepoint(&part.op)),
            Code::Keep | Code::Move | Code::Load | Code::Jump => false,
        };
        self.code.insts.push(VInst {
            code,
            operands: (start, self.code.operands.len() as u32),
            group,
            inst,
            held: 0,
            open_scopes: self.open_scopes,
            safepoint,
            args: [(0, 0); 2],
        });
    }

    fn op(&mut self, op: Op, operands: &[Operand], inst: ir::Inst) {
        self.push(Code::Op(op), operands, None, Some(inst));
    }

    /// An instruction that reads a run of places, which stay live while it works.
    fn run_op(&mut self, op: Op, operands: &[Operand], size: u16, inst: ir::Inst) {
        self.push(Code::Op(op), operands, crate::vcode::run_group(size), Some(inst));
        self.last().held = size;
    }

    fn parts(&mut self, parts: Vec<Part>, operands: &[Operand], size: u16, inst: ir::Inst) {
        self.push(
            Code::Parts(parts.into()),
            operands,
            crate::vcode::call_group(size),
            Some(inst),
        );
    }

    fn last(&mut self) -> &mut VInst {
        self.code.insts.last_mut().expect("an instruction was pushed")
    }

    // Values.

    /// The constant that a value is.
    fn literal(&self, value: Value) -> Option<Literal> {
        Some(match self.func.op(self.func.def_inst(value)?) {
            ir::Op::Nil => Literal::Nil,
            ir::Op::True => Literal::Bool(true),
            ir::Op::False => Literal::Bool(false),
            ir::Op::Int(n) => Literal::Int(n),
            ir::Op::Float(x) => Literal::Float(x),
            ir::Op::Str(s) => Literal::Str(s),
            _ => return None,
        })
    }

    /// The register of a value for an operand that must be in one.
    fn reg(&mut self, value: Value) -> VReg {
        if self.kept[value.index()] {
            vreg(value)
        } else {
            self.fresh(value)
        }
    }

    /// The register of a value for an operand that is copied anyway, so that a constant is better
    /// loaded than kept.
    fn fresh(&mut self, value: Value) -> VReg {
        match self.literal(value) {
            Some(literal) => self.load(literal),
            None => vreg(value),
        }
    }

    fn load(&mut self, literal: Literal) -> VReg {
        let dst = self.code.new_vreg(Some(literal));
        self.push_load(dst, literal);
        dst
    }

    fn push_load(&mut self, dst: VReg, literal: Literal) {
        if forms::needs_table(literal) {
            self.code.constants.insert(literal);
        }
        self.push(Code::Load, &[Operand::reg_def(dst)], None, None);
    }

    /// Copies of constants in registers for the operands of a run or window.
    fn fresh_all(&mut self, values: &[Value]) -> Vec<VReg> {
        values.iter().map(|&value| self.fresh(value)).collect()
    }
}

/// The register that an IR value has where it is not a constant loaded at its use.
fn vreg(value: Value) -> VReg {
    VReg(value.as_u32())
}
