//! Hoisting: what needs nothing and always gives the same is computed once, before the loops that use it.
//!
//! That is constants, which the compiler keeps in registers where instructions cannot take them as they are, and upvalues that
//! never change. Of the latter, a read that another one dominates goes too. A read that is only copied (an argument, say)
//! stays where it is: it costs no more than the copy.

use super::Constant;
use crate::{Aliases, Block, Cfg, Dominators, Function, Inst, Loops, Op, Uses, Value};
use indexmap::IndexMap;

/// How many upvalues of a function get registers that way: beyond, these would be missing elsewhere.
const MOST_UPVALUES: usize = 32;

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Leaf {
    Constant(Constant),
    Upvalue(crate::Upvalue),
}

/// Moves constants and reads of fixed upvalues out of loops, and joins such reads.
pub fn hoist(func: &mut Function) {
    let is_leaf = |&inst: &Inst| func.op(inst).is_const() || func.is_fixed_read(inst);
    if !func.blocks().any(|block| func.insts(block).iter().any(is_leaf)) {
        return;
    }
    let cfg = Cfg::new(func);
    let dominators = Dominators::new(func, &cfg);
    let loops = Loops::new(func, &cfg, &dominators);
    let uses = Uses::new(func);
    let mut preheaders = Preheaders {
        known: vec![None; func.block_bound()],
        loops: &loops,
        dominators: &dominators,
    };
    // The last value of each leaf and where it is from: in the order of the walk, one that does not dominate the present block
    // dominates none that follows.
    let mut values: IndexMap<Leaf, (Block, Value)> = IndexMap::new();
    let mut aliases = Aliases::new();
    let mut gone = vec![false; func.inst_bound()];
    let mut moved: IndexMap<Block, Vec<Inst>> = IndexMap::new();
    let mut upvalues = 0;
    for &block in dominators.preorder() {
        for &inst in func.insts(block) {
            let Some(leaf) = leaf(func, &uses, inst) else {
                continue;
            };
            let value = func.result(inst);
            if let Some(&(from, earlier)) = values.get(&leaf)
                && dominators.dominates(from, block)
            {
                aliases.insert(value, earlier);
                gone[inst.index()] = true;
                continue;
            }
            let to = preheaders.of(block);
            match leaf {
                Leaf::Constant(_) if to.is_none() => continue,
                Leaf::Constant(_) => {}
                Leaf::Upvalue(_) if upvalues == MOST_UPVALUES => continue,
                Leaf::Upvalue(_) => upvalues += 1,
            }
            if let Some(to) = to {
                moved.entry(to).or_default().push(inst);
                gone[inst.index()] = true;
            }
            values.insert(leaf, (to.unwrap_or(block), value));
        }
    }
    for block in func.blocks().collect::<Vec<_>>() {
        let mut insts = func.insts(block).to_vec();
        insts.retain(|inst| !gone[inst.index()]);
        if let Some(moved) = moved.get(&block) {
            let at = insts
                .iter()
                .rposition(|&inst| !ends_with(func.op(inst)))
                .map_or(0, |at| at + 1);
            if let Some(&next) = insts.get(at) {
                let loc = func.loc(next);
                moved.iter().for_each(|&inst| func.set_loc(inst, loc));
            }
            insts.splice(at..at, moved.iter().copied());
        }
        func.set_insts(block, insts);
    }
    func.replace_uses(&mut aliases);
}

fn leaf(func: &Function, uses: &Uses, inst: Inst) -> Option<Leaf> {
    match func.op(inst) {
        Op::GetUpvalue(upvalue) if func.is_fixed_read(inst) => {
            let value = func.result(inst);
            let mut users = uses.of(value).iter();
            users
                .any(|&user| reads_in_place(func, user, value))
                .then_some(Leaf::Upvalue(upvalue))
        }
        op => Constant::of(op).map(Leaf::Constant),
    }
}

/// Whether an instruction reads a value where it is, instead of wanting a copy of it in a place of its own.
fn reads_in_place(func: &Function, inst: Inst, value: Value) -> bool {
    func.args(inst).contains(&value)
        && matches!(
            func.op(inst),
            Op::Unary(_)
                | Op::Binary(_)
                | Op::Compare(_)
                | Op::GetIndex
                | Op::SetIndex
                | Op::SelfField(_)
                | Op::SetUpvalue(_)
                | Op::SetCell
                | Op::SetGlobal { .. }
                | Op::Branch
                | Op::BranchNil
        )
}

/// Whether an operation belongs to the end of its block: between a comparison and its branch, nothing should stand.
fn ends_with(op: Op) -> bool {
    op.is_terminator() || op.is_const() || op.is_debug() || matches!(op, Op::Compare(_) | Op::Unary(crate::UnOp::Not))
}

/// The blocks before loops.
struct Preheaders<'a> {
    /// By the number of a loop's header.
    known: Vec<Option<Option<Block>>>,
    loops: &'a Loops,
    dominators: &'a Dominators,
}

impl Preheaders<'_> {
    /// The last block before the outermost loop around a block that has one, on the way to all of the loop.
    fn of(&mut self, block: Block) -> Option<Block> {
        let mut found = None;
        let mut block = block;
        while let Some(header) = self.loops.header(block) {
            let before = match self.known[header.index()] {
                Some(before) => before,
                None => {
                    let before = self.before(header);
                    self.known[header.index()] = Some(before);
                    before
                }
            };
            let Some(before) = before else { break };
            found = Some(before);
            block = before;
        }
        found
    }

    fn before(&self, header: Block) -> Option<Block> {
        let depth = self.loops.depth(header);
        let mut block = self.dominators.idom(header)?;
        while self.loops.depth(block) >= depth {
            block = self.dominators.idom(block)?;
        }
        Some(block)
    }
}
