//! The interference graph for human eyes, as text and as Graphviz.

use std::fmt::Write;

use crate::coalesce::Clusters;
use crate::graph::Graph;
use crate::live::Liveness;
use crate::order::Order;
use crate::spill::Spills;
use crate::{Function, RegFile, VReg};

/// What the first round of colouring sees.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Interference {
    num_vregs: u32,
    /// Pairs of values that must not share a register, ascending.
    pub edges: Vec<(VReg, VReg)>,
    /// Values that coalescing has put into one place, each list ascending; singles are left out.
    pub coalesced: Vec<Vec<VReg>>,
}

/// Builds the interference graph of `func` and coalesces it.
///
/// # Panics
/// When `func` breaks the rules of [`Function`].
pub fn interference<F: Function>(func: &F, regs: &RegFile) -> Interference {
    let (mut order, mut live, mut spills) = (Order::default(), Liveness::default(), Spills::default());
    order.compute(func);
    order.list_homes(func, regs);
    live.compute(func, &order);
    spills.reset(func);
    let (mut graph, mut clusters) = (Graph::default(), Clusters::default());
    let num_vregs = func.num_vregs();
    if !graph.build(func, regs, &order, &live, &spills, true) {
        // Too dense to draw, let alone to read.
        return Interference {
            num_vregs,
            edges: Vec::new(),
            coalesced: Vec::new(),
        };
    }
    clusters.coalesce(func, &order, &graph, &spills);
    let mut edges = Vec::new();
    let mut places = Vec::new();
    for node in 0..num_vregs {
        let higher = graph.neighbors(node).iter().filter(|&&other| other > node);
        edges.extend(higher.map(|&other| (VReg(node), VReg(other))));
        places.push((clusters.find(node), VReg(node)));
    }
    edges.sort_unstable();
    places.sort_unstable();
    let same = places.chunk_by(|a, b| a.0 == b.0).filter(|same| same.len() > 1);
    let coalesced = same.map(|same| same.iter().map(|&(_, vreg)| vreg).collect()).collect();
    Interference {
        num_vregs,
        edges,
        coalesced,
    }
}

impl Interference {
    /// One line per value: its neighbours; then one per coalesced set.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        for vreg in (0..self.num_vregs).map(VReg) {
            let neighbors = self.edges.iter().filter_map(|&(a, b)| match vreg {
                v if v == a => Some(b.to_string()),
                v if v == b => Some(a.to_string()),
                _ => None,
            });
            let neighbors: Vec<_> = neighbors.collect();
            line(&mut text, format_args!("{vreg}: {}", neighbors.join(" ")));
        }
        for same in &self.coalesced {
            let names: Vec<_> = same.iter().map(VReg::to_string).collect();
            line(&mut text, format_args!("{}", names.join(" = ")));
        }
        text
    }

    /// An undirected graph in the language of Graphviz; dashed edges are coalesced values.
    pub fn to_graphviz(&self) -> String {
        let mut text = String::from("graph interference {\n");
        for vreg in (0..self.num_vregs).map(VReg) {
            line(&mut text, format_args!("  {vreg};"));
        }
        for (a, b) in &self.edges {
            line(&mut text, format_args!("  {a} -- {b};"));
        }
        for same in &self.coalesced {
            for pair in same.windows(2) {
                line(&mut text, format_args!("  {} -- {} [style=dashed];", pair[0], pair[1]));
            }
        }
        text + "}\n"
    }
}

fn line(text: &mut String, args: std::fmt::Arguments<'_>) {
    writeln!(text, "{args}").expect("writing to a string cannot fail");
}
