//! Weak containers: what goes, what stays, and when.

use perilune_gc::raw::Config;

use super::support::*;

/// Keys and values of a table's entries, by tag.
fn shape(table: perilune_gc::raw::Ptr) -> Vec<(Option<u64>, Option<u64>)> {
    entries(table)
        .iter()
        .map(|e| (e.key.map(tag), e.value.map(tag)))
        .collect()
}

#[test]
fn weak_values_go_and_their_keys_stay_alive() {
    let mut w = World::new(Config::default());
    let table = w.table(0, WEAK_VALUES).unwrap();
    let (key, dead, kept) = (w.node(1, 0).unwrap(), w.node(2, 0).unwrap(), w.node(3, 0).unwrap());
    let text = w.leaf(4, 10).unwrap();
    w.insert(table, Some(key), Some(dead)).unwrap();
    w.insert(table, None, Some(kept)).unwrap();
    w.insert(table, None, Some(text)).unwrap();
    w.roots = vec![table, kept];
    w.collect();
    assert_eq!(
        shape(table),
        [(None, Some(3)), (None, Some(4))],
        "strings are values, never weak"
    );
    assert_eq!(
        w.heap.stats().live_objects,
        4,
        "the key was reachable when the cycle ran"
    );
    w.collect();
    assert_eq!(w.heap.stats().live_objects, 3);
}

#[test]
fn an_ephemeron_chain_converges_in_either_order() {
    for reverse in [false, true] {
        let mut w = World::new(Config::default());
        let table = w.table(0, EPHEMERON).unwrap();
        let nodes: Vec<_> = (1..=5000).map(|t| w.node(t, 0).unwrap()).collect();
        let mut pairs: Vec<_> = nodes.windows(2).map(|p| (p[0], p[1])).collect();
        if reverse {
            pairs.reverse();
        }
        for (key, value) in pairs {
            w.insert(table, Some(key), Some(value)).unwrap();
        }
        w.roots = vec![table, nodes[0]];
        w.collect();
        assert_eq!(w.heap.stats().live_objects, 5001);
        w.roots = vec![table, nodes[2500]];
        w.collect();
        assert_eq!(w.heap.stats().live_objects, 2501);
        w.roots = vec![table];
        w.collect();
        assert_eq!(w.heap.stats().live_objects, 1);
        assert!(entries(table).is_empty());
    }
}

#[test]
fn an_ephemeron_value_does_not_keep_its_own_key() {
    let mut w = World::new(Config::default());
    let table = w.table(0, EPHEMERON).unwrap();
    let (key, value) = (w.node(1, 0).unwrap(), w.node(2, 1).unwrap());
    w.set(value, 0, Some(key));
    w.insert(table, Some(key), Some(value)).unwrap();
    w.roots = vec![table];
    w.collect();
    assert_eq!(w.tags(), [0]);
}

#[test]
fn an_ephemeron_table_found_through_an_ephemeron_counts() {
    let mut w = World::new(Config::default());
    let (outer, inner) = (w.table(0, EPHEMERON).unwrap(), w.table(1, EPHEMERON).unwrap());
    let (key, value) = (w.node(2, 0).unwrap(), w.node(3, 0).unwrap());
    w.insert(outer, Some(key), Some(inner)).unwrap();
    w.insert(inner, Some(key), Some(value)).unwrap();
    w.roots = vec![outer, key];
    w.collect();
    assert_eq!(w.heap.stats().live_objects, 4);
}

#[test]
fn values_are_cleared_before_resurrection_and_keys_after() {
    let mut w = World::new(Config::default());
    let (values, keys) = (w.table(0, WEAK_VALUES).unwrap(), w.table(1, EPHEMERON).unwrap());
    let obj = w.node(2, 1).unwrap();
    let held = w.node(3, 0).unwrap();
    w.set(obj, 0, Some(held));
    for table in [values, keys] {
        let (key, value) = if table == keys {
            (Some(obj), Some(held))
        } else {
            (None, Some(obj))
        };
        w.insert(table, key, value).unwrap();
    }
    // SAFETY: the object is alive.
    unsafe { w.heap.register_finalizer(obj) }.unwrap();
    w.roots = vec![values, keys];
    w.collect();
    assert!(
        entries(values).is_empty(),
        "a finalizer must not find itself by a weak value"
    );
    assert_eq!(
        shape(keys),
        [(Some(2), Some(3))],
        "but may find what hangs on it by a weak key"
    );
    assert_eq!(w.heap.next_finalizable().map(tag), Some(2));
    w.collect();
    assert!(entries(keys).is_empty());
    assert_eq!(w.heap.stats().live_objects, 2);
}

#[test]
fn a_resurrected_weak_table_is_cleared_too() {
    let mut w = World::new(Config::default());
    let obj = w.node(0, 1).unwrap();
    let table = w.table(1, WEAK_VALUES).unwrap();
    let value = w.node(2, 0).unwrap();
    w.insert(table, None, Some(value)).unwrap();
    w.set(obj, 0, Some(table));
    // SAFETY: the object is alive.
    unsafe { w.heap.register_finalizer(obj) }.unwrap();
    w.collect();
    assert!(entries(table).is_empty());
    assert_eq!(w.heap.stats().live_objects, 2);
}

#[test]
fn a_pointerless_key_that_is_marked_late_brings_its_value() {
    let mut w = World::new(Config::default());
    let table = w.table(0, EPHEMERON).unwrap();
    let (key, holder) = (w.node(1, 0).unwrap(), w.node(2, 1).unwrap());
    let (blob, value) = (w.blob(3, 8).unwrap(), w.node(4, 0).unwrap());
    w.set(holder, 0, Some(blob));
    w.insert(table, Some(blob), Some(value)).unwrap();
    w.insert(table, Some(key), Some(holder)).unwrap();
    w.roots = vec![table, key];
    w.collect();
    assert_eq!(w.heap.stats().live_objects, 5);
    w.roots = vec![table];
    w.collect();
    assert_eq!(w.tags(), [0]);
}
