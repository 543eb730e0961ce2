//! The control-flow graph: predecessors and reverse postorder.

use crate::{Block, EdgeRef, Function};

/// Predecessors and order of the blocks of a function, as they were when it was computed.
#[derive(Clone, Debug)]
pub struct Cfg {
    /// The predecessors of all blocks, one block after the other.
    preds: Vec<(Block, EdgeRef)>,
    /// Where each block's predecessors start; one more entry than blocks.
    starts: Vec<u32>,
    rpo: Vec<Block>,
    /// The position in `rpo`, `u32::MAX` if unreachable.
    positions: Vec<u32>,
}

impl Cfg {
    /// Computes the graph in time linear in the function's blocks and edges.
    pub fn new(func: &Function) -> Cfg {
        let bound = func.block_bound();
        let mut starts = vec![0u32; bound + 1];
        let mut count = 0;
        for block in func.blocks() {
            for to in func.successors(block) {
                starts[to.index() + 1] += 1;
                count += 1;
            }
        }
        for at in 0..bound {
            starts[at + 1] += starts[at];
        }
        let filler = (
            Block::from_u32(0),
            EdgeRef {
                inst: crate::Inst::from_u32(0),
                succ: 0,
            },
        );
        let mut preds = vec![filler; count];
        let mut next = starts.clone();
        for block in func.blocks() {
            let Some(inst) = func.terminator(block) else {
                continue;
            };
            for (succ, (to, _)) in func.edges(inst).enumerate() {
                let slot = &mut next[to.index()];
                preds[*slot as usize] = (
                    block,
                    EdgeRef {
                        inst,
                        succ: succ as u32,
                    },
                );
                *slot += 1;
            }
        }
        let rpo = reverse_postorder(func);
        let mut positions = vec![u32::MAX; bound];
        for (at, block) in rpo.iter().enumerate() {
            positions[block.index()] = at as u32;
        }
        Cfg {
            preds,
            starts,
            rpo,
            positions,
        }
    }

    /// The edges into a block, with the blocks they leave, unreachable ones included.
    pub fn preds(&self, block: Block) -> &[(Block, EdgeRef)] {
        &self.preds[self.starts[block.index()] as usize..self.starts[block.index() + 1] as usize]
    }

    /// The reachable blocks, each before its successors except along retreating edges.
    pub fn rpo(&self) -> &[Block] {
        &self.rpo
    }

    /// The position in the reverse postorder, if the block is reachable.
    pub fn rpo_position(&self, block: Block) -> Option<u32> {
        self.positions.get(block.index()).copied().filter(|&at| at != u32::MAX)
    }

    /// Whether a path leads from the entry to the block.
    pub fn is_reachable(&self, block: Block) -> bool {
        self.rpo_position(block).is_some()
    }
}

fn reverse_postorder(func: &Function) -> Vec<Block> {
    let mut order = Vec::with_capacity(func.blocks().len());
    if func.blocks().len() == 0 {
        return order;
    }
    let mut seen = vec![false; func.block_bound()];
    // Each entry counts the successors that are still to be visited, from the last one down, so that
    // the first successor (a loop's body, a taken branch) directly follows in the final order.
    let mut stack = vec![];
    let entry = func.entry();
    seen[entry.index()] = true;
    stack.push((entry, func.successors(entry).count()));
    while let Some((block, left)) = stack.last_mut() {
        let block = *block;
        if *left == 0 {
            order.push(block);
            stack.pop();
            continue;
        }
        *left -= 1;
        let to = func.successors(block).nth(*left).expect("a counted successor");
        if !seen[to.index()] {
            seen[to.index()] = true;
            stack.push((to, func.successors(to).count()));
        }
    }
    order.reverse();
    order
}
