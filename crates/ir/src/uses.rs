//! Where instructions stand and where values are used, as they were when computed.

use crate::{Block, Function, Inst, Value};

/// The instructions that use each value.
#[derive(Clone, Debug)]
pub struct Uses {
    users: Vec<Inst>,
    /// Where each value's users start; one more entry than values.
    starts: Vec<u32>,
}

impl Uses {
    /// Collects the uses in time linear in the function.
    pub fn new(func: &Function) -> Uses {
        let mut starts = vec![0u32; func.value_bound() + 1];
        for block in func.blocks() {
            for &inst in func.insts(block) {
                func.for_each_use(inst, |value| starts[value.index() + 1] += 1);
            }
        }
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        let mut next = starts.clone();
        let mut users = vec![Inst::from_u32(0); starts[func.value_bound()] as usize];
        for block in func.blocks() {
            for &inst in func.insts(block) {
                func.for_each_use(inst, |value| {
                    users[next[value.index()] as usize] = inst;
                    next[value.index()] += 1;
                });
            }
        }
        Uses { users, starts }
    }

    /// The instructions that use a value, in layout order, once for each use (edge arguments included).
    pub fn of(&self, value: Value) -> &[Inst] {
        &self.users[self.starts[value.index()] as usize..self.starts[value.index() + 1] as usize]
    }
}

/// The places of instructions: block and position, by instruction number.
#[derive(Clone, Debug)]
pub struct Places(Vec<Option<(Block, u32)>>);

impl Places {
    /// Notes the places in time linear in the function.
    pub fn new(func: &Function) -> Places {
        let mut places = vec![None; func.inst_bound()];
        for block in func.blocks() {
            for (at, inst) in func.insts(block).iter().enumerate() {
                places[inst.index()] = Some((block, at as u32));
            }
        }
        Places(places)
    }

    /// The block of an instruction and its position there, if it is in the layout.
    pub fn get(&self, inst: Inst) -> Option<(Block, u32)> {
        self.0[inst.index()]
    }
}
