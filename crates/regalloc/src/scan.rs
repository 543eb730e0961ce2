//! Colouring in dominance order, without a graph.
//!
//! The interference graph of an SSA program is chordal, and visiting definitions in dominance
//! order is a perfect elimination order backwards, so giving each value the lowest colour that is
//! free at its definition needs no more colours than values are ever live at once (Hack, Grund
//! and Goos, "Register Allocation for Programs in SSA-Form", 2006). It is linear in the size of
//! the program and its liveness. It colours spill slots always, and registers of functions that
//! are too large for the graph.

use crate::graph::Graph;
use crate::live::{Liveness, SparseSet, each_arg};
use crate::order::{NONE, Order};
use crate::spill::{Class, Spills};
use crate::{Block, Constraint, Function, Inst, Kind, Pos, VReg};

/// Colours by node, and scratch.
#[derive(Default)]
pub(crate) struct Scan {
    /// The colour of each node of the scanned class, or [`NONE`].
    pub colors: Vec<u32>,
    /// One past the highest colour.
    pub num_colors: u32,
    /// Values that were spilled since no colour was left.
    pub spilled: u32,
    /// By operand number: nobody needs the value after this operand.
    ends: Vec<bool>,
    /// Parameters and defs that nobody uses.
    unused: Vec<bool>,
    /// The group member or parameter that a value ends in.
    goal: Vec<Goal>,
    /// The colour that the arguments of a parameter got.
    wish: Vec<u32>,
    bases: Vec<u32>,
    occupied: Vec<u64>,
    /// The registers that are the given homes of values: nobody else gets them.
    given: Vec<u64>,
    owner: Vec<u32>,
    live: SparseSet,
    release: Vec<u32>,
    release_late: Vec<u32>,
}

#[derive(Clone, Copy)]
enum Goal {
    None,
    Param(u32),
    Group(u32, u16),
}

/// What the scan reads.
pub(crate) struct Program<'a, F> {
    pub func: &'a F,
    pub order: &'a Order,
    pub live: &'a Liveness,
    pub graph: &'a Graph,
}

impl Scan {
    /// Colours the values of `class`. With a `limit`, values that find no colour are spilled,
    /// which makes the colouring invalid: it has to be done again.
    pub fn run<F: Function>(&mut self, program: &Program<'_, F>, spills: &mut Spills, class: Class, limit: u32) {
        let func = program.func;
        let nodes = func.num_vregs() as usize + spills.temps.len();
        self.colors.clear();
        self.colors.resize(nodes, NONE);
        self.wish.clear();
        self.wish.resize(nodes, NONE);
        self.bases.clear();
        self.bases
            .resize(program.order.base_starts[func.num_insts() as usize] as usize, NONE);
        self.num_colors = 0;
        self.spilled = 0;
        self.given.clear();
        if class == Class::Reg && !program.order.homes.is_empty() {
            self.given.resize((limit as usize).div_ceil(64), 0);
            for &(_, home) in &program.order.homes {
                self.given[home.index() / 64] |= 1 << (home.0 % 64);
            }
        }
        self.find_ends(program);
        self.first_wishes(program, class, limit);
        for &block in &program.order.blocks {
            self.block(program, spills, class, limit, block);
        }
    }

    /// Finds the last uses, and where values go with them.
    fn find_ends<F: Function>(&mut self, program: &Program<'_, F>) {
        let Program { func, order, live, .. } = *program;
        self.ends.clear();
        self.ends
            .resize(order.alloc_starts[func.num_insts() as usize] as usize, false);
        self.unused.clear();
        self.unused.resize(func.num_vregs() as usize, false);
        self.goal.clear();
        self.goal.resize(func.num_vregs() as usize, Goal::None);
        self.live.reset(func.num_vregs() as usize);
        for &block in &order.blocks {
            self.live.clear();
            let range = func.block_insts(block);
            live.live_out(block).for_each(|vreg| self.live.insert(vreg.0));
            each_arg(func, block, range.last(), |vreg| self.live.insert(vreg.0));
            for (at, &succ) in func.succs(block).iter().enumerate() {
                let args = func.branch_args(range.last(), at);
                for (&param, &arg) in func.block_params(succ).iter().zip(args) {
                    self.goal[arg.index()] = Goal::Param(param.0);
                }
            }
            for inst in range.iter().rev() {
                self.inst_ends(func, order, inst);
            }
            for param in func.block_params(block) {
                self.unused[param.index()] = !self.live.contains(param.0);
            }
        }
    }

    fn inst_ends<F: Function>(&mut self, func: &F, order: &Order, inst: Inst) {
        let first = order.alloc_starts[inst.index()] as usize;
        let operands = func.operands(inst);
        for op in operands.iter().filter(|op| op.kind == Kind::Def) {
            self.unused[op.vreg.index()] = !self.live.contains(op.vreg.0);
            self.live.remove(op.vreg.0);
        }
        for (at, op) in operands.iter().enumerate().filter(|(_, op)| op.kind == Kind::Use) {
            if self.live.contains(op.vreg.0) {
                continue;
            }
            self.live.insert(op.vreg.0);
            self.ends[first + at] = true;
            if let Constraint::Group { group, offset } = op.constraint {
                let group = order.base_starts[inst.index()] + group as u32;
                self.goal[op.vreg.index()] = Goal::Group(group, offset);
            }
        }
    }

    /// Parameters of the function would like to stay where they arrive.
    fn first_wishes<F: Function>(&mut self, program: &Program<'_, F>, class: Class, limit: u32) {
        let num_regs = program.graph.num_regs as u32;
        for (at, param) in (0..).zip(program.func.block_params(program.func.entry())) {
            let wish = match class {
                Class::Reg => Some(at).filter(|&at| at < limit),
                Class::Slot | Class::Remat => u32::checked_sub(at, num_regs),
            };
            self.wish[param.index()] = wish.unwrap_or(NONE);
        }
    }

    fn block<F: Function>(
        &mut self,
        program: &Program<'_, F>,
        spills: &mut Spills,
        class: Class,
        limit: u32,
        block: Block,
    ) {
        self.occupied.fill(0);
        for vreg in program.live.live_in(block).filter(|&vreg| spills.class(vreg) == class) {
            // A value that was spilled during this scan and is not any more of its class.
            if self.colors[vreg.index()] != NONE {
                self.occupy(vreg.0, self.colors[vreg.index()]);
            }
        }
        let params = program.func.block_params(block);
        for &param in params {
            if spills.class(param) == class {
                self.define(program, spills, limit, param.0, NONE, None);
            }
        }
        for param in params {
            if self.unused[param.index()] {
                self.free(param.0);
            }
        }
        let range = program.func.block_insts(block);
        for inst in range.iter() {
            self.inst(program, spills, class, limit, inst);
        }
        for (at, &succ) in program.func.succs(block).iter().enumerate() {
            let args = program.func.branch_args(range.last(), at);
            for (&param, &arg) in program.func.block_params(succ).iter().zip(args) {
                if self.wish[param.index()] == NONE {
                    self.wish[param.index()] = self.colors[arg.index()];
                }
            }
        }
    }

    fn inst<F: Function>(
        &mut self,
        program: &Program<'_, F>,
        spills: &mut Spills,
        class: Class,
        limit: u32,
        inst: Inst,
    ) {
        let Program { func, order, .. } = *program;
        let operands = func.operands(inst);
        let first = order.alloc_starts[inst.index()];
        let late_in_place = |vreg: VReg| {
            operands.iter().any(|op| {
                op.vreg == vreg
                    && op.kind == Kind::Use
                    && op.pos == Pos::Late
                    && matches!(op.constraint, Constraint::Any | Constraint::Reg)
            })
        };
        self.release.clear();
        self.release_late.clear();
        for (number, op) in (first..).zip(operands).filter(|(_, op)| op.kind == Kind::Use) {
            let temp = if class == Class::Reg { spills.temp(number) } else { None };
            let ends = self.ends[number as usize];
            let node = match temp {
                Some(temp) => {
                    if self.colors[temp as usize] == NONE {
                        self.define(program, spills, limit, temp, NONE, None);
                    }
                    temp
                }
                None if ends && spills.class(op.vreg) == class => op.vreg.0,
                None => continue,
            };
            if late_in_place(op.vreg) {
                self.release_late.push(node);
            } else {
                self.release.push(node);
            }
        }
        for early in [true, false] {
            if !early {
                self.release_all(false);
            }
            for (number, op) in (first..).zip(operands).filter(|(_, op)| op.kind == Kind::Def) {
                let temp = if class == Class::Reg { spills.temp(number) } else { None };
                let in_class = spills.class(op.vreg) == class;
                let Some(node) = temp.or(in_class.then_some(op.vreg.0)) else {
                    continue;
                };
                let (is_early, reused, group) = match op.constraint {
                    Constraint::Reuse(of) => (true, operands[of as usize].vreg.0, None),
                    Constraint::Fixed(_) => (false, NONE, None),
                    Constraint::Group { group, offset } => {
                        let group = order.base_starts[inst.index()] + group as u32;
                        (false, NONE, Some((group, offset)))
                    }
                    Constraint::Any | Constraint::Reg => (op.pos == Pos::Early, NONE, None),
                };
                if is_early != early {
                    continue;
                }
                // Only a value that ends here early gives up its place.
                let reused = if self.release.contains(&reused) { reused } else { NONE };
                self.define(program, spills, limit, node, reused, group);
                if temp.is_some() || self.unused[op.vreg.index()] {
                    self.release_late.push(node);
                }
            }
        }
        self.release_all(true);
    }

    fn release_all(&mut self, late: bool) {
        let list = if late {
            &mut self.release_late
        } else {
            &mut self.release
        };
        let mut list = std::mem::take(list);
        list.drain(..).for_each(|node| self.free(node));
        *(if late {
            &mut self.release_late
        } else {
            &mut self.release
        }) = list;
    }

    /// Colours `node`: in the place of `reused`, where its wishes are, or in the lowest place.
    fn define<F: Function>(
        &mut self,
        program: &Program<'_, F>,
        spills: &mut Spills,
        limit: u32,
        node: u32,
        reused: u32,
        from: Option<(u32, u16)>,
    ) {
        let given = match self.given.is_empty() || node >= program.func.num_vregs() {
            true => None,
            false => program.func.home(VReg(node)).map(|home| home.0.into()),
        };
        let color = given
            .or_else(|| self.wanted(program, limit, node, reused, from))
            .or_else(|| self.lowest_free(program, limit, node))
            .or_else(|| self.evict(program, spills, node));
        // Nothing could make room: the value itself is spilled.
        let Some(color) = color else { return };
        self.colors[node as usize] = color;
        self.num_colors = self.num_colors.max(color + 1);
        self.occupy(node, color);
        if let Some(&Goal::Param(param)) = self.goal.get(node as usize)
            && self.wish[param as usize] == NONE
        {
            self.wish[param as usize] = color;
        }
        if let Some((group, offset)) = from
            && self.bases[group as usize] == NONE
        {
            self.bases[group as usize] = color.saturating_sub(offset as u32);
        }
    }

    fn wanted<F: Function>(
        &mut self,
        program: &Program<'_, F>,
        limit: u32,
        node: u32,
        reused: u32,
        from: Option<(u32, u16)>,
    ) -> Option<u32> {
        if reused != NONE {
            let color = self.colors[reused as usize];
            if color != NONE && !self.rejects(program, node, color) {
                return Some(color);
            }
        }
        let free = |color: u32| {
            let word = self.occupied.get(color as usize / 64).copied().unwrap_or(0);
            let free = color < limit && word >> (color % 64) & 1 == 0 && !self.rejects(program, node, color);
            free.then_some(color)
        };
        let goal = self.goal.get(node as usize).copied().unwrap_or(Goal::None);
        let wish = self.wish[node as usize];
        if wish != NONE
            && let Some(color) = free(wish)
        {
            return Some(color);
        }
        if let Goal::Param(param) = goal {
            let known = [self.colors[param as usize], self.wish[param as usize]];
            for color in known.into_iter().filter(|&color| color != NONE) {
                if let Some(color) = free(color) {
                    return Some(color);
                }
            }
        }
        if let Some((group, offset)) = from
            && self.bases[group as usize] != NONE
            && let Some(color) = free(self.bases[group as usize] + offset as u32)
        {
            return Some(color);
        }
        if limit != NONE
            && let Goal::Group(group, offset) = goal
        {
            if self.bases[group as usize] != NONE {
                return free(self.bases[group as usize] + offset as u32);
            }
            if offset == 0 {
                // Stack discipline: a window begins above everything that is live now.
                let top = self.occupied.iter().rposition(|&word| word != 0);
                let top = top.map_or(0, |at| at * 64 + 64 - self.occupied[at].leading_zeros() as usize);
                let color = Some(top as u32).filter(|&top| top < limit)?;
                if !self.rejects(program, node, color) {
                    self.bases[group as usize] = color;
                    return Some(color);
                }
            }
        }
        None
    }

    fn rejects<F: Function>(&self, program: &Program<'_, F>, node: u32, color: u32) -> bool {
        let given = self.given.get(color as usize / 64);
        given.is_some_and(|word| word >> (color % 64) & 1 != 0) || program.graph.is_forbidden(node, color)
    }

    fn lowest_free<F: Function>(&mut self, program: &Program<'_, F>, limit: u32, node: u32) -> Option<u32> {
        let forbidden = program.graph.forbidden(node);
        for at in 0.. {
            self.grow(at as u32 * 64);
            let given = self.given.get(at).unwrap_or(&0);
            let free = !(self.occupied[at] | forbidden.get(at).unwrap_or(&0) | given);
            if free != 0 {
                return Some(at as u32 * 64 + free.trailing_zeros()).filter(|&color| color < limit);
            }
            if (at as u32 + 1) * 64 >= limit {
                return None;
            }
        }
        None
    }

    /// Spills the cheapest of the values in registers and `node` itself; the place that this frees.
    fn evict<F: Function>(&mut self, program: &Program<'_, F>, spills: &mut Spills, node: u32) -> Option<u32> {
        let Program { func, order, graph, .. } = *program;
        let num_vregs = func.num_vregs();
        let mut best: Option<(f32, u32, Option<u32>)> = None;
        for (color, &owner) in (0..graph.num_regs as u32).zip(&self.owner) {
            let occupied = self.occupied[color as usize / 64] >> (color % 64) & 1 != 0;
            if !occupied || owner >= num_vregs || self.rejects(program, node, color) {
                continue;
            }
            let cost = spills.cost(func, order, VReg(owner));
            if best.is_none_or(|(least, ..)| cost < least) {
                best = Some((cost, owner, Some(color)));
            }
        }
        if node < num_vregs {
            let cost = spills.cost(func, order, VReg(node));
            if best.is_none_or(|(least, ..)| cost < least) {
                best = Some((cost, node, None));
            }
        }
        self.spilled += 1;
        let (_, victim, color) = best?;
        spills.spill(func, VReg(victim));
        color
    }

    fn occupy(&mut self, node: u32, color: u32) {
        self.grow(color);
        self.occupied[color as usize / 64] |= 1 << (color % 64);
        self.owner[color as usize] = node;
    }

    fn free(&mut self, node: u32) {
        let color = self.colors[node as usize];
        // The place may have gone to another value, by reuse or eviction.
        if color != NONE && self.owner[color as usize] == node {
            self.occupied[color as usize / 64] &= !(1 << (color % 64));
        }
    }

    fn grow(&mut self, color: u32) {
        let words = color as usize / 64 + 1;
        if self.occupied.len() < words {
            self.occupied.resize(words, 0);
            self.owner.resize(words * 64, NONE);
        }
    }
}
