//! Splitting critical edges, so that moves of an edge have a place of their own.

use crate::{Cfg, EdgeRef, Function, Op};

/// Puts an empty block on each edge from a block with several successors to one with several
/// predecessors. The new block follows the one that the edge leaves.
pub fn split_critical_edges(func: &mut Function) {
    let cfg = Cfg::new(func);
    let mut layout = Vec::with_capacity(func.blocks().len());
    for block in func.blocks().collect::<Vec<_>>() {
        layout.push(block);
        let Some(inst) = func.terminator(block).filter(|&inst| func.op(inst).successors() > 1) else {
            continue;
        };
        for succ in 0..func.op(inst).successors() as u32 {
            let edge = EdgeRef { inst, succ };
            let target = func.edge_target(edge);
            if cfg.preds(target).len() < 2 {
                continue;
            }
            let args = func.edge_args(edge).to_vec();
            let middle = func.create_block();
            let jump = func.make_inst(Op::Jump, &[], 0, &[(target, &args)], func.loc(inst));
            func.append_inst(middle, jump);
            func.set_edge(edge, middle, &[]);
            layout.push(middle);
        }
    }
    func.set_layout(layout);
}
