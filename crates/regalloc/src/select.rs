//! Selection: each cluster gets the lowest place at which all of its values are free.

use crate::coalesce::{Affinity, Biases, Clusters};
use crate::graph::Graph;
use crate::order::{NONE, Order};
use crate::simplify::Simplified;
use crate::spill::Spills;
use crate::{Clobber, Function, VReg};

/// A group that has no tentative base.
const NO_BASE: i32 = i32::MIN;

/// How often a function is coloured again for want of room below its windows.
const MAX_IMPROVEMENTS: u32 = 3;

/// Colours, and the tentative bases of groups that came with them.
#[derive(Default)]
pub(crate) struct Colors {
    /// The register of each node, or [`NONE`].
    pub regs: Vec<u32>,
    bases: Vec<i32>,
    biases: Biases,
    /// The lowest base that each window may have, where an earlier colouring has shown it.
    floors: Vec<i32>,
    members: Vec<(u32, i32)>,
    taken: Vec<u64>,
    unwanted: Vec<u64>,
    node_taken: Vec<u64>,
    pub uncolored: Vec<u32>,
}

impl Colors {
    /// Empties the colouring.
    pub fn reset(&mut self, num_nodes: u32, num_groups: usize) {
        self.regs.clear();
        self.regs.resize(num_nodes as usize, NONE);
        self.bases.clear();
        self.bases.resize(num_groups, NO_BASE);
        self.uncolored.clear();
    }

    /// Colours the graph; `uncolored` then lists the values that found no register.
    pub fn select<F: Function>(
        &mut self,
        func: &F,
        order: &Order,
        graph: &Graph,
        clusters: &mut Clusters,
        simplified: &Simplified,
    ) {
        self.reset(graph.num_nodes, graph.groups.len());
        self.biases.build(clusters);
        for &root in &simplified.order {
            let mut members = std::mem::take(&mut self.members);
            members.clear();
            clusters.members(root, &mut members);
            if root == clusters.frame() {
                self.assign(clusters, &members, 0);
            } else {
                self.place(func, order, graph, clusters, &mut members);
            }
            self.members = members;
        }
    }

    /// Colours once more if call windows came to lie too low, with what is known now about the room that
    /// they need. A value that is live across a call may be placed after the call's window; when it finds no
    /// place below, the window has to move, away from all that was computed in place. The better colouring stays.
    pub fn improve<F: Function>(
        &mut self,
        func: &F,
        order: &Order,
        graph: &Graph,
        clusters: &mut Clusters,
        simplified: &Simplified,
    ) {
        self.floors.clear();
        self.floors.resize(graph.groups.len(), 0);
        for _ in 0..MAX_IMPROVEMENTS {
            if !self.raise_floors(graph) {
                break;
            }
            let moves = self.moves(graph, clusters);
            let (regs, bases) = (self.regs.clone(), self.bases.clone());
            self.select(func, order, graph, clusters, simplified);
            if !self.uncolored.is_empty() || self.moves(graph, clusters) >= moves {
                (self.regs, self.bases) = (regs, bases);
                self.uncolored.clear();
                break;
            }
        }
        self.floors.clear();
    }

    /// Notes the room that windows need below them; whether some need more than they have.
    fn raise_floors(&mut self, graph: &Graph) -> bool {
        let mut any = false;
        for group in 0..graph.groups.len() {
            let base = self.bases[group];
            let lowest = self.lowest_base(graph, group);
            if base != NO_BASE && base < lowest {
                self.floors[group] = self.floors[group].max(lowest);
                any = true;
            }
        }
        any
    }

    /// Where a window can begin as things are.
    fn lowest_base(&self, graph: &Graph, group: usize) -> i32 {
        let Clobber::Above(from) = graph.groups[group].group.clobber else {
            return 0;
        };
        let crossing = graph
            .crossing(group as u32)
            .iter()
            .map(|&node| self.regs[node as usize]);
        let above = crossing.filter(|&reg| reg != NONE).map(|reg| reg + 1).max();
        above.unwrap_or(0) as i32 - i32::from(from)
    }

    /// About how many moves the colouring costs; each level of loops counts ten times.
    fn moves(&self, graph: &Graph, clusters: &Clusters) -> f64 {
        let place = |element: u32| match clusters.as_group(element) {
            Some(group) => self.bases[group as usize].max(self.lowest_base(graph, group as usize)),
            None if element == clusters.frame() => 0,
            None => self.regs[element as usize] as i32,
        };
        let broken = |affinity: &&Affinity| place(affinity.a) + affinity.distance != place(affinity.b);
        let costs = clusters.affinities.iter().filter(broken);
        costs.map(|affinity| 10f64.powi(affinity.depth.min(10) as i32)).sum()
    }

    /// Spills what makes room for the uncoloured nodes: the values themselves, or for temporaries
    /// the cheapest value beside them. Whether anything could be spilled.
    pub fn spill_uncolored<F: Function>(
        &mut self,
        func: &F,
        order: &Order,
        graph: &Graph,
        spills: &mut Spills,
    ) -> bool {
        let mut spilled = false;
        for at in 0..self.uncolored.len() {
            let node = self.uncolored[at];
            let victim = if node < func.num_vregs() {
                Some(VReg(node))
            } else {
                let values = graph.neighbors(node).iter().filter(|&&other| other < func.num_vregs());
                let values = values.map(|&other| VReg(other));
                let values = values.filter(|&vreg| func.home(vreg).is_none());
                values.min_by(|&a, &b| spills.cost(func, order, a).total_cmp(&spills.cost(func, order, b)))
            };
            if let Some(victim) = victim {
                spills.spill(func, victim);
                spilled = true;
            }
        }
        spilled
    }

    fn assign(&mut self, clusters: &Clusters, members: &[(u32, i32)], base: i32) {
        for &(element, distance) in members {
            if clusters.is_node(element) {
                self.regs[element as usize] = (base + distance) as u32;
            } else if let Some(group) = clusters.as_group(element) {
                self.bases[group as usize] = base + distance;
            }
        }
    }

    /// Places a cluster as a whole, or else its values in ever smaller parts.
    fn place<F: Function>(
        &mut self,
        func: &F,
        order: &Order,
        graph: &Graph,
        clusters: &Clusters,
        members: &mut [(u32, i32)],
    ) {
        let low = members
            .iter()
            .filter(|(element, _)| clusters.is_node(*element))
            .map(|&(_, distance)| distance)
            .min()
            .expect("selection places clusters that have values");
        for (_, distance) in members.iter_mut() {
            *distance -= low;
        }
        if let Some(base) = self.find_base(func, order, graph, clusters, members, true) {
            return self.assign(clusters, members, base);
        }
        // Values that share one place stay together, their groups are on their own.
        members.sort_unstable_by_key(|&(element, distance)| (distance, element));
        for part in members.chunk_by_mut(|a, b| a.1 == b.1) {
            let nodes = part.partition_point(|&(element, _)| clusters.is_node(element));
            let part = &mut part[..nodes];
            if part.is_empty() {
                continue;
            }
            for (_, distance) in part.iter_mut() {
                *distance = 0;
            }
            let base = self
                .find_base(func, order, graph, clusters, part, true)
                .or_else(|| self.find_base(func, order, graph, clusters, part, false));
            match base {
                Some(base) => self.assign(clusters, part, base),
                None => self.place_singly(func, order, graph, clusters, part),
            }
        }
    }

    fn place_singly<F: Function>(
        &mut self,
        func: &F,
        order: &Order,
        graph: &Graph,
        clusters: &Clusters,
        part: &[(u32, i32)],
    ) {
        for single in part {
            let single = std::slice::from_ref(single);
            match self.find_base(func, order, graph, clusters, single, false) {
                Some(base) => self.assign(clusters, single, base),
                None => self.uncolored.push(single[0].0),
            }
        }
    }

    /// The lowest base, or the one that an affinity asks for, at which all members are free.
    /// With `polite`, also none at which a call window would have to move away.
    fn find_base<F: Function>(
        &mut self,
        func: &F,
        order: &Order,
        graph: &Graph,
        clusters: &Clusters,
        members: &[(u32, i32)],
        polite: bool,
    ) -> Option<i32> {
        let words = (graph.num_regs as usize).div_ceil(64);
        for set in [&mut self.taken, &mut self.unwanted, &mut self.node_taken] {
            set.clear();
            set.resize(words, 0);
        }
        let (mut lowest, mut highest) = (0, graph.num_regs as i32 - 1);
        for &(element, distance) in members {
            if let Some(group) = clusters.as_group(element) {
                if polite {
                    self.group_limits(func, order, graph, group, distance, &mut lowest, &mut highest);
                }
                continue;
            }
            highest = highest.min(graph.num_regs as i32 - 1 - distance);
            self.node_taken.fill(0);
            for (word, forbidden) in self.node_taken.iter_mut().zip(graph.forbidden(element)) {
                *word = *forbidden;
            }
            for &other in graph.neighbors(element) {
                let reg = self.regs[other as usize];
                if reg != NONE {
                    self.node_taken[reg as usize / 64] |= 1 << (reg % 64);
                }
            }
            or_shifted_down(&mut self.taken, &self.node_taken, distance as usize);
            if polite {
                self.crossed_limits(func, order, graph, element, distance, &mut highest);
            }
        }
        for (taken, unwanted) in self.taken.iter_mut().zip(&self.unwanted) {
            *taken |= unwanted;
        }
        let is_free =
            |base: i32| base >= lowest && base <= highest && self.taken[base as usize / 64] >> (base % 64) & 1 == 0;
        for &(element, distance) in members {
            for (partner, from) in self.biases.of(element) {
                let at = match clusters.as_group(partner) {
                    Some(group) if self.bases[group as usize] != NO_BASE => self.bases[group as usize],
                    None if partner == clusters.frame() => 0,
                    None if self.regs[partner as usize] != NONE => self.regs[partner as usize] as i32,
                    _ => continue,
                };
                let base = at + from - distance;
                if is_free(base) {
                    return Some(base);
                }
            }
        }
        if polite && self.avoid_siblings(func, order, members) {
            for (unwanted, taken) in self.unwanted.iter_mut().zip(&self.taken) {
                *unwanted |= taken;
            }
            let apart = first_zero(&self.unwanted, lowest, highest);
            if apart.is_some() {
                return apart;
            }
        }
        first_zero(&self.taken, lowest, highest)
    }

    /// Marks as unwanted the places of the parameters beside one that a value of the cluster is
    /// passed to but could not share a place with. In such a place the value would be part of a
    /// cycle of moves, which takes one move more; whether there is anything to avoid.
    fn avoid_siblings<F: Function>(&mut self, func: &F, order: &Order, members: &[(u32, i32)]) -> bool {
        self.unwanted.fill(0);
        let mut any = false;
        for &(element, distance) in members {
            for (partner, from) in self.biases.of(element) {
                if from != 0 || partner >= func.num_vregs() {
                    continue;
                }
                let block = order.def_block[partner as usize];
                let params = func.block_params(crate::Block(block));
                if block == func.entry().0 || !params.contains(&VReg(partner)) {
                    continue;
                }
                for param in params.iter().filter(|param| param.0 != partner) {
                    let reg = self.regs[param.index()];
                    let base = reg as i32 - distance;
                    if reg != NONE && base >= 0 {
                        self.unwanted[base as usize / 64] |= 1 << (base % 64);
                        any = true;
                    }
                }
            }
        }
        any
    }

    /// Bases at which a group of the cluster would not have to move away later.
    #[expect(clippy::too_many_arguments)]
    fn group_limits<F: Function>(
        &mut self,
        func: &F,
        order: &Order,
        graph: &Graph,
        group: u32,
        distance: i32,
        lowest: &mut i32,
        highest: &mut i32,
    ) {
        let facts = &graph.groups[group as usize];
        let crossing = graph.crossing(group);
        let colored = crossing.iter().filter(|&&node| self.regs[node as usize] != NONE);
        *lowest = (*lowest).max(-distance);
        if let Clobber::Above(from) = facts.group.clobber {
            let above = colored.map(|&node| self.regs[node as usize] + 1).max().unwrap_or(0);
            let room = above.max(crossing.len() as u32) as i32;
            let floor = self.floors.get(group as usize).copied().unwrap_or(0);
            *lowest = (*lowest).max((room - from as i32).max(floor) - distance);
            return;
        }
        if facts.beside_slots {
            *highest = (*highest).min(graph.num_regs as i32 - facts.group.size as i32 - distance);
        }
        for &node in colored {
            let reg = self.regs[node as usize] as i32;
            for offset in 0..facts.group.size as i32 {
                let base = reg - offset - distance;
                let inside = base >= 0 && base < graph.num_regs as i32;
                if inside && graph.group_rejects(func, order, group, node, offset) {
                    self.unwanted[base as usize / 64] |= 1 << (base % 64);
                }
            }
        }
    }

    /// Places of a value that would make groups it is live across move away.
    fn crossed_limits<F: Function>(
        &mut self,
        func: &F,
        order: &Order,
        graph: &Graph,
        node: u32,
        distance: i32,
        highest: &mut i32,
    ) {
        for &group in graph.crossed(node) {
            let at = self.bases[group as usize];
            if at == NO_BASE {
                continue;
            }
            let facts = &graph.groups[group as usize];
            if let Clobber::Above(from) = facts.group.clobber {
                *highest = (*highest).min(at + from as i32 - 1 - distance);
                continue;
            }
            for offset in 0..facts.group.size as i32 {
                let base = at + offset - distance;
                let inside = base >= 0 && base < graph.num_regs as i32;
                if inside && graph.group_rejects(func, order, group, node, offset) {
                    self.unwanted[base as usize / 64] |= 1 << (base % 64);
                }
            }
        }
    }
}

/// The lowest number from `lowest` to `highest` that is not in the set.
fn first_zero(set: &[u64], lowest: i32, highest: i32) -> Option<i32> {
    let mut at = lowest;
    while at <= highest {
        let free = !set[at as usize / 64] >> (at % 64);
        if free != 0 {
            at += free.trailing_zeros() as i32;
            return (at <= highest).then_some(at);
        }
        at = (at / 64 + 1) * 64;
    }
    None
}

/// `into |= from >> by`, as one long number.
fn or_shifted_down(into: &mut [u64], from: &[u64], by: usize) {
    let (words, bits) = (by / 64, by % 64);
    for (at, into) in into.iter_mut().enumerate() {
        let low = from.get(at + words).copied().unwrap_or(0);
        let high = from.get(at + words + 1).copied().unwrap_or(0);
        *into |= if bits == 0 {
            low
        } else {
            low >> bits | high << (64 - bits)
        };
    }
}
