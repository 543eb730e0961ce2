//! The order of blocks: reverse postorder with loops in one piece, and loops that test at their top
//! turned round so that they test at their bottom.

use indexmap::IndexMap;
use perilune_ir::{Block, Cfg, Dominators, Function, Loops, Op};

#[derive(Clone, Copy, Debug)]
enum Item {
    Block(Block),
    Loop(Block),
}

/// Orders the reachable blocks and drops the others.
pub(crate) fn order_blocks(func: &mut Function) {
    let cfg = Cfg::new(func);
    let dominators = Dominators::new(func, &cfg);
    let loops = Loops::new(func, &cfg, &dominators);
    // The blocks and inner loops of each loop, and of the function, in reverse postorder.
    let mut lists: IndexMap<Option<Block>, Vec<Item>> = IndexMap::new();
    let mut parents: IndexMap<Block, Option<Block>> = IndexMap::new();
    for &block in cfg.rpo() {
        let header = loops.header(block);
        if header == Some(block) {
            let parent = parent(block, &cfg, &loops, &parents);
            parents.insert(block, parent);
            lists.entry(parent).or_default().push(Item::Loop(block));
        }
        lists.entry(header).or_default().push(Item::Block(block));
    }
    for (header, list) in &mut lists {
        if let Some(header) = *header
            && list.len() > 1
            && tests_at_top(func, &cfg, &loops, header)
        {
            list.rotate_left(1);
        }
    }
    let mut layout = Vec::with_capacity(cfg.rpo().len());
    let mut work = vec![(None, 0)];
    while let Some((header, at)) = work.pop() {
        match lists.get(&header).and_then(|list| list.get(at)) {
            Some(&item) => {
                work.push((header, at + 1));
                match item {
                    Item::Block(block) => layout.push(block),
                    Item::Loop(inner) => work.push((Some(inner), 0)),
                }
            }
            None => continue,
        }
    }
    func.retain_blocks(|block| cfg.is_reachable(block));
    func.set_layout(layout);
}

/// The loop around a loop: that of a block which enters it, or one around that.
fn parent(header: Block, cfg: &Cfg, loops: &Loops, parents: &IndexMap<Block, Option<Block>>) -> Option<Block> {
    let depth = loops.depth(header);
    let position = cfg.rpo_position(header);
    let (entering, _) = cfg
        .preds(header)
        .iter()
        .copied()
        .find(|&(pred, _)| cfg.rpo_position(pred) < position)?;
    let mut around = loops.header(entering);
    while let Some(outer) = around.filter(|&outer| loops.depth(outer) >= depth) {
        around = parents.get(&outer).copied().flatten();
    }
    around
}

/// Whether the first block of a loop may leave it while its last one jumps back without a test.
fn tests_at_top(func: &Function, cfg: &Cfg, loops: &Loops, header: Block) -> bool {
    let Some(terminator) = func.terminator(header) else {
        return false;
    };
    if !matches!(func.op(terminator), Op::Branch | Op::BranchNil) {
        return false;
    }
    let leaves = |to: Block| loops.depth(to) < loops.depth(header);
    let exits = func.successors(header).any(leaves);
    let position = cfg.rpo_position(header);
    let jumps_back = cfg.preds(header).iter().any(|&(pred, edge)| {
        cfg.rpo_position(pred) >= position && pred != header && matches!(func.op(edge.inst), Op::Jump)
    });
    exits && jumps_back
}
