//! Dead code: instructions and parameters whose results nobody needs.

use super::Types;
use crate::{Cfg, Function, Inst, Op, Value, ValueDef};

/// Removes instructions that do nothing but compute unused results, parameters that only feed such
/// instructions or themselves, and unused trailing results of calls.
///
/// Debug instructions keep nothing alive; they lose operands that go.
pub fn eliminate_dead_code(func: &mut Function) {
    let types = Types::new(func);
    let cfg = Cfg::new(func);
    let live = Liveness::new(func, &cfg, &types);
    let entry = func.entry();
    // First the debug operands, then the values themselves.
    let blocks: Vec<_> = func.blocks().collect();
    for &block in &blocks {
        for at in 0..func.insts(block).len() {
            let inst = func.insts(block)[at];
            if let Op::LocalStart(local) = func.op(inst)
                && func
                    .args(inst)
                    .first()
                    .is_some_and(|&arg| !live.value(arg) && !is_entry_param(func, arg))
            {
                func.replace_op(inst, Op::LocalStart(local), &[]);
            }
        }
    }
    func.remove_params(|func, param| !live.value(param) && func.value_def(param).block() != Some(entry));
    for &block in &blocks {
        func.retain_insts(block, |func, inst| live.inst(inst) || func.op(inst).is_debug());
        for at in 0..func.insts(block).len() {
            let inst = func.insts(block)[at];
            let least = match func.op(inst) {
                Op::Call | Op::Vararg | Op::VarargFrom => 0,
                // The first result decides whether the loop goes on.
                Op::ForCall => 1,
                _ => continue,
            };
            let used = func
                .results(inst)
                .iter()
                .rposition(|&result| live.value(result))
                .map_or(0, |last| last + 1);
            func.truncate_results(inst, used.max(least));
        }
    }
}

fn is_entry_param(func: &Function, value: Value) -> bool {
    func.value_def(value).block() == Some(func.entry())
}

/// Whether an instruction makes a whole object: a loop that makes dead ones must still come to a collection, since scripts
/// wait in such loops for their finalizers.
fn drives_collection(op: Op) -> bool {
    matches!(op, Op::NewTable { .. } | Op::Closure { .. })
}

/// Which values and instructions matter, found backwards from those with effects.
struct Liveness {
    values: Vec<bool>,
    insts: Vec<bool>,
}

impl Liveness {
    fn new(func: &Function, cfg: &Cfg, types: &Types) -> Liveness {
        let mut live = Liveness {
            values: vec![false; func.value_bound()],
            insts: vec![false; func.inst_bound()],
        };
        let mut work = Vec::new();
        for block in func.blocks() {
            for &inst in func.insts(block) {
                let op = func.op(inst);
                let stays = !types.effects(func, inst).removable() || drives_collection(op);
                if op.is_terminator() || !op.is_debug() && stays {
                    live.need_inst(func, inst, &mut work);
                }
            }
        }
        while let Some(value) = work.pop() {
            match func.value_def(value) {
                ValueDef::Result(inst, _) => live.need_inst(func, inst, &mut work),
                ValueDef::Param(block, position) => {
                    for &(_, edge) in cfg.preds(block) {
                        live.need_value(func.edge_args(edge)[position as usize], &mut work);
                    }
                }
                ValueDef::Detached => {}
            }
        }
        live
    }

    fn need_inst(&mut self, func: &Function, inst: Inst, work: &mut Vec<Value>) {
        if !std::mem::replace(&mut self.insts[inst.index()], true) {
            for &arg in func.args(inst) {
                self.need_value(arg, work);
            }
        }
    }

    fn need_value(&mut self, value: Value, work: &mut Vec<Value>) {
        if !std::mem::replace(&mut self.values[value.index()], true) {
            work.push(value);
        }
    }

    fn value(&self, value: Value) -> bool {
        self.values[value.index()]
    }

    fn inst(&self, inst: Inst) -> bool {
        self.insts[inst.index()]
    }
}
