//! The allocator from beginning to end.

use crate::coalesce::Clusters;
use crate::frame::Frame;
use crate::graph::Graph;
use crate::live::Liveness;
use crate::order::{NONE, Order};
use crate::output::{AllocError, Output};
use crate::rewrite::Rewriter;
use crate::scan::{Program, Scan};
use crate::select::Colors;
use crate::simplify::Simplified;
use crate::spill::{Class, Spills};
use crate::{Function, Options, RegFile, VReg};

/// Rounds of colouring and spilling before everything is spilled at once.
const MAX_ROUNDS: u32 = 12;

/// Memory that [`run`] uses again from function to function.
#[derive(Default)]
pub struct Ctx {
    order: Order,
    live: Liveness,
    spills: Spills,
    graph: Graph,
    clusters: Clusters,
    simplified: Simplified,
    colors: Colors,
    scan: Scan,
    frame: Frame,
    rewriter: Rewriter,
}

impl std::fmt::Debug for Ctx {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ctx")
    }
}

/// Allocates `func` with default [`Options`].
///
/// # Errors
/// See [`AllocError`].
///
/// # Panics
/// When `func` breaks the rules of [`Function`].
pub fn run<F: Function>(func: &F, regs: &RegFile, ctx: &mut Ctx) -> Result<Output, AllocError> {
    run_with(func, regs, &Options::default(), ctx)
}

/// Allocates `func`.
///
/// # Errors
/// See [`AllocError`].
///
/// # Panics
/// When `func` breaks the rules of [`Function`].
pub fn run_with<F: Function>(func: &F, regs: &RegFile, options: &Options, ctx: &mut Ctx) -> Result<Output, AllocError> {
    assert!((1..=4096).contains(&regs.allocatable), "1 to 4096 registers");
    ctx.order.compute(func);
    ctx.live.compute(func, &ctx.order);
    ctx.spills.reset(func);
    let rounds = match options.stack_order {
        true => given_homes(func, regs, ctx),
        false => color(func, regs, options, ctx),
    };
    ctx.frame.compute(func, &ctx.order, &ctx.live, &ctx.spills)?;
    let mut out = ctx
        .rewriter
        .rewrite(func, &ctx.order, &ctx.live, &ctx.spills, &ctx.frame)?;
    out.stats.rounds = rounds;
    Ok(out)
}

/// Interference, coalescing, simplification, selection; spilling and again, until all is coloured;
/// then slots. The number of rounds.
fn color<F: Function>(func: &F, regs: &RegFile, options: &Options, ctx: &mut Ctx) -> u32 {
    let Ctx {
        order,
        live,
        spills,
        graph,
        clusters,
        simplified,
        colors,
        scan,
        ..
    } = ctx;
    order.list_homes(func, regs);
    let mut edges = func.num_vregs() <= options.graph_limit;
    let mut rounds = 0;
    loop {
        rounds += 1;
        spills.make_temps(func, order);
        if rounds > MAX_ROUNDS {
            spill_all(func, order, spills);
            colors.reset(func.num_vregs() + spills.temps.len() as u32, 0);
            for &(vreg, home) in &order.homes {
                colors.regs[vreg.index()] = home.0.into();
            }
            break;
        }
        edges = graph.build(func, regs, order, live, spills, edges);
        if edges {
            clusters.coalesce(func, order, graph, spills);
            simplified.simplify(func, order, graph, clusters, spills);
            colors.select(func, order, graph, clusters, simplified);
            if colors.uncolored.is_empty() {
                colors.improve(func, order, graph, clusters, simplified);
                break;
            }
            if !colors.spill_uncolored(func, order, graph, spills) {
                rounds = MAX_ROUNDS;
            }
        } else {
            let program = Program {
                func,
                order,
                live,
                graph,
            };
            scan.run(&program, spills, Class::Reg, regs.allocatable as u32);
            if scan.spilled == 0 {
                std::mem::swap(&mut colors.regs, &mut scan.colors);
                break;
            }
        }
    }
    slots(func, regs, ctx);
    rounds
}

/// Gives up registers for values: each instruction loads what it needs. Always possible.
fn spill_all<F: Function>(func: &F, order: &Order, spills: &mut Spills) {
    for vreg in (0..func.num_vregs()).map(VReg) {
        if spills.class(vreg) == Class::Reg && func.home(vreg).is_none() {
            spills.spill(func, vreg);
        }
    }
    spills.make_temps(func, order);
}

/// Colours spill slots, and lists all homes by frame index.
fn slots<F: Function>(func: &F, regs: &RegFile, ctx: &mut Ctx) {
    let Ctx {
        order,
        live,
        spills,
        graph,
        colors,
        scan,
        frame,
        ..
    } = ctx;
    frame.check = false;
    frame.num_regs = regs.allocatable as u32;
    frame.homes.clear();
    let num_vregs = func.num_vregs() as usize;
    frame.homes.extend_from_slice(&colors.regs[..num_vregs]);
    frame.temps.clear();
    frame.temps.extend_from_slice(&colors.regs[num_vregs..]);
    if !spills.any() {
        return;
    }
    scan.run(
        &Program {
            func,
            order,
            live,
            graph,
        },
        spills,
        Class::Slot,
        NONE,
    );
    for (vreg, home) in (0..).map(VReg).zip(&mut frame.homes) {
        match spills.class(vreg) {
            Class::Reg => {}
            Class::Remat => *home = NONE,
            Class::Slot if scan.colors[vreg.index()] == NONE => *home = NONE,
            Class::Slot => *home = frame.num_regs + scan.colors[vreg.index()],
        }
    }
}

/// Takes homes from the client. Values past the registers count as spilled.
fn given_homes<F: Function>(func: &F, regs: &RegFile, ctx: &mut Ctx) -> u32 {
    let Ctx {
        order, spills, frame, ..
    } = ctx;
    frame.check = true;
    frame.num_regs = regs.allocatable as u32;
    frame.homes.clear();
    frame.homes.resize(func.num_vregs() as usize, NONE);
    for &vreg in &order.defined {
        let home = func.frame_index(vreg).0 as u32;
        frame.homes[vreg.index()] = home;
        if home >= frame.num_regs {
            spills.class[vreg.index()] = Class::Slot;
        }
    }
    spills.make_temps(func, order);
    spills.separate_places(func, order, &frame.homes);
    frame.temps.clear();
    frame.temps.resize(spills.temps.len(), NONE);
    0
}
