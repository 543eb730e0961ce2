//! Minor cycles: what is new is freed, what is old stays, and the barrier tells of stores between the two.

use perilune_gc::raw::{Config, GC_BARRIER, Mode, Phase, Stress};

use super::support::*;

/// A heap after a major cycle that minor ones may follow; each marking is proved and what is freed poisoned.
fn generational() -> World {
    let mut w = World::new(Config {
        mode: Mode::Generational,
        ..Config::default()
    });
    w.heap.set_poison(true);
    w.heap.set_proof(true);
    w
}

/// A minor cycle.
fn minor(w: &mut World) {
    let minors = w.heap.stats().minor_cycles;
    assert!(w.step(0));
    assert_eq!(w.heap.stats().minor_cycles, minors + 1, "the cycle was a minor one");
    assert_eq!(w.heap.phase(), Phase::Idle);
}

#[test]
fn the_new_die_and_the_old_stay() {
    let mut w = generational();
    let (kept, old) = (w.node(0, 1).unwrap(), w.node(1, 0).unwrap());
    w.roots = vec![kept, old];
    w.collect();
    assert!(w.heap.is_generational());
    w.roots = vec![kept];
    let young = w.node(2, 0).unwrap();
    w.node(3, 0).unwrap();
    w.set(kept, 0, Some(young));
    minor(&mut w);
    // 1 is garbage, but it was there before.
    assert_eq!(w.tags(), [0, 1, 2]);
    w.set(kept, 0, None);
    minor(&mut w);
    assert_eq!(w.tags(), [0, 1, 2], "2 is old by now");
    w.collect();
    assert_eq!(w.tags(), [0]);
}

#[test]
fn what_was_written_to_is_traced_once_more() {
    let mut w = generational();
    let nodes: Vec<_> = (0..100).map(|tag| w.node(tag, 2).unwrap()).collect();
    w.roots.clone_from(&nodes);
    w.collect();
    for round in 0..5 {
        for &node in &nodes {
            assert_ne!(header(node).gc & GC_BARRIER, 0);
            let (young, leaf) = (w.node(1000 + round, 1).unwrap(), w.leaf(2000 + round, 5).unwrap());
            w.set(young, 0, Some(leaf));
            w.set(node, 0, Some(young));
            assert_eq!(header(node).gc & GC_BARRIER, 0);
        }
        minor(&mut w);
    }
    // Three for each node: it, the young one that is now old, and its leaf; of the earlier rounds all are old.
    assert_eq!(w.heap.stats().live_objects, 100 + 5 * 200);
    w.collect();
    assert_eq!(w.heap.stats().live_objects, 300);
}

#[test]
#[should_panic(expected = "missed write barrier")]
fn a_missed_barrier_is_found_by_a_minor_cycle() {
    let mut w = generational();
    let old = w.node(0, 1).unwrap();
    w.roots = vec![old];
    w.collect();
    let young = w.node(1, 0).unwrap();
    // SAFETY: the object is alive. Clearing and setting the bit hides the store from the heap.
    unsafe { (*old.as_ptr()).gc &= !GC_BARRIER };
    w.set(old, 0, Some(young));
    // SAFETY: as above.
    unsafe { (*old.as_ptr()).gc |= GC_BARRIER };
    minor(&mut w);
}

#[test]
fn weak_containers_and_finalizers_of_the_new() {
    let mut w = generational();
    let (weak, ephemeron) = (w.table(0, WEAK_VALUES).unwrap(), w.table(1, EPHEMERON).unwrap());
    let old = w.node(2, 0).unwrap();
    w.roots = vec![weak, ephemeron, old];
    w.insert(weak, None, Some(old)).unwrap();
    w.collect();
    let (young, value) = (w.node(3, 0).unwrap(), w.node(4, 0).unwrap());
    w.insert(weak, None, Some(young)).unwrap();
    w.insert(ephemeron, Some(young), Some(value)).unwrap();
    // An old key keeps a new value.
    let kept = w.node(5, 0).unwrap();
    w.insert(ephemeron, Some(old), Some(kept)).unwrap();
    // SAFETY: both are alive.
    unsafe {
        w.heap.register_finalizer(old).unwrap();
        w.heap.register_finalizer(young).unwrap();
    }
    minor(&mut w);
    assert_eq!(entries(weak).len(), 1);
    // An entry whose key is being finalized is there for the finalizer.
    assert_eq!(entries(ephemeron).len(), 2);
    assert_eq!(w.heap.next_finalizable().map(tag), Some(3));
    assert_eq!(w.heap.next_finalizable(), None);
    assert_eq!(w.tags(), [0, 1, 2, 3, 4, 5]);
    w.roots = vec![weak, ephemeron];
    minor(&mut w);
    assert!(!w.heap.has_finalizable(), "what is old waits for a major cycle");
    w.collect();
    assert_eq!(w.heap.next_finalizable().map(tag), Some(2));
}

#[test]
fn empty_arenas_wait_for_the_next_minor_cycle() {
    let mut w = generational();
    let kept = w.node(0, 0).unwrap();
    w.roots = vec![kept];
    w.collect();
    let mut most = 0;
    for round in 0..20 {
        for tag in 0..20_000 {
            w.node(tag, 1).unwrap();
        }
        let large = w.blob(1, 100_000 + round).unwrap();
        w.roots.push(large);
        minor(&mut w);
        assert_eq!(w.heap.stats().live_objects, 2 + round);
        most = most.max(w.heap.stats().footprint - 110_000 * round);
    }
    assert!(most < 4 << 20, "{most} bytes are held for 1 MB");
    w.roots = vec![kept];
    w.collect();
    assert_eq!(w.heap.stats().live_objects, 1);
    assert_eq!(w.heap.stats().arenas, 1);
}

#[test]
fn a_heap_that_lives_long_is_left_alone_and_one_that_grows_is_not() {
    let mut w = World::new(Config {
        one_step: 0,
        ..Config::default()
    });
    let mut kept = Vec::new();
    for tag in 0..100_000 {
        kept.push(w.node(tag, 4).unwrap());
    }
    w.roots = kept;
    w.collect();
    let run = |w: &mut World, keep: u64| {
        let (before, mut most) = (w.heap.stats(), 0);
        for tag in 0..1_000_000 {
            let node = w.node(tag, 4).unwrap();
            if tag % 100 < keep {
                w.roots.push(node);
            }
            if w.heap.should_collect() {
                w.safepoint();
            }
            most = most.max(w.heap.bytes());
        }
        let after = w.heap.stats();
        let minor = after.minor_cycles - before.minor_cycles;
        (minor, after.collections - before.collections - minor, most)
    };
    let live = w.heap.bytes();
    let (minor, major, most) = run(&mut w, 0);
    assert!(minor > 40 && major < 5, "{minor} minor cycles, {major} others");
    assert!(most < live * 2, "{most} bytes, {live} of them alive");
    // All that is made is kept: minor cycles free nothing, and are given up.
    let (minor, major, _) = run(&mut w, 100);
    assert!(minor < 3 * major && major > 2, "{minor} minor cycles, {major} others");
    w.roots.truncate(1000);
    w.collect();
    // A loop that waits for something old to die ends.
    w.roots.truncate(1);
    let (_, major, _) = run(&mut w, 0);
    assert!(major > 0);
    assert!(w.tags().iter().filter(|&&tag| tag == 999).count() <= 1);
}

#[test]
fn modes_change_between_cycles() {
    let mut w = World::new(Config {
        one_step: 0,
        ..Config::default()
    });
    w.heap.set_proof(true);
    let root = w.node(0, 500).unwrap();
    w.roots = vec![root];
    for (round, mode) in [
        Mode::Adaptive,
        Mode::Generational,
        Mode::Incremental,
        Mode::Generational,
    ]
    .into_iter()
    .cycle()
    .take(40)
    .enumerate()
    {
        w.heap.set_mode(mode);
        for tag in 0..20_000 {
            let node = w.node(tag, 3).unwrap();
            w.set(root, tag as usize % 500, Some(node));
            if w.heap.should_collect() {
                w.safepoint();
            }
        }
        match round % 5 {
            0 => w.collect(),
            1 => {
                w.step(100);
            }
            _ => {}
        }
    }
    assert!(w.heap.stats().minor_cycles > 5);
    w.collect();
    assert_eq!(w.heap.stats().live_objects, 501);
}

#[test]
fn stress_runs_a_minor_cycle_at_every_safepoint() {
    let mut w = World::new(Config::default());
    w.heap.set_stress_mode(Stress::Minor);
    let root = w.node(0, 50).unwrap();
    w.roots = vec![root];
    for tag in 1..1000 {
        assert!(w.heap.should_collect());
        w.safepoint();
        let node = w.node(tag, 1).unwrap();
        w.set(node, 0, Some(root));
        w.set(root, tag as usize % 50, Some(node));
    }
    let stats = w.heap.stats();
    assert!(stats.minor_cycles > 900 && stats.collections > stats.minor_cycles + 50);
    w.collect();
    assert_eq!(w.heap.stats().live_objects, 51);
}
