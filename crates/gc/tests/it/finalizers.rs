//! Finalizers: order, resurrection, the end of the program.

use perilune_gc::raw::{Config, GC_FINALIZER, Ptr};

use super::support::*;

fn register(w: &mut World, obj: Ptr) {
    // SAFETY: the tests register objects that are alive.
    unsafe { w.heap.register_finalizer(obj) }.unwrap();
}

fn drain(w: &mut World) -> Vec<u64> {
    std::iter::from_fn(|| w.heap.next_finalizable()).map(tag).collect()
}

#[test]
fn the_last_registered_comes_first() {
    let mut w = World::new(Config::default());
    let nodes: Vec<_> = (0..6).map(|t| w.node(t, 0).unwrap()).collect();
    for index in [3, 0, 5, 1] {
        register(&mut w, nodes[index]);
        register(&mut w, nodes[index]);
    }
    w.roots = vec![nodes[5]];
    w.collect();
    assert!(w.heap.has_finalizable());
    assert_eq!(w.heap.stats().finalizers, 4);
    assert_eq!(drain(&mut w), [1, 0, 3]);
    assert_eq!(w.heap.stats().finalizers, 1);
}

#[test]
fn objects_that_become_garbage_later_queue_behind() {
    let mut w = World::new(Config::default());
    let (a, b) = (w.node(0, 0).unwrap(), w.node(1, 0).unwrap());
    register(&mut w, b);
    register(&mut w, a);
    w.roots = vec![a];
    w.collect();
    w.roots.clear();
    w.collect();
    assert_eq!(drain(&mut w), [1, 0]);
}

#[test]
fn pending_objects_keep_what_they_reach() {
    let mut w = World::new(Config::default());
    w.heap.set_stress(true);
    let (obj, child) = (w.node(0, 1).unwrap(), w.leaf(1, 3).unwrap());
    w.set(obj, 0, Some(child));
    register(&mut w, obj);
    for _ in 0..3 {
        w.collect();
        assert_eq!(w.heap.stats().live_objects, 2);
    }
    let obj = w.heap.next_finalizable().unwrap();
    assert!(leaf_is_whole(children(obj)[0].unwrap()));
    w.collect();
    assert_eq!(w.heap.stats().live_objects, 0);
}

#[test]
fn a_finalized_object_may_register_again() {
    let mut w = World::new(Config::default());
    let obj = w.node(0, 0).unwrap();
    for _ in 0..3 {
        register(&mut w, obj);
        assert_ne!(header(obj).gc & GC_FINALIZER, 0);
        w.collect();
        assert_eq!(w.heap.next_finalizable(), Some(obj));
        assert_eq!(header(obj).gc & GC_FINALIZER, 0);
    }
    w.collect();
    assert_eq!(w.heap.next_finalizable(), None);
    assert_eq!(w.heap.stats().live_objects, 0);
}

#[test]
fn the_end_finalizes_all() {
    let mut w = World::new(Config::default());
    let nodes: Vec<_> = (0..4).map(|t| w.node(t, 0).unwrap()).collect();
    nodes.iter().for_each(|&n| register(&mut w, n));
    w.roots = nodes;
    w.heap.finalize_all();
    assert_eq!(drain(&mut w), [3, 2, 1, 0]);
}
