//! Tidying control flow: unreachable blocks go, jumps to jumps are threaded, straight lines merged.

use crate::{Aliases, Block, Cfg, EdgeRef, Function, Inst, Op, Uses, Value};

/// Removes unreachable blocks, redirects edges past blocks that only jump on, turns branches to one
/// place into jumps, and merges blocks with their only successor whose only predecessor they are.
pub fn simplify_cfg(func: &mut Function) {
    // Threading uncovers equal branches and straight lines, merging uncovers blocks that only jump on;
    // what a second round leaves is rare.
    for _ in 0..2 {
        remove_unreachable(func);
        let threaded = thread_jumps(func);
        let joined = join_equal_edges(func);
        if threaded || joined {
            remove_unreachable(func);
        }
        if !(merge_lines(func) || threaded || joined) {
            break;
        }
    }
}

fn remove_unreachable(func: &mut Function) {
    let cfg = Cfg::new(func);
    if cfg.rpo().len() < func.blocks().len() {
        func.retain_blocks(|block| cfg.is_reachable(block));
    }
}

/// A block that does nothing but jump on, and whose parameters serve only that jump.
fn forwards(func: &Function, uses: &Uses, block: Block) -> Option<Inst> {
    let &[jump] = func.insts(block) else {
        return None;
    };
    let edge = EdgeRef { inst: jump, succ: 0 };
    let simple = matches!(func.op(jump), Op::Jump)
        && func.edge_target(edge) != block
        && block != func.entry()
        && func
            .params(block)
            .iter()
            .all(|&param| uses.of(param).iter().all(|&user| user == jump));
    simple.then_some(jump)
}

fn thread_jumps(func: &mut Function) -> bool {
    let uses = Uses::new(func);
    let cfg = Cfg::new(func);
    let mut changed = false;
    // Successors first, so that what an edge finds is threaded already.
    for &block in cfg.rpo().iter().rev() {
        let inst = func.terminator(block).expect("a well-formed block");
        for succ in 0..func.op(inst).successors() as u32 {
            let edge = EdgeRef { inst, succ };
            let through = func.edge_target(edge);
            let Some(jump) = forwards(func, &uses, through).filter(|&jump| jump != inst) else {
                continue;
            };
            let next = EdgeRef { inst: jump, succ: 0 };
            let args: Vec<Value> = func
                .edge_args(next)
                .iter()
                .map(|arg| match func.params(through).iter().position(|param| param == arg) {
                    Some(position) => func.edge_args(edge)[position],
                    None => *arg,
                })
                .collect();
            func.set_edge(edge, func.edge_target(next), &args);
            changed = true;
        }
    }
    changed
}

fn join_equal_edges(func: &mut Function) -> bool {
    let mut changed = false;
    for block in func.blocks().collect::<Vec<_>>() {
        let Some(inst) = func.terminator(block) else {
            continue;
        };
        if !matches!(func.op(inst), Op::Branch | Op::BranchNil) {
            continue;
        }
        let equal = {
            let mut edges = func.edges(inst);
            edges.next() == edges.next()
        };
        if equal {
            func.replace_op(inst, Op::Jump, &[]);
            changed = true;
        }
    }
    changed
}

fn merge_lines(func: &mut Function) -> bool {
    let cfg = Cfg::new(func);
    let mut aliases = Aliases::new();
    let mut merged = vec![false; func.block_bound()];
    for &block in cfg.rpo() {
        if merged[block.index()] {
            continue;
        }
        let mut insts = None;
        loop {
            let list: &[Inst] = insts.as_deref().unwrap_or_else(|| func.insts(block));
            let &last = list.last().expect("a well-formed block");
            if !matches!(func.op(last), Op::Jump) {
                break;
            }
            let edge = EdgeRef { inst: last, succ: 0 };
            let next = func.edge_target(edge);
            if next == block || next == func.entry() || cfg.preds(next).len() != 1 {
                break;
            }
            for at in 0..func.params(next).len() {
                aliases.insert(func.params(next)[at], func.edge_args(edge)[at]);
            }
            let mut longer = insts.take().unwrap_or_else(|| func.insts(block).to_vec());
            longer.pop();
            longer.extend_from_slice(func.insts(next));
            func.set_insts(next, Vec::new());
            merged[next.index()] = true;
            insts = Some(longer);
        }
        if let Some(insts) = insts {
            func.set_insts(block, insts);
        }
    }
    if !merged.contains(&true) {
        return false;
    }
    func.retain_blocks(|block| !merged[block.index()]);
    func.replace_uses(&mut aliases);
    true
}
