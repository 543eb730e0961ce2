//! Spilling: what it costs, and the short-lived registers through which instructions reach values
//! that live in slots.
//!
//! A spilled value lives in its slot everywhere ("spill everywhere", Chaitin 1982). Moves between
//! any two places are possible in this machine, so block arguments, group members and fixed
//! operands need no register of their own; only `Reg` operands do, for one instruction.

use crate::order::{NONE, Order};
use crate::{Constraint, Function, Inst, Kind, Operand, Pos, VReg};

/// Where a virtual register lives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Class {
    /// In a register.
    Reg,
    /// In a spill slot.
    Slot,
    /// Nowhere: it is computed again for each use.
    Remat,
}

/// The classes of all virtual registers, and the temporaries that follow from them.
#[derive(Default)]
pub(crate) struct Spills {
    pub class: Vec<Class>,
    /// For each operand its temporary's node, or [`NONE`]; empty when nothing is spilled.
    op_temp: Vec<u32>,
    /// The instruction of each temporary; temporary `t` is node `num_vregs + t`.
    pub temps: Vec<Inst>,
    /// What each virtual register costs to spill; empty until asked for.
    costs: Vec<f32>,
}

impl Spills {
    pub fn reset<F: Function>(&mut self, func: &F) {
        self.class.clear();
        self.class.resize(func.num_vregs() as usize, Class::Reg);
        self.op_temp.clear();
        self.temps.clear();
        self.costs.clear();
    }

    pub fn class(&self, vreg: VReg) -> Class {
        self.class[vreg.index()]
    }

    /// Whether anything lives outside of the registers.
    pub fn any(&self) -> bool {
        self.class.iter().any(|&class| class != Class::Reg)
    }

    pub fn spill<F: Function>(&mut self, func: &F, vreg: VReg) {
        let again = func.remat(vreg) && !func.pinned(vreg);
        self.class[vreg.index()] = if again { Class::Remat } else { Class::Slot };
    }

    /// The temporary of an operand by the operand's number.
    #[inline]
    pub fn temp(&self, operand: u32) -> Option<u32> {
        self.op_temp.get(operand as usize).copied().filter(|&node| node != NONE)
    }

    /// Makes temporaries for the operands that want a register but whose value has none.
    pub fn make_temps<F: Function>(&mut self, func: &F, order: &Order) {
        self.op_temp.clear();
        self.temps.clear();
        if !self.any() {
            return;
        }
        self.op_temp
            .resize(order.alloc_starts[func.num_insts() as usize] as usize, NONE);
        for &block in &order.blocks {
            for inst in func.block_insts(block).iter() {
                self.inst_temps(func, order, inst);
            }
        }
    }

    fn inst_temps<F: Function>(&mut self, func: &F, order: &Order, inst: Inst) {
        let operands = func.operands(inst);
        let first = order.alloc_starts[inst.index()] as usize;
        for (at, op) in operands.iter().enumerate() {
            let wants = match (self.class(op.vreg), op.kind, op.constraint) {
                (Class::Reg, ..) | (Class::Remat, Kind::Def, _) => false,
                (_, _, Constraint::Reg | Constraint::Reuse(_)) => true,
                (class, _, Constraint::Any) => class == Class::Remat,
                (_, _, Constraint::Fixed(_) | Constraint::Group { .. }) => false,
            };
            if !wants || reuser(operands, at).is_some() {
                continue;
            }
            let twin = (op.kind == Kind::Use)
                .then(|| {
                    (0..at).find(|&other| {
                        operands[other].vreg == op.vreg
                            && operands[other].kind == Kind::Use
                            && self.op_temp[first + other] != NONE
                    })
                })
                .flatten();
            self.op_temp[first + at] = match twin {
                Some(other) => self.op_temp[first + other],
                None => {
                    self.temps.push(inst);
                    (self.class.len() + self.temps.len() - 1) as u32
                }
            };
        }
    }

    /// Under given homes, makes temporaries for defs that would be written while a use that sits
    /// in the same place is still needed.
    pub fn separate_places<F: Function>(&mut self, func: &F, order: &Order, homes: &[u32]) {
        for &block in &order.blocks {
            for inst in func.block_insts(block).iter() {
                let operands = func.operands(inst);
                let first = order.alloc_starts[inst.index()] as usize;
                for (at, op) in operands.iter().enumerate() {
                    if self.temp((first + at) as u32).is_none() && overlaps(operands, op, homes) {
                        self.op_temp
                            .resize(order.alloc_starts[func.num_insts() as usize] as usize, NONE);
                        self.temps.push(inst);
                        self.op_temp[first + at] = (self.class.len() + self.temps.len() - 1) as u32;
                    }
                }
            }
        }
    }

    /// The cost of keeping `vreg` in a slot: the moves that its uses and its def would need.
    pub fn cost<F: Function>(&mut self, func: &F, order: &Order, vreg: VReg) -> f32 {
        if self.costs.is_empty() {
            self.compute_costs(func, order);
        }
        self.costs[vreg.index()]
    }

    fn compute_costs<F: Function>(&mut self, func: &F, order: &Order) {
        self.costs.resize(func.num_vregs() as usize, 0.0);
        for &block in &order.blocks {
            let weight = 10f32.powi(func.loop_depth(block).min(10) as i32);
            let range = func.block_insts(block);
            for op in range.iter().flat_map(|inst| func.operands(inst)) {
                self.costs[op.vreg.index()] += weight;
            }
            // Parameters and arguments become moves between places, whatever the places are.
            crate::live::each_arg(func, block, range.last(), |arg| {
                self.costs[arg.index()] += weight / 2.0;
            });
            for param in func.block_params(block) {
                self.costs[param.index()] += weight / 2.0;
            }
        }
        for (vreg, cost) in (0..).map(VReg).zip(&mut self.costs) {
            *cost *= func.spill_cost_hint(vreg) as f32;
            if func.remat(vreg) {
                *cost *= 0.5;
            }
        }
    }
}

/// Whether def `op` would overwrite a use of the same instruction in its home too soon.
fn overlaps(operands: &[Operand], op: &Operand, homes: &[u32]) -> bool {
    let (early, reused) = match op.constraint {
        Constraint::Reuse(of) => (true, Some(operands[of as usize].vreg)),
        Constraint::Any | Constraint::Reg => (op.pos == Pos::Early, None),
        Constraint::Fixed(_) | Constraint::Group { .. } => return false,
    };
    op.kind == Kind::Def
        && operands.iter().any(|other| {
            other.kind == Kind::Use
                && homes[other.vreg.index()] == homes[op.vreg.index()]
                && (other.pos == Pos::Late || (early && Some(other.vreg) != reused))
        })
}

/// The def operand that takes the place of use operand `at`.
pub(crate) fn reuser(operands: &[Operand], at: usize) -> Option<usize> {
    // Few instructions reuse, and those that do have few operands.
    if operands.len() > 8 && !operands.iter().any(|op| matches!(op.constraint, Constraint::Reuse(_))) {
        return None;
    }
    operands
        .iter()
        .position(|op| matches!(op.constraint, Constraint::Reuse(of) if of as usize == at))
}
