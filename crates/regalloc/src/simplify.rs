//! Simplification: the order in which clusters get their places.
//!
//! A cluster whose every value has fewer than N neighbours left can be placed last, whatever the
//! rest does, so it is removed (Chaitin 1982). Among those the one that is defined last goes
//! first: selection, which runs backwards, then places values in dominance order, and long-lived
//! locals get the low registers that call windows must lie above. When no cluster is removable,
//! the one that is cheapest to spill for the edges it frees is removed in the hope that it will
//! find a place all the same (Briggs, Cooper and Torczon 1994).

use std::collections::BinaryHeap;

use crate::coalesce::Clusters;
use crate::graph::Graph;
use crate::order::{NONE, Order};
use crate::spill::Spills;
use crate::{Function, VReg};

/// The result: roots of clusters in the order of selection.
#[derive(Default)]
pub(crate) struct Simplified {
    /// Roots, first to be placed first.
    pub order: Vec<u32>,
    /// Roots by the definition of their first value.
    defined: Vec<u32>,
    rank: Vec<u32>,
    degree: Vec<u32>,
    /// By root: how many of its values have N neighbours or more.
    significant: Vec<u32>,
    removed: Vec<bool>,
    ready: BinaryHeap<(u32, u32)>,
    members: Vec<(u32, i32)>,
    candidates: Vec<(f32, u32)>,
}

impl Simplified {
    pub fn simplify<F: Function>(
        &mut self,
        func: &F,
        order: &Order,
        graph: &Graph,
        clusters: &mut Clusters,
        spills: &mut Spills,
    ) {
        self.rank_roots(func, order, graph, clusters, spills);
        let limit = graph.num_regs as u32;
        self.degree.clear();
        self.degree.extend((0..graph.num_nodes).map(|node| graph.degree(node)));
        self.order.clear();
        if self.degree.iter().all(|&degree| degree < limit) {
            // Everything is removable at once: dominance order it is.
            self.order.extend_from_slice(&self.defined);
        } else {
            self.remove_all(func, order, graph, clusters, spills, limit);
            self.order.reverse();
        }
        // What has an absolute place gets it before anything else.
        let frame = clusters.frame();
        self.order.retain(|&root| root != frame);
        self.order.insert(0, frame);
    }

    /// Lists the clusters that have values, in the order of the first definition in each.
    fn rank_roots<F: Function>(
        &mut self,
        func: &F,
        order: &Order,
        graph: &Graph,
        clusters: &mut Clusters,
        spills: &Spills,
    ) {
        self.defined.clear();
        self.rank.clear();
        self.rank.resize(clusters.frame() as usize + 1, NONE);
        let in_regs = |vreg: &&VReg| spills.class(**vreg) == crate::spill::Class::Reg;
        let values = order.defined.iter().filter(in_regs).map(|vreg| vreg.0);
        for node in values.chain(func.num_vregs()..graph.num_nodes) {
            let (root, _) = clusters.find(node);
            let rank = &mut self.rank[root as usize];
            if *rank == NONE {
                *rank = self.defined.len() as u32;
                self.defined.push(root);
            }
        }
    }

    fn remove_all<F: Function>(
        &mut self,
        func: &F,
        order: &Order,
        graph: &Graph,
        clusters: &mut Clusters,
        spills: &mut Spills,
        limit: u32,
    ) {
        self.significant.clear();
        self.significant.resize(self.rank.len(), 0);
        self.removed.clear();
        self.removed.resize(self.rank.len(), false);
        for node in 0..graph.num_nodes {
            if self.degree[node as usize] >= limit {
                self.significant[clusters.find(node).0 as usize] += 1;
            }
        }
        self.ready.clear();
        for (rank, &root) in (0..).zip(&self.defined) {
            if self.significant[root as usize] == 0 {
                self.ready.push((rank, root));
            }
        }
        self.candidates.clear();
        let mut next_candidate = None;
        loop {
            let root = if let Some((_, root)) = self.ready.pop() {
                root
            } else {
                let next = next_candidate.get_or_insert_with(|| {
                    self.candidates =
                        spill_candidates(func, order, graph, clusters, spills, &self.defined, &mut self.members);
                    0
                });
                let Some(&(_, root)) = self.candidates.get(*next) else {
                    return;
                };
                *next += 1;
                root
            };
            if !std::mem::replace(&mut self.removed[root as usize], true) {
                self.order.push(root);
                self.lower_neighbors(graph, clusters, root, limit);
            }
        }
    }

    fn lower_neighbors(&mut self, graph: &Graph, clusters: &mut Clusters, root: u32, limit: u32) {
        self.members.clear();
        clusters.members(root, &mut self.members);
        for &(element, _) in &self.members {
            if !clusters.is_node(element) {
                continue;
            }
            for &other in graph.neighbors(element) {
                let degree = &mut self.degree[other as usize];
                *degree -= 1;
                if *degree + 1 == limit {
                    let (root, _) = clusters.find(other);
                    self.significant[root as usize] -= 1;
                    if self.significant[root as usize] == 0 {
                        self.ready.push((self.rank[root as usize], root));
                    }
                }
            }
        }
    }
}

/// All clusters, the cheapest to spill for the edges it frees first.
fn spill_candidates<F: Function>(
    func: &F,
    order: &Order,
    graph: &Graph,
    clusters: &mut Clusters,
    spills: &mut Spills,
    roots: &[u32],
    members: &mut Vec<(u32, i32)>,
) -> Vec<(f32, u32)> {
    let mut candidates = Vec::with_capacity(roots.len());
    for &root in roots {
        members.clear();
        clusters.members(root, members);
        let (mut cost, mut degree) = (0.0, 1.0);
        for &(element, _) in members.iter() {
            if !clusters.is_node(element) {
                continue;
            }
            degree += graph.degree(element) as f32;
            cost += match element < func.num_vregs() {
                true => spills.cost(func, order, VReg(element)),
                false => f32::INFINITY,
            };
        }
        candidates.push((cost / degree, root));
    }
    candidates.sort_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)));
    candidates
}
