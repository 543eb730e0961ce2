//! Conservative coalescing of values, groups and the frame itself.
//!
//! Every wish for a common place (a move, a block argument, a group member, a parameter, a reused
//! operand) is an affinity `place(b) = place(a) + distance`. Clusters are rigid: each element has
//! a fixed distance from the cluster's root, so a value at distance 2 from a call window sits
//! where that call wants its first argument, wherever the window goes. A chain such as
//! `f(g(x))` becomes one cluster in which `g`'s window lies in `f`'s. The frame, element
//! [`Clusters::frame`], is the precoloured node: what is in its cluster has an absolute place.
//!
//! Two clusters merge when nothing in one interferes with what would share its place in the other
//! and nothing would be live across a call window that reaches over it, and when the merged values
//! pass the test of Briggs (fewer than N significant neighbours: Briggs, Cooper and Torczon,
//! "Improvements to Graph Coloring Register Allocation", 1994) or, against the frame, that of
//! George (each neighbour is insignificant or interferes already: George and Appel, "Iterated
//! Register Coalescing", 1996). If selection still finds no place for a cluster, it takes the
//! cluster apart again (Park and Moon, "Optimistic Register Coalescing", 1998).

use crate::graph::Graph;
use crate::order::{NONE, Order};
use crate::spill::{Class, Spills};
use crate::{Clobber, Constraint, Function, Inst, Kind, VReg};

/// How far the ends of a cluster may lie apart. Long chains of calls whose results feed the next
/// call would otherwise climb through the frame, two places per call, to save one move each.
const MAX_SPAN: i32 = 24;

/// A wish for `place(b) = place(a) + distance`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Affinity {
    pub depth: u32,
    pub a: u32,
    pub b: u32,
    pub distance: i32,
}

/// Values and groups that keep fixed distances.
#[derive(Default)]
pub(crate) struct Clusters {
    num_nodes: u32,
    num_elements: u32,
    parent: Vec<u32>,
    /// Distance from the parent.
    distance: Vec<i32>,
    /// The members of a cluster as a ring.
    next: Vec<u32>,
    size: Vec<u32>,
    low: Vec<i32>,
    high: Vec<i32>,
    /// All of them, the most frequent first.
    pub affinities: Vec<Affinity>,
    /// Affinities that did not become part of a cluster.
    pub failed: Vec<Affinity>,
    significant: Vec<u32>,
}

impl Clusters {
    /// Merges what can be merged, the most frequent affinities first.
    pub fn coalesce<F: Function>(&mut self, func: &F, order: &Order, graph: &Graph, spills: &Spills) {
        self.reset(graph);
        // What the client has placed is there before anything asks for a place beside it.
        for &(vreg, home) in &order.homes {
            self.join(self.frame(), vreg.0, home.0 as i32);
        }
        self.collect(func, order, graph, spills);
        let mut affinities = std::mem::take(&mut self.affinities);
        if affinities.iter().any(|affinity| affinity.depth > 0) {
            affinities.sort_by_key(|affinity| std::cmp::Reverse(affinity.depth));
        }
        let crowded = (0..self.num_nodes).any(|node| graph.degree(node) >= graph.num_regs as u32);
        for &affinity in &affinities {
            if !self.merge(func, order, graph, affinity, crowded) {
                self.failed.push(affinity);
            }
        }
        self.affinities = affinities;
    }

    /// The element that stands for the frame's place 0.
    pub fn frame(&self) -> u32 {
        self.num_elements - 1
    }

    /// The element of a group.
    pub fn group(&self, group: u32) -> u32 {
        self.num_nodes + group
    }

    /// The group of an element, when it is one.
    pub fn as_group(&self, element: u32) -> Option<u32> {
        (element >= self.num_nodes && element != self.frame()).then(|| element - self.num_nodes)
    }

    pub fn is_node(&self, element: u32) -> bool {
        element < self.num_nodes
    }

    /// The root of an element's cluster, and the element's distance from it.
    #[inline]
    pub fn find(&mut self, element: u32) -> (u32, i32) {
        let (mut root, mut distance) = (element, 0);
        while self.parent[root as usize] != root {
            distance += self.distance[root as usize];
            root = self.parent[root as usize];
        }
        let (mut at, mut left) = (element, distance);
        while self.parent[at as usize] != root && at != root {
            let step = self.distance[at as usize];
            let up = self.parent[at as usize];
            self.parent[at as usize] = root;
            self.distance[at as usize] = left;
            left -= step;
            at = up;
        }
        (root, distance)
    }

    /// Appends the members of `root`'s cluster with their distances.
    pub fn members(&mut self, root: u32, into: &mut Vec<(u32, i32)>) {
        let mut at = root;
        loop {
            let (_, distance) = self.find(at);
            into.push((at, distance));
            at = self.next[at as usize];
            if at == root {
                return;
            }
        }
    }

    fn reset(&mut self, graph: &Graph) {
        self.num_nodes = graph.num_nodes;
        self.num_elements = graph.num_nodes + graph.groups.len() as u32 + 1;
        let count = self.num_elements as usize;
        self.parent.clear();
        self.parent.extend(0..self.num_elements);
        self.next.clear();
        self.next.extend(0..self.num_elements);
        for (list, value) in [(&mut self.distance, 0), (&mut self.low, 0), (&mut self.high, 0)] {
            list.clear();
            list.resize(count, value);
        }
        self.size.clear();
        self.size.resize(count, 1);
        for (at, facts) in graph.groups.iter().enumerate() {
            self.high[graph.num_nodes as usize + at] = facts.group.size as i32;
        }
        self.affinities.clear();
        self.failed.clear();
    }

    fn collect<F: Function>(&mut self, func: &F, order: &Order, graph: &Graph, spills: &Spills) {
        let in_reg = |vreg: VReg| spills.class(vreg) == Class::Reg;
        let frame = self.frame();
        let mut affinities = std::mem::take(&mut self.affinities);
        let mut wish = |depth, a, b, distance| {
            affinities.push(Affinity { depth, a, b, distance });
        };
        for (at, &param) in (0..).zip(func.block_params(func.entry())) {
            if at < graph.num_regs as i32 && in_reg(param) {
                wish(0, frame, param.0, at);
            }
        }
        for &block in &order.blocks {
            let depth = func.loop_depth(block);
            let range = func.block_insts(block);
            for inst in range.iter() {
                self.inst_affinities(func, order, graph, spills, inst, |a, b, distance| {
                    wish(depth, a, b, distance);
                });
            }
            for (at, &succ) in func.succs(block).iter().enumerate() {
                let args = func.branch_args(range.last(), at);
                let depth = depth.min(func.loop_depth(succ));
                for (&param, &arg) in func.block_params(succ).iter().zip(args) {
                    if in_reg(param) && in_reg(arg) {
                        wish(depth, param.0, arg.0, 0);
                    }
                }
            }
        }
        self.affinities = affinities;
    }

    fn inst_affinities<F: Function>(
        &self,
        func: &F,
        order: &Order,
        graph: &Graph,
        spills: &Spills,
        inst: Inst,
        mut wish: impl FnMut(u32, u32, i32),
    ) {
        let first = order.alloc_starts[inst.index()];
        let operands = func.operands(inst);
        let node = |at: usize| match spills.temp(first + at as u32) {
            Some(temp) => Some(temp),
            None => (spills.class(operands[at].vreg) == Class::Reg).then(|| operands[at].vreg.0),
        };
        for (at, op) in operands.iter().enumerate() {
            let Some(this) = node(at) else { continue };
            match op.constraint {
                Constraint::Group { group, offset } => {
                    let group = order.base_starts[inst.index()] + group as u32;
                    let facts = &graph.groups[group as usize];
                    let above = matches!(facts.group.clobber, Clobber::Above(_));
                    if !(facts.beside_slots && above) {
                        wish(self.group(group), this, offset as i32);
                    }
                }
                Constraint::Fixed(reg) => wish(self.frame(), this, reg.0 as i32),
                Constraint::Reuse(of) => {
                    // The value to be replaced has no temporary of its own.
                    let reused = operands[of as usize].vreg;
                    if spills.class(reused) == Class::Reg {
                        wish(reused.0, this, 0);
                    }
                }
                Constraint::Any | Constraint::Reg => {}
            }
        }
        if let Some((dst, src)) = func.is_move(inst) {
            let side = |kind| operands.iter().position(|op| op.kind == kind).and_then(node);
            if let (Some(def), Some(used)) = (side(Kind::Def), side(Kind::Use)) {
                debug_assert!(operands.iter().any(|op| op.vreg == dst || op.vreg == src));
                wish(used, def, 0);
            }
        }
    }

    fn merge<F: Function>(
        &mut self,
        func: &F,
        order: &Order,
        graph: &Graph,
        affinity: Affinity,
        crowded: bool,
    ) -> bool {
        let (root_a, at_a) = self.find(affinity.a);
        let (root_b, at_b) = self.find(affinity.b);
        // The place of b's root as seen from a's.
        let shift = at_a + affinity.distance - at_b;
        if root_a == root_b {
            return shift == 0;
        }
        let frame = self.find(self.frame()).0;
        let a_keeps = root_a == frame || (root_b != frame && self.size[root_a as usize] >= self.size[root_b as usize]);
        let (keep, gone, shift) = if a_keeps {
            (root_a, root_b, shift)
        } else {
            (root_b, root_a, -shift)
        };
        let low = self.low[keep as usize].min(self.low[gone as usize] + shift);
        let high = self.high[keep as usize].max(self.high[gone as usize] + shift);
        let span = |root: u32| self.high[root as usize] - self.low[root as usize];
        if high - low > MAX_SPAN.max(span(keep)).max(span(gone)) + 8
            || !self.fits(func, order, graph, keep, gone, shift, keep == frame, crowded)
        {
            return false;
        }
        self.join(keep, gone, shift);
        true
    }

    /// Puts root `gone` into the cluster of root `keep`.
    fn join(&mut self, keep: u32, gone: u32, shift: i32) {
        let (low, high) = (self.low[gone as usize], self.high[gone as usize]);
        self.low[keep as usize] = self.low[keep as usize].min(low + shift);
        self.high[keep as usize] = self.high[keep as usize].max(high + shift);
        self.size[keep as usize] += self.size[gone as usize];
        self.parent[gone as usize] = keep;
        self.distance[gone as usize] = shift;
        self.next.swap(keep as usize, gone as usize);
    }

    /// Whether cluster `gone` may join `keep` at distance `shift`.
    #[expect(clippy::too_many_arguments)]
    fn fits<F: Function>(
        &mut self,
        func: &F,
        order: &Order,
        graph: &Graph,
        keep: u32,
        gone: u32,
        shift: i32,
        absolute: bool,
        crowded: bool,
    ) -> bool {
        let mut element = gone;
        loop {
            let place = self.find(element).1 + shift;
            let fits = match self.as_group(element) {
                Some(group) => self.group_fits(func, order, graph, keep, group, place, absolute),
                None => self.node_fits(func, order, graph, keep, element, place, absolute, crowded),
            };
            if !fits {
                return false;
            }
            element = self.next[element as usize];
            if element == gone {
                return true;
            }
        }
    }

    #[expect(clippy::too_many_arguments)]
    fn group_fits<F: Function>(
        &mut self,
        func: &F,
        order: &Order,
        graph: &Graph,
        keep: u32,
        group: u32,
        place: i32,
        absolute: bool,
    ) -> bool {
        let crossing = graph.crossing(group);
        if absolute {
            let room = match graph.groups[group as usize].group.clobber {
                Clobber::Above(from) => place + from as i32 >= crossing.len() as i32,
                Clobber::Members | Clobber::Nothing => true,
            };
            if place < 0 || !room {
                return false;
            }
        }
        crossing.iter().all(|&node| {
            let (root, at) = self.find(node);
            root != keep || !graph.group_rejects(func, order, group, node, at - place)
        })
    }

    #[expect(clippy::too_many_arguments)]
    fn node_fits<F: Function>(
        &mut self,
        func: &F,
        order: &Order,
        graph: &Graph,
        keep: u32,
        node: u32,
        place: i32,
        absolute: bool,
        crowded: bool,
    ) -> bool {
        if absolute {
            let inside = place >= 0 && place < graph.num_regs as i32;
            if !inside || graph.is_forbidden(node, place as u32) {
                return false;
            }
        }
        let apart = graph
            .neighbors(node)
            .iter()
            .all(|&other| self.find(other) != (keep, place));
        if !apart {
            return false;
        }
        let clear = graph.crossed(node).iter().all(|&group| {
            let (root, at) = self.find(self.group(group));
            root != keep || !graph.group_rejects(func, order, group, node, place - at)
        });
        clear && (!crowded || self.conservative(graph, keep, node, place, absolute))
    }

    /// The tests of George and of Briggs for joining `node` with what is at `place` in `keep`.
    fn conservative(&mut self, graph: &Graph, keep: u32, node: u32, place: i32, absolute: bool) -> bool {
        let limit = graph.num_regs as u32;
        let is_significant = |other: u32| graph.degree(other) >= limit;
        if absolute {
            return graph.neighbors(node).iter().all(|&other| {
                !is_significant(other)
                    || graph.is_forbidden(other, place as u32)
                    || graph.neighbors(other).iter().any(|&n| self.find(n) == (keep, place))
            });
        }
        let mut significant = std::mem::take(&mut self.significant);
        significant.clear();
        significant.extend(graph.neighbors(node).iter().filter(|&&other| is_significant(other)));
        let mut shares = false;
        let mut element = keep;
        loop {
            if self.is_node(element) && self.find(element).1 == place {
                shares = true;
                let neighbors = graph.neighbors(element).iter();
                significant.extend(neighbors.filter(|&&other| is_significant(other)));
            }
            element = self.next[element as usize];
            if element == keep {
                break;
            }
        }
        significant.sort_unstable();
        significant.dedup();
        let safe = !shares || (significant.len() as u32) < limit;
        self.significant = significant;
        safe
    }
}

/// Failed affinities by element, for biased selection.
#[derive(Default)]
pub(crate) struct Biases {
    heads: Vec<u32>,
    lists: Vec<(Affinity, u32)>,
}

impl Biases {
    pub fn build(&mut self, clusters: &Clusters) {
        self.heads.clear();
        self.heads.resize(clusters.num_elements as usize, NONE);
        self.lists.clear();
        for &affinity in clusters.failed.iter().rev() {
            self.push(affinity);
        }
    }

    /// Adds an affinity; the newest of an element comes first.
    pub fn push(&mut self, affinity: Affinity) {
        for end in [affinity.a, affinity.b] {
            self.lists.push((affinity, self.heads[end as usize]));
            self.heads[end as usize] = self.lists.len() as u32 - 1;
        }
    }

    /// The wishes of an element: a partner, and how far from it the element wants to be.
    pub fn of(&self, element: u32) -> impl Iterator<Item = (u32, i32)> {
        let mut head = self.heads.get(element as usize).copied().unwrap_or(NONE);
        std::iter::from_fn(move || {
            let &(Affinity { a, b, distance, .. }, next) = self.lists.get(head as usize)?;
            head = next;
            Some(if element == b { (a, distance) } else { (b, -distance) })
        })
    }
}
