//! Allocation, marking and sweeping of the lower floor.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use perilune_gc::raw::{Config, Header, Memory, Model, Ptr, RawHeap, Roots, Tracer, WeakPhase};

const NODE: u8 = 1;

/// 64 bytes, as a small table has.
#[repr(C)]
struct Node {
    header: Header,
    left: Option<Ptr>,
    right: Option<Ptr>,
    rest: [u64; 5],
}

const _: () = assert!(size_of::<Node>() == 64);

struct Nodes;

// SAFETY: `trace` marks both children, which are all that a node holds.
unsafe impl Model for Nodes {
    type Client = ();
    const DROP_KINDS: u64 = 0;
    const LEAF_KINDS: u64 = 0;

    unsafe fn trace(obj: Ptr, t: &mut Tracer) {
        // SAFETY: every object is a node.
        let node = unsafe { obj.cast::<Node>().as_ref() };
        if let Some(left) = node.left {
            t.mark(left);
        }
        if let Some(right) = node.right {
            t.mark(right);
        }
    }

    unsafe fn size(_: Ptr) -> usize {
        size_of::<Node>()
    }

    unsafe fn drop(_: Ptr, _: &mut Memory, (): &mut ()) {}
}

struct Stack(Vec<Ptr>);

// SAFETY: the benchmarks keep nothing else across a collection.
unsafe impl Roots for Stack {
    fn trace(&mut self, t: &mut Tracer) {
        self.0.iter().for_each(|&obj| t.mark(obj));
    }

    fn weak(&mut self, _: &mut WeakPhase<'_>) {}
}

#[inline(always)]
fn node(heap: &mut RawHeap<Nodes>, left: Option<Ptr>, right: Option<Ptr>) -> Ptr {
    // SAFETY: the parts that the trace reads are written at once.
    unsafe {
        let obj = heap.alloc(NODE, size_of::<Node>()).expect("there is no limit");
        let place = obj.cast::<Node>().as_ptr();
        (&raw mut (*place).left).write(left);
        (&raw mut (*place).right).write(right);
        obj
    }
}

/// A full binary tree, built leaves first; its parts are kept on the stack.
fn tree(heap: &mut RawHeap<Nodes>, stack: &mut Stack, depth: u32) -> Ptr {
    if heap.should_collect() {
        // SAFETY: all that is kept is on the stack.
        unsafe { heap.collect(stack) };
    }
    if depth == 0 {
        return node(heap, None, None);
    }
    let left = tree(heap, stack, depth - 1);
    stack.0.push(left);
    let right = tree(heap, stack, depth - 1);
    stack.0.pop();
    node(heap, Some(left), Some(right))
}

fn heap(c: &mut Criterion) {
    let mut group = c.benchmark_group("heap");
    group.throughput(Throughput::Elements(1000));
    group.bench_function("alloc 1000 x 64 bytes, all garbage", |b| {
        let mut heap = RawHeap::<Nodes>::new(Config::default());
        let mut none = Stack(Vec::new());
        b.iter(|| {
            for _ in 0..1000 {
                black_box(node(&mut heap, None, None));
            }
            if heap.should_collect() {
                // SAFETY: nothing is kept.
                unsafe { heap.collect(&mut none) };
            }
        });
    });
    group.throughput(Throughput::Elements(20 * ((1 << 13) - 1)));
    group.bench_function("20 trees of depth 12 above a kept one of depth 16", |b| {
        let mut heap = RawHeap::<Nodes>::new(Config::default());
        let mut stack = Stack(Vec::new());
        let kept = tree(&mut heap, &mut stack, 16);
        stack.0.push(kept);
        b.iter(|| {
            for _ in 0..20 {
                black_box(tree(&mut heap, &mut stack, 12));
            }
        });
    });
    let count = (1 << 20) - 1;
    group.sample_size(10);
    group.throughput(Throughput::Elements(count));
    group.bench_function("mark a tree of 2^20 nodes", |b| {
        let mut heap = RawHeap::<Nodes>::new(Config::default());
        let mut stack = Stack(Vec::new());
        let kept = tree(&mut heap, &mut stack, 19);
        stack.0.push(kept);
        // SAFETY: the tree is on the stack.
        b.iter(|| unsafe { heap.collect(&mut stack) });
    });
    group.throughput(Throughput::Bytes(count * 64));
    group.bench_function("sweep 64 MB of garbage", |b| {
        b.iter_batched(
            || {
                let mut heap = RawHeap::<Nodes>::new(Config::default());
                heap.stop();
                tree(&mut heap, &mut Stack(Vec::new()), 19);
                heap
            },
            |mut heap| {
                // SAFETY: nothing is kept.
                unsafe { heap.collect(&mut Stack(Vec::new())) };
                heap
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

criterion_group!(benches, heap);
criterion_main!(benches);
