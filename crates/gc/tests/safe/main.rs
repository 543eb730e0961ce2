//! Tests of the upper floor, as a client without unsafe code.
#![forbid(unsafe_code)]

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use arbitrary::Unstructured;
use perilune_gc::{Config, Gc, GcWeak, Heap, Lock, RefLock, Rootable, Static, traced};

traced! {
    struct Node<'gc> {
        tag: u32,
        edges: Edges<'gc>,
        text: String,
    }

    struct World<'gc> {
        roots: Vec<Gc<'gc, Node<'gc>>>,
        weak: Vec<(u32, GcWeak<'gc, Node<'gc>>)>,
    }
}

type Edges<'gc> = Gc<'gc, RefLock<Vec<Gc<'gc, Node<'gc>>>>>;

struct Graph;
impl Rootable for Graph {
    type Root<'gc> = World<'gc>;
}

fn graph() -> Heap<Graph> {
    Heap::new(|_| World {
        roots: Vec::new(),
        weak: Vec::new(),
    })
}

/// The tags of the nodes that the world reaches, with their edges.
fn reachable(world: &World<'_>) -> BTreeMap<u32, Vec<u32>> {
    let mut seen = BTreeMap::new();
    let mut stack = world.roots.clone();
    while let Some(node) = stack.pop() {
        let edges = node.edges.borrow();
        assert_eq!(node.text, format!("node {}", node.tag));
        if seen.insert(node.tag, edges.iter().map(|e| e.tag).collect()).is_none() {
            stack.extend(edges.iter());
        }
    }
    seen
}

fn random_graph(u: &mut Unstructured<'_>) -> arbitrary::Result<()> {
    let mut heap = graph();
    heap.set_stress(u.arbitrary()?);
    let mut edges: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    let mut roots: Vec<u32> = Vec::new();
    let mut weak: BTreeSet<u32> = BTreeSet::new();
    for tag in 0..u.int_in_range(1..=60)? {
        match u.int_in_range(0..=5)? {
            0..=2 => heap.mutate(|mc, world| {
                let edges = Gc::new(mc, RefLock::new(Vec::new()));
                let node = Gc::new(
                    mc,
                    Node {
                        tag,
                        edges,
                        text: format!("node {tag}"),
                    },
                );
                world.weak.push((tag, GcWeak::new(mc, node)));
                world.roots.push(node);
                weak.insert(tag);
            }),
            3 if !roots.is_empty() => {
                let (from, to) = (u.choose_index(roots.len())?, u.choose_index(roots.len())?);
                heap.mutate(|mc, world| world.roots[from].edges.borrow_mut(mc).push(world.roots[to]));
                edges.get_mut(&roots[from]).expect("known").push(roots[to]);
                continue;
            }
            4 if !roots.is_empty() => {
                let index = u.choose_index(roots.len())?;
                heap.mutate(|_, world| _ = world.roots.remove(index));
                roots.remove(index);
                continue;
            }
            _ => {
                heap.collect();
                let seen = heap.mutate(|_, world| {
                    let seen = reachable(world);
                    for (tag, reference) in &world.weak {
                        assert_eq!(
                            reference.upgrade().map(|n| n.tag),
                            seen.contains_key(tag).then_some(*tag)
                        );
                    }
                    world.weak.retain(|(_, reference)| reference.upgrade().is_some());
                    seen
                });
                let mut expected = BTreeMap::new();
                let mut stack = roots.clone();
                while let Some(tag) = stack.pop() {
                    if expected.insert(tag, edges[&tag].clone()).is_none() {
                        stack.extend(&edges[&tag]);
                    }
                }
                assert_eq!(seen, expected);
                weak.retain(|tag| expected.contains_key(tag));
                heap.collect();
                // A node, its edges, and the weak reference to it.
                assert_eq!(heap.stats().live_objects, expected.len() * 2 + weak.len());
                continue;
            }
        }
        edges.insert(tag, Vec::new());
        roots.push(tag);
    }
    Ok(())
}

#[test]
fn random_graphs() {
    arbtest::arbtest(random_graph).budget_ms(1000);
}

traced! {
    /// Every shape that the macro knows.
    enum Shape<'gc> {
        Unit,
        One(Gc<'gc, u32>),
        Eight(u8, Gc<'gc, u32>, bool, (), Option<Gc<'gc, u32>>, [Gc<'gc, u32>; 2], u64, Box<Gc<'gc, u32>>),
        Named { marker: Gc<'gc, u32>, this: (u8, Gc<'gc, u32>), rest: Vec<Gc<'gc, u32>> },
    }

    struct Tuple<'gc>(Gc<'gc, u32>, pub Shape<'gc>);

    struct Generic<'gc> {
        map: BTreeMap<u8, Gc<'gc, u32>>,
        result: Result<Gc<'gc, u32>, String>,
        lock: Lock<Option<Gc<'gc, u32>>>,
    }

    enum Single<'gc> { Only(Gc<'gc, u32>) }

    struct Shapes<'gc> {
        tuples: Vec<Gc<'gc, Tuple<'gc>>>,
        generic: Gc<'gc, Generic<'gc>>,
        single: Single<'gc>,
    }
}

struct AllShapes;
impl Rootable for AllShapes {
    type Root<'gc> = Shapes<'gc>;
}

#[test]
fn every_field_of_every_shape_is_traced() {
    let mut heap = Heap::<AllShapes>::new(|mc| {
        let count = Cell::new(0);
        let int = || {
            count.set(count.get() + 1);
            Gc::new(mc, count.get())
        };
        let shapes = [
            Shape::Unit,
            Shape::One(int()),
            Shape::Eight(0, int(), true, (), Some(int()), [int(), int()], 0, Box::new(int())),
            Shape::Named {
                marker: int(),
                this: (0, int()),
                rest: vec![int(), int()],
            },
        ];
        Shapes {
            tuples: shapes
                .into_iter()
                .map(|shape| Gc::new(mc, Tuple(int(), shape)))
                .collect(),
            generic: Gc::new(
                mc,
                Generic {
                    map: [(1, int()), (2, int())].into(),
                    result: Ok(int()),
                    lock: Lock::new(Some(int())),
                },
            ),
            single: Single::Only(int()),
        }
    });
    heap.set_stress(true);
    heap.collect();
    assert_eq!(heap.stats().live_objects, 19 + 4 + 1);
    let sum = heap.mutate(|_, root| {
        let mut sum = 0;
        for tuple in &root.tuples {
            sum += *tuple.0;
            sum += match &tuple.1 {
                Shape::Unit => 0,
                Shape::One(a) => **a,
                Shape::Eight(_, a, _, _, b, [c, d], _, e) => **a + b.map_or(0, |b| *b) + **c + **d + ***e,
                Shape::Named { marker, this, rest } => **marker + *this.1 + rest.iter().map(|i| **i).sum::<u32>(),
            };
        }
        let generic = root.generic;
        sum += generic.map.values().map(|i| **i).sum::<u32>();
        sum += generic.result.as_ref().map_or(0, |i| **i) + generic.lock.get().map_or(0, |i| *i);
        let Single::Only(only) = root.single;
        sum + *only
    });
    assert_eq!(sum, (1..=19).sum());
}

struct Counted(Rc<Cell<u32>>);
impl Drop for Counted {
    fn drop(&mut self) {
        self.0.set(self.0.get() + 1);
    }
}

struct Values;
impl Rootable for Values {
    type Root<'gc> = Vec<Gc<'gc, Static<Counted>>>;
}

#[test]
fn values_are_dropped_once() {
    let drops = Rc::new(Cell::new(0));
    let mut heap = Heap::<Values>::new(|mc| (0..10).map(|_| Gc::new(mc, Static(Counted(drops.clone())))).collect());
    heap.collect();
    assert_eq!(drops.get(), 0);
    heap.mutate(|_, root| root.truncate(4));
    heap.collect();
    assert_eq!(drops.get(), 6);
    heap.collect();
    assert_eq!(drops.get(), 6);
    drop(heap);
    assert_eq!(drops.get(), 10);
}

#[test]
fn a_full_heap_gives_an_error_and_drops_the_value() {
    let drops = Rc::new(Cell::new(0));
    let mut heap = Heap::<Values>::with_config(
        Config {
            limit: Some(1000),
            ..Config::default()
        },
        |_| Vec::new(),
    );
    let made = heap.mutate(|mc, root| {
        while let Ok(value) = Gc::try_new(mc, Static(Counted(drops.clone()))) {
            root.push(value);
        }
        root.len()
    });
    assert_eq!((made, drops.get()), (1000 / 32, 1));
    assert!(heap.stats().live_bytes <= 1000);
    heap.mutate(|_, root| root.clear());
    heap.collect();
    heap.mutate(|mc, _| assert!(Gc::try_new(mc, Static(Counted(drops.clone()))).is_ok()));
}

#[test]
fn a_panic_in_mutate_leaves_the_heap_usable() {
    let mut heap = graph();
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        heap.mutate(|mc, world| {
            let edges = Gc::new(mc, RefLock::new(Vec::new()));
            let node = Gc::new(
                mc,
                Node {
                    tag: 0,
                    edges,
                    text: "node 0".into(),
                },
            );
            world.roots.push(node);
            let _guard = std::mem::ManuallyDrop::new(edges.borrow_mut(mc));
            panic!("the client's");
        })
    }));
    assert!(outcome.is_err());
    heap.set_stress(true);
    heap.collect();
    assert_eq!(heap.stats().live_objects, 2);
    heap.mutate(|mc, world| {
        assert_eq!(world.roots[0].text, "node 0");
        assert!(
            world.roots[0].edges.try_borrow_mut(mc).is_err(),
            "the guard was never given back"
        );
    });
}

struct List;
impl Rootable for List {
    type Root<'gc> = Option<Gc<'gc, Cons<'gc>>>;
}
traced! { struct Cons<'gc> { next: Gc<'gc, Lock<Option<Gc<'gc, Cons<'gc>>>>>, value: u32 } }

#[test]
fn long_lists_and_cycles() {
    let mut heap = Heap::<List>::new(|_| None);
    heap.mutate(|mc, root| {
        let mut last = None;
        for value in 0..500_000 {
            let next = Gc::new(mc, Lock::new(*root));
            last = last.or(Some(next));
            *root = Some(Gc::new(mc, Cons { next, value }));
        }
        assert!(last.expect("not empty").set(mc, *root).is_none());
    });
    heap.collect();
    assert_eq!(heap.stats().live_objects, 1_000_000);
    let ids = heap.mutate(|_, root| {
        let first = root.expect("not empty");
        let second = first.next.get().expect("a cycle");
        assert!(!Gc::ptr_eq(first, second));
        assert_eq!((first.value, second.value), (499_999, 499_998));
        (Gc::id(first), Gc::id(second))
    });
    assert_ne!(ids.0, ids.1);
    heap.mutate(|_, root| *root = None);
    heap.collect();
    assert_eq!(heap.stats().live_objects, 0);
}
