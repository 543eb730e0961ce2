//! Cycles in steps: random changes between them, each marking proved, what is freed poisoned.

use std::collections::BTreeSet;

use perilune_gc::raw::{Config, GC_BARRIER, Mode, Phase, Ptr, Stress};

use super::support::*;

/// A program that uses only what its roots reach, as a client does that has a collection between any two of its
/// actions.
struct Program {
    world: World,
    seed: u64,
    next: u64,
}

impl Program {
    fn new(seed: u64, gray_limit: usize) -> Program {
        Program::with_mode(seed, gray_limit, Mode::Incremental)
    }

    fn with_mode(seed: u64, gray_limit: usize, mode: Mode) -> Program {
        let mut world = World::new(Config {
            gray_limit,
            one_step: 0,
            mode,
            ..Config::default()
        });
        world.heap.set_poison(true);
        world.heap.set_proof(true);
        Program { world, seed, next: 0 }
    }

    /// Knuth's MMIX generator; its upper half is good enough.
    fn random(&mut self, below: usize) -> usize {
        self.seed = self
            .seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.seed >> 33) as usize % below
    }

    /// A random object that the roots reach.
    fn pick(&mut self) -> Option<Ptr> {
        if self.world.roots.is_empty() {
            return None;
        }
        let root = self.random(self.world.roots.len());
        let mut at = self.world.roots[root];
        for _ in 0..self.random(8) {
            let below = strong(at);
            if below.is_empty() {
                break;
            }
            let child = self.random(below.len());
            at = below[child];
        }
        assert_ne!(header(at).kind, 0, "a reachable object was freed");
        Some(at)
    }

    fn make(&mut self) -> Ptr {
        let tag = self.next;
        self.next += 1;
        let size = self.random(6);
        match self.random(8) {
            0 => self.world.leaf(tag, size * 9),
            1 => self.world.blob(tag, size * 7000),
            2 => self.world.table(tag, (tag % 4) as u16),
            _ => self.world.node(tag, 1 + size),
        }
        .expect("there is no limit")
    }

    fn act(&mut self) {
        let made = self.make();
        let at = self.pick();
        match (self.random(10), at) {
            (0, _) | (_, None) => self.world.roots.push(made),
            (1, _) => {
                let root = self.random(self.world.roots.len());
                self.world.roots.remove(root);
            }
            (2, Some(at)) => {
                // SAFETY: the object is reachable.
                unsafe { self.world.heap.register_finalizer(at) }.expect("there is no limit");
            }
            (3, Some(at)) => {
                self.link(at, None, made);
                if let Some(obj) = self.world.heap.next_finalizable() {
                    self.world.roots.push(obj);
                }
            }
            (4 | 5, Some(at)) => {
                let other = self.pick();
                self.link(at, Some(made), other.unwrap_or(made));
            }
            (_, Some(at)) => self.link(at, None, made),
        }
    }

    /// Makes `value` a child of `at`, if that can have children.
    fn link(&mut self, at: Ptr, key: Option<Ptr>, value: Ptr) {
        match header(at).kind {
            NODE if header(at).word > 0 => {
                let index = self.random(header(at).word as usize);
                self.world.set(at, index, Some(value));
            }
            TABLE => self
                .world
                .insert(at, key.or(Some(value)), Some(value))
                .expect("there is no limit"),
            _ => {}
        }
    }
}

/// The children that an object keeps alive by itself.
fn strong(obj: Ptr) -> Vec<Ptr> {
    match header(obj).kind {
        NODE => children(obj).into_iter().flatten().collect(),
        TABLE if header(obj).aux == STRONG => entries(obj)
            .into_iter()
            .flat_map(|e| [e.key, e.value])
            .flatten()
            .collect(),
        _ => Vec::new(),
    }
}

fn reachable(roots: &[Ptr]) -> BTreeSet<Ptr> {
    let mut seen = BTreeSet::new();
    let mut todo = roots.to_vec();
    while let Some(obj) = todo.pop() {
        if seen.insert(obj) {
            assert_ne!(header(obj).kind, 0, "a reachable object was freed");
            todo.extend(strong(obj));
        }
    }
    seen
}

fn run(seed: u64, gray_limit: usize) -> u64 {
    run_program(Program::new(seed, gray_limit))
}

fn run_program(mut p: Program) -> u64 {
    let mut cycles = 0;
    for action in 0..3000 {
        p.act();
        let bytes = 8 * (1 + p.random(40));
        cycles += u64::from(p.world.step(bytes));
        if action % 500 == 0 {
            reachable(&p.world.roots);
        }
    }
    let kept = reachable(&p.world.roots).len();
    p.world.collect();
    assert!(p.world.heap.stats().live_objects >= kept);
    assert_eq!(p.world.heap.phase(), Phase::Idle);
    let ids = p.world.ids();
    assert!(ids.is_sorted_by(|a, b| a < b), "ids are unique and enumerated in order");
    p.world.roots.clear();
    // What waits for its finalizer keeps others with finalizers alive once more.
    for _ in 0..4 {
        p.world.collect();
        while p.world.heap.next_finalizable().is_some() {}
    }
    assert_eq!(p.world.heap.stats().live_objects, 0);
    assert_eq!(p.world.heap.bytes(), 0);
    cycles
}

#[test]
fn random_programs_between_steps() {
    let cycles: u64 = (0..20).map(|seed| run(seed, usize::MAX)).sum();
    assert!(cycles > 40, "{cycles} cycles are too few to prove much");
}

#[test]
fn random_programs_between_steps_with_a_gray_stack_that_overflows() {
    for seed in 100..105 {
        run(seed, 2);
    }
}

#[test]
fn random_programs_with_minor_cycles() {
    for seed in 200..208 {
        let mut p = Program::with_mode(seed, if seed < 206 { usize::MAX } else { 2 }, Mode::Generational);
        p.world.collect();
        run_program(p);
    }
}

#[test]
fn random_programs_whose_heap_decides() {
    let mut minor = 0;
    for seed in 300..310 {
        let mut p = Program::with_mode(seed, usize::MAX, Mode::Adaptive);
        p.world.heap.set_pace(100, 1000);
        for _ in 0..1000 {
            p.act();
        }
        for _ in 0..10_000 {
            p.act();
            if p.world.heap.should_collect() {
                p.world.safepoint();
            }
        }
        reachable(&p.world.roots);
        minor += p.world.heap.stats().minor_cycles;
    }
    assert!(minor > 20, "{minor} cycles are too few to prove much");
}

#[test]
#[should_panic(expected = "missed write barrier")]
fn a_missed_barrier_is_found_by_proof() {
    let mut p = Program::new(1, usize::MAX);
    let old = p.world.node(0, 1).unwrap();
    p.world.roots = vec![old];
    for tag in 1..100 {
        let more = p.world.node(tag, 0).unwrap();
        p.world.roots.push(more);
    }
    while header(old).gc & GC_BARRIER == 0 {
        assert!(!p.world.step(8), "the cycle cannot end so soon");
    }
    let young = p.world.node(100, 0).unwrap();
    // SAFETY: the object is alive. Clearing and setting the bit hides the store from the heap.
    unsafe { (*old.as_ptr()).gc &= !GC_BARRIER };
    p.world.set(old, 0, Some(young));
    // SAFETY: as above.
    unsafe { (*old.as_ptr()).gc |= GC_BARRIER };
    while !p.world.step(8) {}
}

#[test]
fn a_store_between_steps_keeps_its_child() {
    let mut p = Program::new(1, usize::MAX);
    let old = p.world.node(0, 2).unwrap();
    p.world.roots = vec![old];
    for tag in 1..200 {
        let more = p.world.node(tag, 0).unwrap();
        p.world.roots.push(more);
    }
    while header(old).gc & GC_BARRIER == 0 {
        p.world.step(8);
    }
    assert_eq!(p.world.heap.phase(), Phase::Mark);
    let (young, large) = (p.world.node(1000, 0).unwrap(), p.world.node(1001, 0).unwrap());
    // SAFETY: both are alive.
    unsafe { p.world.heap.barrier_forward(old, [Some(large), None], true, 0) };
    assert_ne!(header(old).gc & GC_BARRIER, 0, "it need not be traced again");
    p.world.set(old, 0, Some(young));
    p.world.set(old, 1, Some(large));
    assert_eq!(header(old).gc & GC_BARRIER, 0);
    while !p.world.step(8) {}
    assert_eq!(
        children(old).into_iter().flatten().map(tag).collect::<Vec<_>>(),
        [1000, 1001]
    );
    assert_eq!(p.world.heap.stats().live_objects, 202);
}

#[test]
fn steps_follow_allocation_and_end_in_time() {
    let mut w = World::new(Config {
        one_step: 0,
        ..Config::default()
    });
    for tag in 0..50_000 {
        let node = w.node(tag, 2).unwrap();
        w.roots.push(node);
    }
    w.collect();
    let live = w.heap.bytes();
    let mut most = 0;
    for tag in 0..500_000 {
        w.node(tag, 2).unwrap();
        if w.heap.should_collect() {
            w.safepoint();
        }
        most = most.max(w.heap.bytes());
    }
    assert!(w.heap.stats().collections > 5);
    assert!(most < live * 5 / 2, "{most} bytes, {live} of them alive");
}

#[test]
fn stress_steps_at_every_safepoint() {
    let mut w = World::new(Config::default());
    w.heap.set_stress_mode(Stress::Step);
    let root = w.node(0, 50).unwrap();
    w.roots = vec![root];
    for tag in 1..2000 {
        assert!(w.heap.should_collect());
        w.safepoint();
        let node = w.node(tag, 1).unwrap();
        w.set(node, 0, Some(root));
        w.set(root, tag as usize % 50, Some(node));
    }
    assert!(w.heap.stats().collections > 3);
    w.collect();
    assert_eq!(w.heap.stats().live_objects, 51);
}
