//! The write barrier's test mode.

use perilune_gc::raw::{Config, GC_BARRIER};

use super::support::*;

#[test]
fn survivors_ask_for_the_barrier_and_forget_it_after() {
    let mut w = World::new(Config::default());
    let (old, text) = (w.node(0, 1).unwrap(), w.leaf(1, 4).unwrap());
    w.set(old, 0, Some(text));
    w.roots = vec![old];
    w.collect();
    assert_eq!(header(old).gc & GC_BARRIER, 0);
    w.heap.set_barrier_test(true);
    w.collect();
    assert_ne!(header(old).gc & GC_BARRIER, 0);
    assert_eq!(header(text).gc & GC_BARRIER, 0, "leaves hold nothing");
    let young = w.node(2, 0).unwrap();
    w.set(old, 0, Some(young));
    assert_eq!(header(old).gc & GC_BARRIER, 0);
    w.collect();
    assert_ne!(header(old).gc & GC_BARRIER, 0);
    w.heap.set_barrier_test(false);
    assert_eq!(header(old).gc & GC_BARRIER, 0);
    assert_eq!(w.heap.stats().live_objects, 2);
}

#[test]
#[should_panic(expected = "missed write barrier")]
fn a_missed_barrier_is_found() {
    let mut w = World::new(Config::default());
    w.heap.set_barrier_test(true);
    let old = w.node(0, 1).unwrap();
    w.roots = vec![old];
    w.collect();
    let young = w.node(1, 0).unwrap();
    // SAFETY: the object is alive. Clearing and setting the bit hides the store from the heap.
    unsafe { (*old.as_ptr()).gc &= !GC_BARRIER };
    w.set(old, 0, Some(young));
    // SAFETY: as above.
    unsafe { (*old.as_ptr()).gc |= GC_BARRIER };
    w.collect();
}
