//! Sparse conditional constants.
//!
//! After Wegman and Zadeck, "Constant Propagation with Conditional Branches" (1991), with block
//! parameters in place of phis: assume everything constant and no edge taken, and give way only to
//! what is shown on edges that can be taken.

use super::fold::{Constant, eval, take_edge};
use crate::{Aliases, Block, EdgeRef, Function, Inst, Loc, Op, Places, Uses, Value};

/// What is known of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fact {
    /// No path defined it so far.
    Unknown,
    /// It is this constant on all paths so far.
    Is(Constant),
    /// It varies.
    Varies,
}

/// Replaces values that are always the same constant, and branches that always go one way by jumps.
///
/// Folding follows [`fold`](super::fold); named locals are no exception.
pub fn sparse_conditional_constants(func: &mut Function) {
    let solution = Solver::solve(func);
    rewrite(func, &solution.facts, &solution.visited);
}

struct Solver<'f> {
    func: &'f Function,
    uses: Uses,
    places: Places,
    facts: Vec<Fact>,
    visited: Vec<bool>,
    /// For each terminator, which of its edges can be taken.
    taken: Vec<[bool; 2]>,
    edges: Vec<EdgeRef>,
    changed: Vec<Value>,
}

impl<'f> Solver<'f> {
    fn solve(func: &'f Function) -> Solver<'f> {
        let mut solver = Solver {
            func,
            uses: Uses::new(func),
            places: Places::new(func),
            facts: vec![Fact::Unknown; func.value_bound()],
            visited: vec![false; func.block_bound()],
            taken: vec![[false; 2]; func.inst_bound()],
            edges: Vec::new(),
            changed: Vec::new(),
        };
        let entry = func.entry();
        for &param in func.params(entry) {
            solver.facts[param.index()] = Fact::Varies;
        }
        solver.visit_block(entry);
        loop {
            if let Some(value) = solver.changed.pop() {
                for at in 0..solver.uses.of(value).len() {
                    let user = solver.uses.of(value)[at];
                    if solver
                        .places
                        .get(user)
                        .is_some_and(|(block, _)| solver.visited[block.index()])
                    {
                        solver.visit_inst(user);
                    }
                }
            } else if let Some(edge) = solver.edges.pop() {
                solver.pass_args(edge);
                let to = func.edge_target(edge);
                if !solver.visited[to.index()] {
                    solver.visit_block(to);
                }
            } else {
                return solver;
            }
        }
    }

    fn visit_block(&mut self, block: Block) {
        self.visited[block.index()] = true;
        let func = self.func;
        for &inst in func.insts(block) {
            self.visit_inst(inst);
        }
    }

    fn visit_inst(&mut self, inst: Inst) {
        let func = self.func;
        match func.op(inst) {
            op @ (Op::Jump | Op::Branch | Op::BranchNil | Op::ForPrep | Op::ForLoop) => {
                for &result in func.results(inst) {
                    self.learn(result, Fact::Varies);
                }
                self.visit_edges(inst, op);
            }
            op => {
                let fact = self.evaluate(op, func.args(inst));
                for &result in func.results(inst) {
                    self.learn(result, fact);
                }
            }
        }
    }

    fn evaluate(&self, op: Op, args: &[Value]) -> Fact {
        if !matches!(op, Op::Unary(_) | Op::Binary(_) | Op::Compare(_) | Op::Copy) {
            return Constant::of(op).map_or(Fact::Varies, Fact::Is);
        }
        let mut constants = [Constant::Nil; 2];
        let mut unknown = false;
        for (constant, arg) in constants.iter_mut().zip(args) {
            match self.facts[arg.index()] {
                Fact::Unknown => unknown = true,
                Fact::Is(known) => *constant = known,
                Fact::Varies => return Fact::Varies,
            }
        }
        if unknown {
            return Fact::Unknown;
        }
        eval(op, &constants[..args.len()]).map_or(Fact::Varies, Fact::Is)
    }

    fn visit_edges(&mut self, inst: Inst, op: Op) {
        let func = self.func;
        let (first, second) = match (op, func.args(inst)) {
            (Op::Branch | Op::BranchNil, &[cond]) => match self.facts[cond.index()] {
                Fact::Unknown => (false, false),
                Fact::Varies => (true, true),
                Fact::Is(constant) => {
                    let first = branch_is_taken(op, constant);
                    (first, !first)
                }
            },
            _ => (true, op.successors() > 1),
        };
        for (succ, takes) in [(0, first), (1, second)] {
            let edge = EdgeRef { inst, succ };
            if self.taken[inst.index()][succ as usize] {
                self.pass_args(edge);
            } else if takes {
                self.taken[inst.index()][succ as usize] = true;
                self.edges.push(edge);
            }
        }
    }

    fn pass_args(&mut self, edge: EdgeRef) {
        let func = self.func;
        for (&param, &arg) in func.params(func.edge_target(edge)).iter().zip(func.edge_args(edge)) {
            self.learn(param, self.facts[arg.index()]);
        }
    }

    fn learn(&mut self, value: Value, fact: Fact) {
        let known = self.facts[value.index()];
        let joined = match (known, fact) {
            (Fact::Unknown, fact) => fact,
            (known, Fact::Unknown) => known,
            (Fact::Is(a), Fact::Is(b)) if a == b => known,
            _ => Fact::Varies,
        };
        if joined != known {
            self.facts[value.index()] = joined;
            self.changed.push(value);
        }
    }
}

/// Whether a branch on a constant takes its first edge.
fn branch_is_taken(op: Op, constant: Constant) -> bool {
    match op {
        Op::BranchNil => constant == Constant::Nil,
        _ => constant.is_truthy(),
    }
}

fn rewrite(func: &mut Function, facts: &[Fact], visited: &[bool]) {
    let mut aliases = Aliases::new();
    let entry = func.entry();
    for block in func.blocks().collect::<Vec<_>>() {
        if !visited[block.index()] {
            continue;
        }
        for at in 0..func.insts(block).len() {
            let inst = func.insts(block)[at];
            match func.op(inst) {
                op @ (Op::Branch | Op::BranchNil) => {
                    if let Fact::Is(constant) = facts[func.args(inst)[0].index()] {
                        take_edge(func, inst, if branch_is_taken(op, constant) { 0 } else { 1 });
                    }
                }
                Op::Unary(_) | Op::Binary(_) | Op::Compare(_) | Op::Copy => {
                    if let Fact::Is(constant) = facts[func.result(inst).index()] {
                        func.replace_op(inst, constant.op(), &[]);
                    }
                }
                _ => {}
            }
        }
        if block != entry {
            constant_params(func, facts, block, &mut aliases);
        }
    }
    func.replace_uses(&mut aliases);
    func.remove_params(|_, param| aliases.contains(param));
}

/// Makes the constants that parameters of the block always are at its start.
fn constant_params(func: &mut Function, facts: &[Fact], block: Block, aliases: &mut Aliases) {
    let mut insts = Vec::new();
    let loc = func
        .insts(block)
        .first()
        .map_or(Loc::default(), |&first| func.loc(first));
    for at in 0..func.params(block).len() {
        let param = func.params(block)[at];
        if let Fact::Is(constant) = facts[param.index()] {
            let inst = func.make_inst(constant.op(), &[], 1, &[], loc);
            aliases.insert(param, func.result(inst));
            insts.push(inst);
        }
    }
    if !insts.is_empty() {
        insts.extend_from_slice(func.insts(block));
        func.set_insts(block, insts);
    }
}
