//! The interference graph: who is live where someone else is defined.
//!
//! Nodes are the virtual registers that live in registers and the temporaries of spilled ones.
//! Under SSA two values interfere exactly where one of them is defined while the other is live, so
//! each edge is found once and no matrix is needed to drop duplicates. A copy does not make its
//! two sides interfere (Chaitin 1982). Precoloured registers are not nodes: what a `Fixed` operand
//! forbids is a bit set per node, and what a group forbids is kept with the group, since its base
//! is still open.

use crate::live::{Liveness, SparseSet, each_arg};
use crate::order::Order;
use crate::spill::{Class, Spills};
use crate::{Block, Clobber, Constraint, Function, Group, Inst, Kind, PReg, Pos, RegFile};

/// The average degree up to which a graph is worth its cost, past [`MIN_EDGES`].
const MAX_DEGREE: usize = 64;

/// The number of edges that is always affordable.
const MIN_EDGES: usize = 200_000;

/// What is known about one group before it has a base.
#[derive(Clone, Copy)]
pub(crate) struct GroupFacts {
    pub inst: Inst,
    pub group: Group,
    /// Range in [`Graph::crossing`].
    cross: (u32, u32),
    /// A slot is in use while the group is, so that the group must not reach past the registers.
    pub beside_slots: bool,
}

/// The interference graph and what groups know of it.
#[derive(Default)]
pub(crate) struct Graph {
    pub num_nodes: u32,
    pub num_regs: u16,
    /// Facts by group number.
    pub groups: Vec<GroupFacts>,
    /// Values that are live across each group's instruction.
    crossing: Vec<u32>,
    starts: Vec<u32>,
    neighbors: Vec<u32>,
    cross_starts: Vec<u32>,
    crossed: Vec<u32>,
    /// Words of forbidden registers per node; empty when no operand is `Fixed`.
    forbidden: Vec<u64>,
    words: usize,
    pairs: Vec<(u32, u32)>,
    live: SparseSet,
    slots: SparseSet,
    defs: Vec<Def>,
    late: Vec<u32>,
    fresh: Vec<u32>,
    temps: Vec<u32>,
}

#[derive(Clone, Copy)]
struct Def {
    node: u32,
    early: bool,
    /// The value whose place this def takes over.
    reused: Option<u32>,
}

impl Graph {
    /// Builds the graph, or with `edges` off only what `scan.rs` needs: forbidden registers.
    /// Whether there is a graph: past a number of edges there is none.
    pub fn build<F: Function>(
        &mut self,
        func: &F,
        regs: &RegFile,
        order: &Order,
        live: &Liveness,
        spills: &Spills,
        mut edges: bool,
    ) -> bool {
        self.num_nodes = func.num_vregs() + spills.temps.len() as u32;
        self.num_regs = regs.allocatable;
        self.words = (regs.allocatable as usize).div_ceil(64);
        self.forbidden.clear();
        self.pairs.clear();
        self.crossing.clear();
        self.groups.clear();
        let num_groups = order.base_starts[func.num_insts() as usize] as usize;
        let none = GroupFacts {
            inst: Inst(0),
            group: Group::consecutive(0),
            cross: (0, 0),
            beside_slots: false,
        };
        self.groups.resize(num_groups, none);
        let limit = func.num_vregs() as usize;
        self.live.reset(limit);
        self.slots.reset(limit);
        for &block in &order.blocks {
            self.block(func, order, live, spills, block, edges);
            edges &= self.pairs.len() <= MIN_EDGES + MAX_DEGREE * self.num_nodes as usize;
        }
        if edges {
            self.link();
        }
        edges
    }

    /// The nodes that must not share a register with `node`.
    #[inline]
    pub fn neighbors(&self, node: u32) -> &[u32] {
        let at = node as usize;
        &self.neighbors[self.starts[at] as usize..self.starts[at + 1] as usize]
    }

    /// The registers that `node` must not have, as words of bits; empty for none.
    pub fn forbidden(&self, node: u32) -> &[u64] {
        let at = node as usize * self.words;
        self.forbidden.get(at..at + self.words).unwrap_or(&[])
    }

    pub fn is_forbidden(&self, node: u32, reg: u32) -> bool {
        self.forbidden(node)
            .get(reg as usize / 64)
            .is_some_and(|word| word >> (reg % 64) & 1 != 0)
    }

    /// The number of neighbours and forbidden registers.
    pub fn degree(&self, node: u32) -> u32 {
        let forbidden: u32 = self.forbidden(node).iter().map(|word| word.count_ones()).sum();
        self.neighbors(node).len() as u32 + forbidden
    }

    /// The values in registers that are live across a group's instruction.
    #[inline]
    pub fn crossing(&self, group: u32) -> &[u32] {
        let (start, end) = self.groups[group as usize].cross;
        &self.crossing[start as usize..end as usize]
    }

    /// The groups that `node` is live across.
    #[inline]
    pub fn crossed(&self, node: u32) -> &[u32] {
        let at = node as usize;
        &self.crossed[self.cross_starts[at] as usize..self.cross_starts[at + 1] as usize]
    }

    /// Whether value `node`, live across `group`, may not be `distance` places past its base.
    pub fn group_rejects<F: Function>(&self, func: &F, order: &Order, group: u32, node: u32, distance: i32) -> bool {
        let facts = &self.groups[group as usize];
        let inside = distance >= 0 && distance < facts.group.size as i32;
        match facts.group.clobber {
            Clobber::Above(from) => {
                distance >= from as i32 || { inside && self.other_member(func, order, group, node, distance) }
            }
            Clobber::Members => inside,
            Clobber::Nothing => inside && self.other_member(func, order, group, node, distance),
        }
    }

    fn other_member<F: Function>(&self, func: &F, order: &Order, group: u32, node: u32, distance: i32) -> bool {
        let inst = self.groups[group as usize].inst;
        let index = group - order.base_starts[inst.index()];
        func.operands(inst).iter().any(|op| match op.constraint {
            Constraint::Group { group, offset } => {
                group as u32 == index && offset as i32 == distance && op.vreg.0 != node
            }
            _ => false,
        })
    }

    fn edge(&mut self, a: u32, b: u32) {
        debug_assert_ne!(a, b, "a value does not interfere with itself");
        self.pairs.push((a, b));
    }

    fn block<F: Function>(
        &mut self,
        func: &F,
        order: &Order,
        live: &Liveness,
        spills: &Spills,
        block: Block,
        edges: bool,
    ) {
        let range = func.block_insts(block);
        self.live.clear();
        self.slots.clear();
        let (regs, slots) = (&mut self.live, &mut self.slots);
        let mut add = |vreg: crate::VReg| match spills.class(vreg) {
            Class::Reg => regs.insert(vreg.0),
            Class::Slot => slots.insert(vreg.0),
            Class::Remat => {}
        };
        live.live_out(block).for_each(&mut add);
        each_arg(func, block, range.last(), &mut add);
        for inst in range.iter().rev() {
            self.inst(func, order, spills, inst, edges);
        }
        let params = func.block_params(block);
        for param in params {
            self.live.remove(param.0);
            self.slots.remove(param.0);
        }
        if edges {
            let in_reg = |param: &&crate::VReg| spills.class(**param) == Class::Reg;
            for (at, param) in params.iter().enumerate().filter(|(_, param)| in_reg(param)) {
                let live = self.live.members().iter().map(|&other| (param.0, other));
                self.pairs.extend(live);
                let before = params[..at].iter().filter(in_reg);
                self.pairs.extend(before.map(|other| (param.0, other.0)));
            }
        }
    }

    fn inst<F: Function>(&mut self, func: &F, order: &Order, spills: &Spills, inst: Inst, edges: bool) {
        let operands = func.operands(inst);
        let first = order.alloc_starts[inst.index()];
        self.defs.clear();
        self.late.clear();
        self.fresh.clear();
        self.temps.clear();
        for (at, op) in operands.iter().enumerate().filter(|(_, op)| op.kind == Kind::Def) {
            let temp = spills.temp(first + at as u32);
            let in_reg = spills.class(op.vreg) == Class::Reg;
            self.live.remove(op.vreg.0);
            self.slots.remove(op.vreg.0);
            let Some(node) = temp.or(in_reg.then_some(op.vreg.0)) else {
                continue;
            };
            let (early, reused) = match op.constraint {
                Constraint::Reuse(of) => (true, Some(operands[of as usize].vreg.0)),
                // The value moves to its home after the instruction.
                Constraint::Group { .. } | Constraint::Fixed(_) => (false, None),
                Constraint::Any | Constraint::Reg => (op.pos == Pos::Early, None),
            };
            self.defs.push(Def { node, early, reused });
        }
        if edges {
            self.cross(func, order, inst);
        }
        for (at, op) in operands.iter().enumerate().filter(|(_, op)| op.kind == Kind::Use) {
            let in_place = matches!(op.constraint, Constraint::Any | Constraint::Reg);
            let node = match spills.temp(first + at as u32) {
                Some(temp) => {
                    if !self.temps.contains(&temp) {
                        self.temps.push(temp);
                    }
                    temp
                }
                None if spills.class(op.vreg) == Class::Reg => op.vreg.0,
                None => continue,
            };
            if in_place && op.pos == Pos::Late && !self.late.contains(&node) {
                self.late.push(node);
            }
        }
        if edges {
            self.def_edges(func, inst);
        }
        for op in operands.iter().filter(|op| op.kind == Kind::Use) {
            match spills.class(op.vreg) {
                Class::Reg if !self.live.contains(op.vreg.0) => {
                    self.live.insert(op.vreg.0);
                    self.fresh.push(op.vreg.0);
                }
                Class::Slot => self.slots.insert(op.vreg.0),
                Class::Reg | Class::Remat => {}
            }
        }
        if edges {
            self.use_edges();
        }
        if operands.iter().any(|op| matches!(op.constraint, Constraint::Fixed(_))) {
            self.forbid(func, inst);
        }
    }

    /// Defs against what is live after the instruction, its late uses, and each other.
    fn def_edges<F: Function>(&mut self, func: &F, inst: Inst) {
        let copied = func.is_move(inst).map(|(_, src)| src.0);
        for at in 0..self.defs.len() {
            let Def { node, .. } = self.defs[at];
            let live = self.live.members().iter().filter(|&&other| Some(other) != copied);
            self.pairs.extend(live.map(|&other| (node, other)));
            for before in 0..at {
                self.edge(node, self.defs[before].node);
            }
            for late in 0..self.late.len() {
                let late = self.late[late];
                if self.temps.contains(&late) || !self.live.contains(late) {
                    self.edge(node, late);
                }
            }
        }
    }

    /// Early defs against uses, and temporaries against what is live before the instruction.
    fn use_edges(&mut self) {
        for at in 0..self.defs.len() {
            let Def { node, early, reused } = self.defs[at];
            if !early {
                continue;
            }
            for fresh in 0..self.fresh.len() {
                let fresh = self.fresh[fresh];
                if Some(fresh) != reused && !self.late.contains(&fresh) {
                    self.edge(node, fresh);
                }
            }
            for temp in 0..self.temps.len() {
                let temp = self.temps[temp];
                if !self.late.contains(&temp) {
                    self.edge(node, temp);
                }
            }
        }
        for at in 0..self.temps.len() {
            let temp = self.temps[at];
            self.pairs
                .extend(self.live.members().iter().map(|&other| (temp, other)));
            for before in 0..at {
                self.edge(temp, self.temps[before]);
            }
        }
    }

    /// Records what is live across each group of `inst`.
    fn cross<F: Function>(&mut self, func: &F, order: &Order, inst: Inst) {
        let groups = func.groups(inst);
        if groups.is_empty() {
            return;
        }
        let start = self.crossing.len() as u32;
        self.crossing.extend_from_slice(self.live.members());
        let end = self.crossing.len() as u32;
        // A use of a slot by this instruction counts too; conservatively, its members' as well.
        let beside_slots = !self.slots.members().is_empty();
        let first = order.base_starts[inst.index()] as usize;
        for (at, &group) in groups.iter().enumerate() {
            self.groups[first + at] = GroupFacts {
                inst,
                group,
                cross: (start, end),
                beside_slots,
            };
        }
    }

    /// Keeps everybody else out of the registers of `Fixed` operands.
    fn forbid<F: Function>(&mut self, func: &F, inst: Inst) {
        if self.forbidden.is_empty() {
            self.forbidden.resize(self.num_nodes as usize * self.words, 0);
        }
        for op in func.operands(inst) {
            let Constraint::Fixed(reg) = op.constraint else {
                continue;
            };
            let is_def = op.kind == Kind::Def;
            let late_def = is_def && op.pos == Pos::Late;
            // `live` holds what is live before the instruction by now. What ends there may share
            // its register with a late def.
            for at in 0..self.live.members().len() {
                let node = self.live.members()[at];
                let ends = self.fresh.contains(&node) && !self.late.contains(&node);
                if !(late_def && ends) {
                    self.forbid_reg(node, reg, (!is_def).then_some(op.vreg.0));
                }
            }
            for at in 0..self.temps.len() {
                let temp = self.temps[at];
                if !late_def || self.late.contains(&temp) {
                    self.forbid_reg(temp, reg, None);
                }
            }
            for at in 0..self.defs.len() {
                let def = self.defs[at];
                if is_def || def.early || op.pos == Pos::Late {
                    self.forbid_reg(def.node, reg, is_def.then_some(op.vreg.0));
                }
            }
        }
    }

    fn forbid_reg(&mut self, node: u32, reg: PReg, except: Option<u32>) {
        if Some(node) != except {
            self.forbidden[node as usize * self.words + reg.index() / 64] |= 1 << (reg.0 % 64);
        }
    }

    /// Turns pairs into adjacency lists, and crossing lists around.
    fn link(&mut self) {
        let nodes = self.num_nodes as usize;
        invert(&mut self.starts, &mut self.neighbors, nodes, || {
            self.pairs.iter().flat_map(|&(a, b)| [(a, b), (b, a)])
        });
        invert(&mut self.cross_starts, &mut self.crossed, nodes, || {
            self.groups.iter().enumerate().flat_map(|(group, facts)| {
                let (start, end) = facts.cross;
                let nodes = self.crossing[start as usize..end as usize].iter();
                nodes.map(move |&node| (node, group as u32))
            })
        });
    }
}

/// Fills compressed lists: `lists[starts[k] .. starts[k + 1]]` are the values paired with `k`.
fn invert<I: Iterator<Item = (u32, u32)>>(
    starts: &mut Vec<u32>,
    lists: &mut Vec<u32>,
    keys: usize,
    pairs: impl Fn() -> I,
) {
    starts.clear();
    starts.resize(keys + 1, 0);
    for (key, _) in pairs() {
        starts[key as usize] += 1;
    }
    let mut sum = 0;
    for start in starts.iter_mut() {
        sum += *start;
        *start = sum;
    }
    lists.clear();
    lists.resize(sum as usize, 0);
    for (key, value) in pairs() {
        starts[key as usize] -= 1;
        lists[starts[key as usize] as usize] = value;
    }
}
