//! Natural loops and how deep each block lies in them.

use crate::{Block, Cfg, Dominators, Function};

/// The natural loops of a function: one per block that an edge from a dominated block enters.
///
/// A retreating edge to a block that does not dominate its origin (a loop with two entries, which
/// `goto` can make) counts as no loop.
#[derive(Clone, Debug)]
pub struct Loops {
    /// The header of the innermost loop around each block, by block number.
    headers: Vec<Option<Block>>,
    depths: Vec<u32>,
}

impl Loops {
    /// Finds the loops, inner ones first; an inner loop is passed as a whole by the walks of outer ones.
    pub fn new(func: &Function, cfg: &Cfg, dominators: &Dominators) -> Loops {
        let bound = func.block_bound();
        let mut headers: Vec<Option<Block>> = vec![None; bound];
        // The loop that each header's loop lies in directly, and a path-halving copy for the walks.
        let mut parents: Vec<Option<Block>> = vec![None; bound];
        let mut outer: Vec<Block> = (0..bound).map(Block::from_index).collect();
        let mut stack = Vec::new();
        for &header in cfg.rpo().iter().rev() {
            stack.extend(
                cfg.preds(header)
                    .iter()
                    .map(|&(pred, _)| pred)
                    .filter(|&pred| dominators.dominates(header, pred)),
            );
            let is_loop = !stack.is_empty();
            while let Some(block) = stack.pop() {
                let root = find(&mut outer, block);
                if root == header {
                    continue;
                }
                // `root` is a block outside of loops so far, or the header of an outermost loop.
                if headers[root.index()] == Some(root) {
                    parents[root.index()] = Some(header);
                } else {
                    headers[root.index()] = Some(header);
                }
                outer[root.index()] = header;
                stack.extend(
                    cfg.preds(root)
                        .iter()
                        .map(|&(pred, _)| pred)
                        .filter(|&pred| cfg.is_reachable(pred)),
                );
            }
            if is_loop {
                headers[header.index()] = Some(header);
            }
        }
        let mut depths = vec![0; bound];
        // Outer headers come before inner ones in reverse postorder.
        for &block in cfg.rpo() {
            depths[block.index()] = match headers[block.index()] {
                None => 0,
                Some(header) if header == block => {
                    1 + parents[block.index()].map_or(0, |parent| depths[parent.index()])
                }
                Some(header) => depths[header.index()],
            };
        }
        Loops { headers, depths }
    }

    /// The header of the innermost loop around a block; a header is in its own loop.
    pub fn header(&self, block: Block) -> Option<Block> {
        self.headers[block.index()]
    }

    /// How many loops are around a block.
    pub fn depth(&self, block: Block) -> u32 {
        self.depths[block.index()]
    }
}

fn find(outer: &mut [Block], mut block: Block) -> Block {
    while outer[block.index()] != block {
        let next = outer[outer[block.index()].index()];
        outer[block.index()] = next;
        block = next;
    }
    block
}
