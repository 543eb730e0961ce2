//! Memory: counted to the byte, limited, and allowed to fail at every single allocation.

use std::alloc::Layout;

use perilune_gc::raw::{Config, Memory, OutOfMemory, RawHeap};

use super::support::*;

#[test]
fn bytes_are_blocks_and_buffers() {
    let mut w = World::new(Config::default());
    w.node(0, 0).unwrap();
    assert_eq!(w.heap.bytes(), 16);
    w.node(1, 1).unwrap();
    assert_eq!(w.heap.bytes(), 16 + 32);
    let table = w.table(2, STRONG).unwrap();
    assert_eq!(w.heap.bytes(), 16 + 32 + 32);
    w.insert(table, None, None).unwrap();
    assert_eq!(w.heap.bytes(), 80 + 2 * 16);
    w.leaf(3, 100_000).unwrap();
    assert_eq!(w.heap.bytes(), 112 + 100_016);
    assert_eq!(w.heap.memory.buffer_bytes(), 32);
    w.roots = vec![table];
    w.collect();
    assert_eq!(w.heap.bytes(), 64);
    assert_eq!(w.heap.stats().allocated_total, 112 + 100_016);
    w.roots.clear();
    w.collect();
    assert_eq!(w.heap.bytes(), 0);
    assert_eq!(w.heap.stats().footprint & 0xffff, 0, "the huge object went back");
}

#[test]
fn the_limit_holds_to_the_byte_and_leaves_the_heap_usable() {
    let mut w = World::new(Config {
        limit: Some(10_000),
        ..Config::default()
    });
    let keep = w.node(0, 0).unwrap();
    w.roots = vec![keep];
    let mut made = 1;
    while w.node(made, 1).is_ok() {
        made += 1;
        assert!(w.heap.bytes() <= 10_000);
    }
    assert_eq!(made, 1 + (10_000 - 16) / 32);
    assert_eq!(w.heap.bytes(), 10_000);
    assert_eq!(w.node(made, 0), Err(OutOfMemory));
    w.collect();
    assert_eq!(w.heap.bytes(), 16);
    assert!(w.node(1, 1).is_ok());
    assert_eq!(w.leaf(2, 1 << 40), Err(OutOfMemory));
    w.heap.set_limit(Some(20));
    assert_eq!(w.node(3, 0), Err(OutOfMemory));
    w.heap.set_limit(None);
    assert_eq!(w.heap.limit(), None);
    assert!(w.node(3, 0).is_ok());
}

#[test]
fn absurd_sizes_are_refused() {
    let mut heap = RawHeap::<Objects>::new(Config::default());
    for size in [usize::MAX, usize::MAX - 15, isize::MAX as usize, 1 << 62, 1 << 56] {
        // SAFETY: a refused object needs no body.
        let refused = unsafe { heap.alloc(LEAF, size) };
        assert_eq!(refused, Err(OutOfMemory), "{size:#x}");
        assert_eq!(heap.memory.charge(size & !(1 << 56)).is_err(), size != 1 << 56);
    }
    assert_eq!(heap.bytes(), 0);
}

#[test]
fn buffers_grow_shrink_and_fail_cleanly() {
    let mut heap = RawHeap::<Objects>::new(Config {
        limit: Some(1000),
        ..Config::default()
    });
    let mem: &mut Memory = &mut heap.memory;
    let layout = |size| Layout::from_size_align(size, 16).unwrap();
    // SAFETY: each buffer is used with the layout it has at the time.
    unsafe {
        let empty = mem.alloc(layout(0)).unwrap();
        let a = mem.realloc(empty, layout(0), 600).unwrap();
        a.write_bytes(7, 600);
        assert_eq!(mem.realloc(a, layout(600), 1001), Err(OutOfMemory));
        assert_eq!(mem.realloc(a, layout(600), usize::MAX), Err(OutOfMemory));
        let a = mem.realloc(a, layout(600), 1000).unwrap();
        assert_eq!(a.add(599).read(), 7);
        assert_eq!(mem.bytes(), 1000);
        assert_eq!(mem.alloc(layout(1)), Err(OutOfMemory));
        let a = mem.realloc(a, layout(1000), 100).unwrap();
        assert_eq!((mem.bytes(), mem.buffer_bytes()), (100, 100));
        assert_eq!(mem.allocated_total(), 1000);
        let a = mem.realloc(a, layout(100), 0).unwrap();
        mem.free(a, layout(0));
        mem.charge(1000).unwrap();
        assert_eq!(mem.charge(1), Err(OutOfMemory));
        mem.release(1000);
    }
    assert_eq!(heap.bytes(), 0);
}

/// Builds a bit of everything; stops at the first failure.
fn program(w: &mut World) -> Result<(), OutOfMemory> {
    let table = w.table(0, EPHEMERON)?;
    w.roots.push(table);
    for t in 0..40 {
        let node = w.node(1, t as usize * 7)?;
        w.roots.push(node);
        let leaf = w.leaf(2, t as usize * 900)?;
        w.insert(table, Some(node), Some(leaf))?;
        // SAFETY: the node is alive.
        unsafe { w.heap.register_finalizer(node) }?;
        if t % 8 == 7 {
            w.roots.truncate(3);
            w.collect();
            while w.heap.next_finalizable().is_some() {}
        }
    }
    Ok(())
}

#[test]
fn every_allocation_may_fail() {
    let mut failures = 0;
    for n in 1.. {
        let mut w = World::new(Config::default());
        w.heap.set_stress(true);
        w.heap.fail_after(Some(n));
        let before = w.heap.bytes();
        assert_eq!(before, 0);
        let outcome = program(&mut w);
        w.heap.fail_after(None);
        if outcome.is_ok() {
            break;
        }
        failures += 1;
        // The state is whole and goes on.
        w.roots.clear();
        w.collect();
        while w.heap.next_finalizable().is_some() {}
        w.collect();
        assert_eq!(w.heap.bytes(), 0, "after failure {n}");
        program(&mut w).unwrap();
    }
    assert!(failures > 80, "{failures}");
}

#[test]
fn the_debt_asks_for_collections_in_proportion() {
    let mut w = World::new(Config {
        floor: 4096,
        pause: 200,
        ..Config::default()
    });
    assert!(!w.heap.should_collect());
    while !w.heap.should_collect() {
        let node = w.node(0, 14).unwrap();
        w.roots.push(node);
    }
    assert_eq!(w.heap.bytes(), 4096);
    w.collect();
    assert!(!w.heap.should_collect());
    assert_eq!(w.heap.stats().threshold, 8192);
    while !w.heap.should_collect() {
        let node = w.node(0, 14).unwrap();
        w.roots.push(node);
    }
    w.collect();
    assert_eq!(w.heap.stats().threshold, 16384);
    w.heap.set_pause(400);
    w.collect();
    assert_eq!(w.heap.stats().threshold, 32768);
    w.roots.clear();
    w.collect();
    assert_eq!(w.heap.stats().threshold, 4096);
}

#[test]
fn stopping_and_stress() {
    let mut w = World::new(Config {
        floor: 100,
        ..Config::default()
    });
    w.heap.stop();
    assert!(!w.heap.is_running());
    w.leaf(0, 1000).unwrap();
    assert!(!w.heap.should_collect());
    w.heap.set_stress(true);
    assert!(!w.heap.should_collect());
    w.heap.restart();
    assert!(w.heap.should_collect());
    w.collect();
    assert!(w.heap.should_collect());
    w.heap.set_stress(false);
    assert!(!w.heap.should_collect());
}

#[test]
fn armed_injection_does_not_disturb_the_debt() {
    let mut w = World::new(Config {
        floor: 1000,
        limit: Some(5000),
        ..Config::default()
    });
    w.heap.fail_after(Some(100));
    assert!(!w.heap.should_collect());
    w.leaf(0, 1008).unwrap();
    assert!(w.heap.should_collect());
    assert_eq!(w.leaf(0, 4000), Err(OutOfMemory));
    w.heap.fail_after(None);
    assert_eq!(w.heap.bytes(), 1024);
}
