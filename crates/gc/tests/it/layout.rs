//! Placement: identity, reuse of free runs, poison, memory given back.

use perilune_gc::raw::{Config, RawHeap};

use super::support::*;

#[test]
fn free_runs_are_filled_before_new_arenas() {
    let mut w = World::new(Config::default());
    let nodes: Vec<_> = (0..20_000).map(|t| w.node(t, 4).unwrap()).collect();
    let arenas = w.heap.stats().arenas;
    w.roots = nodes.iter().copied().step_by(3).collect();
    w.collect();
    assert_eq!(w.heap.stats().arenas, arenas, "no arena is empty");
    for t in 20_000..33_000 {
        w.node(t, 4).unwrap();
    }
    assert_eq!(w.heap.stats().arenas, arenas);
    for (index, &node) in w.roots.iter().enumerate() {
        assert_eq!(tag(node), index as u64 * 3, "nothing was placed over a survivor");
    }
    assert_eq!(w.heap.stats().live_objects, 6667 + 13_000);
}

#[test]
fn empty_arenas_go_back() {
    let mut w = World::new(Config::default());
    for t in 0..100_000 {
        w.node(t, 6).unwrap();
    }
    let before = w.heap.stats().footprint;
    assert!(before >= 6_400_000);
    w.collect();
    let stats = w.heap.stats();
    assert_eq!(stats.arenas, 0);
    assert!(stats.footprint <= 2 << 20, "{}", stats.footprint);
}

#[test]
fn poison_covers_what_is_freed() {
    let mut w = World::new(Config::default());
    w.heap.set_stress(true);
    let keep = w.node(1, 5).unwrap();
    let dead = w.node(2, 5).unwrap();
    w.roots = vec![keep];
    w.collect();
    assert_eq!(tag(keep), 1);
    // SAFETY: the arena is kept by its other object, and the block is not in use.
    unsafe {
        assert_eq!(dead.cast::<u8>().read(), 0, "kind of a free cell");
        assert_eq!(dead.cast::<[u8; 63]>().byte_add(1).read(), [0x55; 63]);
    }
}

#[test]
fn ids_do_not_depend_on_addresses() {
    let run = |perturb: usize| {
        let mut other = World::new(Config::default());
        for t in 0..perturb {
            other.node(t as u64, 100).unwrap();
        }
        let mut w = World::new(Config::default());
        let mut ids = Vec::new();
        for t in 0..3000 {
            let node = w.node(t, t as usize % 50).unwrap();
            let leaf = w.leaf(t, t as usize * 37 % 70_000).unwrap();
            ids.extend([node, leaf].map(RawHeap::<Objects>::id));
            if t % 5 == 0 {
                w.roots.push(node);
            }
            if w.heap.should_collect() {
                w.collect();
            }
        }
        ids
    };
    assert_eq!(run(0), run(5000));
}

#[test]
fn objects_are_aligned_to_a_cell() {
    let mut w = World::new(Config::default());
    for count in [0, 1, 2, 3, 30, 100, 1000, 3000, 5000, 20_000] {
        let node = w.node(0, count).unwrap();
        assert_eq!(node.addr().get() % 16, 0);
        assert_ne!(RawHeap::<Objects>::id(node), 0);
    }
    assert_eq!(w.heap.stats().huge_objects, 2);
}
