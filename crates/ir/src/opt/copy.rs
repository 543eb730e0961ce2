//! Copy propagation: copies and parameters that can only be one value become that value.

use crate::{Aliases, Cfg, Function, Op, Value, ValueDef};

/// Removes `copy` instructions, and block parameters all of whose arguments are one value or the
/// parameter itself.
pub fn copy_propagation(func: &mut Function) {
    let mut aliases = Aliases::new();
    for block in func.blocks() {
        for &inst in func.insts(block) {
            // Unreachable copies may go in a circle.
            if matches!(func.op(inst), Op::Copy) && aliases.resolve(func.args(inst)[0]) != func.result(inst) {
                aliases.insert(func.result(inst), func.args(inst)[0]);
            }
        }
    }
    trivial_params(func, &mut aliases);
    if aliases.is_empty() {
        return;
    }
    func.replace_uses(&mut aliases);
    func.remove_params(|_, param| aliases.contains(param));
    for block in func.blocks().collect::<Vec<_>>() {
        func.retain_insts(block, |func, inst| {
            !func.results(inst).iter().any(|&result| aliases.contains(result))
        });
    }
}

fn trivial_params(func: &Function, aliases: &mut Aliases) {
    let cfg = Cfg::new(func);
    // For each parameter, those that have it (or what it stands for) as an argument.
    let mut users: Vec<Vec<Value>> = vec![Vec::new(); func.value_bound()];
    let mut work = Vec::new();
    for &block in cfg.rpo().iter().rev() {
        for (position, &param) in func.params(block).iter().enumerate() {
            if block == func.entry() {
                continue;
            }
            work.push(param);
            for &(_, edge) in cfg.preds(block) {
                let arg = aliases.resolve(func.edge_args(edge)[position]);
                if arg != param {
                    users[arg.index()].push(param);
                }
            }
        }
    }
    while let Some(param) = work.pop() {
        if aliases.contains(param) {
            continue;
        }
        let ValueDef::Param(block, position) = func.value_def(param) else {
            continue;
        };
        let Some(same) = only_argument(func, &cfg, aliases, param, block, position as usize) else {
            continue;
        };
        aliases.insert(param, same);
        let mut moved = std::mem::take(&mut users[param.index()]);
        work.extend(moved.iter().copied());
        let known = &mut users[same.index()];
        if known.len() < moved.len() {
            std::mem::swap(known, &mut moved);
        }
        known.append(&mut moved);
    }
}

fn only_argument(
    func: &Function,
    cfg: &Cfg,
    aliases: &mut Aliases,
    param: Value,
    block: crate::Block,
    position: usize,
) -> Option<Value> {
    let mut same = None;
    for &(pred, edge) in cfg.preds(block) {
        if !cfg.is_reachable(pred) {
            continue;
        }
        let arg = aliases.resolve(func.edge_args(edge)[position]);
        if arg == param || same == Some(arg) {
            continue;
        }
        if same.is_some() {
            return None;
        }
        same = Some(arg);
    }
    same
}
