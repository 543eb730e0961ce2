//! The dominator tree.
//!
//! The algorithm is the simple one of Lengauer and Tarjan, "A Fast Algorithm for Finding Dominators in
//! a Flowgraph" (1979), O(e log n). The iteration of Cooper, Harvey and Kennedy (2001) is shorter, but
//! takes quadratic time on the ladder that `a and b and c and ...` becomes: each of the n edges to the
//! common end walks the whole ladder.

use crate::{Block, Cfg, EdgeRef, Function};

const NONE: u32 = u32::MAX;

/// Which blocks every path from the entry to a block passes through.
#[derive(Clone, Debug)]
pub struct Dominators {
    /// The immediate dominator by block number; none for the entry and unreachable blocks.
    idoms: Vec<Option<Block>>,
    /// When the walk over the tree enters and leaves each block; `(NONE, 0)` if unreachable.
    spans: Vec<(u32, u32)>,
    /// Tree order: each block after its immediate dominator.
    preorder: Vec<Block>,
}

impl Dominators {
    /// Computes the tree.
    pub fn new(func: &Function, cfg: &Cfg) -> Dominators {
        let idoms = immediate_dominators(func, cfg);
        let (spans, preorder) = tree_walk(func, cfg, &idoms);
        Dominators { idoms, spans, preorder }
    }

    /// The immediate dominator; none for the entry and unreachable blocks.
    pub fn idom(&self, block: Block) -> Option<Block> {
        self.idoms[block.index()]
    }

    /// Whether every path from the entry to `b` passes through `a`. A block dominates itself.
    /// False if one is unreachable.
    pub fn dominates(&self, a: Block, b: Block) -> bool {
        let ((enter, leave), (at, _)) = (self.spans[a.index()], self.spans[b.index()]);
        at != NONE && enter != NONE && enter <= at && at < leave
    }

    /// Whether every path to `block` takes this edge: its target dominates `block`, and nothing enters
    /// the target another way but from where the target was passed already.
    pub fn edge_dominates(&self, func: &Function, cfg: &Cfg, edge: EdgeRef, block: Block) -> bool {
        let target = func.edge_target(edge);
        self.dominates(target, block)
            && cfg
                .preds(target)
                .iter()
                .all(|&(pred, other)| other == edge || !cfg.is_reachable(pred) || self.dominates(target, pred))
    }

    /// The reachable blocks, each after its immediate dominator.
    pub fn preorder(&self) -> &[Block] {
        &self.preorder
    }
}

/// Semidominators by depth-first numbers, with a path-compressed forest.
fn immediate_dominators(func: &Function, cfg: &Cfg) -> Vec<Option<Block>> {
    let bound = func.block_bound();
    let mut idoms = vec![None; bound];
    if func.blocks().len() == 0 {
        return idoms;
    }
    // Depth-first preorder.
    let mut order: Vec<Block> = Vec::new();
    let mut parent: Vec<u32> = Vec::new();
    let mut number = vec![NONE; bound];
    let mut stack = vec![(func.entry(), NONE)];
    while let Some((block, from)) = stack.pop() {
        if number[block.index()] != NONE {
            continue;
        }
        let at = order.len() as u32;
        number[block.index()] = at;
        order.push(block);
        parent.push(from);
        stack.extend(func.successors(block).map(|to| (to, at)));
    }
    let count = order.len();
    let mut semi: Vec<u32> = (0..count as u32).collect();
    let mut idom = vec![NONE; count];
    let mut forest = Forest {
        ancestor: vec![NONE; count],
        label: semi.clone(),
        path: Vec::new(),
    };
    let mut buckets: Vec<Vec<u32>> = vec![Vec::new(); count];
    for at in (1..count as u32).rev() {
        for &(pred, _) in cfg.preds(order[at as usize]) {
            let pred = number[pred.index()];
            if pred != NONE {
                let best = forest.eval(pred, &semi);
                semi[at as usize] = semi[at as usize].min(semi[best as usize]);
            }
        }
        buckets[semi[at as usize] as usize].push(at);
        let up = parent[at as usize];
        forest.ancestor[at as usize] = up;
        for inner in std::mem::take(&mut buckets[up as usize]) {
            let best = forest.eval(inner, &semi);
            idom[inner as usize] = if semi[best as usize] < semi[inner as usize] {
                best
            } else {
                up
            };
        }
    }
    for at in 1..count {
        if idom[at] != semi[at] {
            idom[at] = idom[idom[at] as usize];
        }
        idoms[order[at].index()] = Some(order[idom[at] as usize]);
    }
    idoms
}

struct Forest {
    ancestor: Vec<u32>,
    label: Vec<u32>,
    path: Vec<u32>,
}

impl Forest {
    /// The vertex with the least semidominator on the path above `vertex`, below the root of its tree.
    fn eval(&mut self, vertex: u32, semi: &[u32]) -> u32 {
        let mut at = vertex;
        if self.ancestor[at as usize] == NONE {
            return vertex;
        }
        while self.ancestor[self.ancestor[at as usize] as usize] != NONE {
            self.path.push(at);
            at = self.ancestor[at as usize];
        }
        while let Some(lower) = self.path.pop() {
            let upper = self.ancestor[lower as usize] as usize;
            if semi[self.label[upper] as usize] < semi[self.label[lower as usize] as usize] {
                self.label[lower as usize] = self.label[upper];
            }
            self.ancestor[lower as usize] = self.ancestor[upper];
        }
        self.label[vertex as usize]
    }
}

fn tree_walk(func: &Function, cfg: &Cfg, idoms: &[Option<Block>]) -> (Vec<(u32, u32)>, Vec<Block>) {
    let bound = func.block_bound();
    // Children as linked lists, in reverse postorder.
    let mut first_child = vec![NONE; bound];
    let mut next_sibling = vec![NONE; bound];
    for &block in cfg.rpo().iter().rev() {
        if let Some(idom) = idoms[block.index()] {
            next_sibling[block.index()] = first_child[idom.index()];
            first_child[idom.index()] = block.as_u32();
        }
    }
    let mut spans = vec![(NONE, 0); bound];
    let mut preorder = Vec::with_capacity(cfg.rpo().len());
    let Some(&entry) = cfg.rpo().first() else {
        return (spans, preorder);
    };
    let mut stack = vec![entry];
    spans[entry.index()].0 = 0;
    preorder.push(entry);
    while let Some(&block) = stack.last() {
        let child = first_child[block.index()];
        if child == NONE {
            spans[block.index()].1 = preorder.len() as u32;
            stack.pop();
            continue;
        }
        first_child[block.index()] = next_sibling[child as usize];
        let child = Block::from_u32(child);
        spans[child.index()].0 = preorder.len() as u32;
        preorder.push(child);
        stack.push(child);
    }
    (spans, preorder)
}
