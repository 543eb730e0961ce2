//! Random programs against a model: what survives is what is reachable, no more and no less.

use std::collections::{BTreeMap, BTreeSet};

use arbitrary::{Arbitrary, Unstructured};
use perilune_gc::raw::{Config, Ptr, RawHeap};

use super::support::*;

#[derive(Arbitrary, Debug, Clone, Copy)]
enum Step {
    Node { children: u8, root: bool },
    BigNode { children: u16 },
    Leaf { len: u16, root: bool },
    Blob { len: u8, root: bool },
    Table { mode: u8, root: bool },
    Set { obj: u8, index: u8, child: u8 },
    Clear { obj: u8, index: u8 },
    Insert { obj: u8, key: u8, value: u8 },
    Root { obj: u8 },
    Unroot { index: u8 },
    Finalizer { obj: u8 },
    RunFinalizer { keep: bool },
    Fix { obj: u8 },
    Collect,
}

#[derive(Debug, Clone)]
enum Body {
    Node(Vec<Option<u64>>),
    Leaf,
    Blob,
    Table(u16, Vec<(Option<u64>, Option<u64>)>),
}

/// What the heap should hold, by tag.
#[derive(Default)]
struct Mirror {
    objects: BTreeMap<u64, (Ptr, Body)>,
    ids: BTreeMap<u64, u64>,
    roots: Vec<u64>,
    fixed: Vec<u64>,
    registered: Vec<u64>,
    pending: Vec<u64>,
}

impl Mirror {
    fn pick(&self, n: u8) -> Option<u64> {
        self.pick_where(n, |_| true)
    }

    fn pick_where(&self, n: u8, test: impl Fn(&Body) -> bool) -> Option<u64> {
        let found: Vec<u64> = self
            .objects
            .iter()
            .filter(|(_, (_, b))| test(b))
            .map(|(&tag, _)| tag)
            .collect();
        (!found.is_empty()).then(|| found[n as usize % found.len()])
    }

    fn is_leaf(&self, tag: u64) -> bool {
        matches!(self.objects[&tag].1, Body::Leaf)
    }

    /// Everything strongly reachable from `marked`, by brute force.
    fn close(&self, marked: &mut BTreeSet<u64>) {
        loop {
            let before = marked.len();
            for tag in marked.clone() {
                match &self.objects[&tag].1 {
                    Body::Leaf | Body::Blob => {}
                    Body::Node(children) => marked.extend(children.iter().flatten()),
                    Body::Table(mode, entries) => {
                        for &(key, value) in entries {
                            match *mode {
                                STRONG => marked.extend(key.into_iter().chain(value)),
                                WEAK_VALUES => marked.extend(key),
                                EPHEMERON => {
                                    if value.is_some() && key.is_some_and(|k| self.is_leaf(k)) {
                                        marked.extend(key);
                                    }
                                    if key.is_none_or(|k| marked.contains(&k)) {
                                        marked.extend(value);
                                    }
                                }
                                _ => {}
                            }
                        }
                    }
                }
            }
            if marked.len() == before {
                return;
            }
        }
    }

    fn clear(&mut self, marked: &mut BTreeSet<u64>, only: &BTreeSet<u64>, modes: [u16; 2], by_key: bool) {
        for tag in only {
            if let (_, Body::Table(mode, entries)) = &self.objects[tag]
                && modes.contains(mode)
            {
                let (mode, mut entries) = (*mode, entries.clone());
                entries.retain(|&(key, value)| {
                    let weak = if by_key { key } else { value };
                    weak.is_none_or(|t| {
                        if self.is_leaf(t) {
                            marked.insert(t);
                        }
                        marked.contains(&t)
                    })
                });
                self.objects.get_mut(tag).expect("known").1 = Body::Table(mode, entries);
            }
        }
    }

    fn collect(&mut self) {
        let mut marked: BTreeSet<u64> = self
            .roots
            .iter()
            .chain(&self.fixed)
            .chain(&self.pending)
            .copied()
            .collect();
        self.close(&mut marked);
        let first = marked.clone();
        self.clear(&mut marked, &first, [WEAK_VALUES, ALL_WEAK], false);
        let dead: Vec<u64> = self
            .registered
            .iter()
            .rev()
            .filter(|t| !marked.contains(t))
            .copied()
            .collect();
        self.registered.retain(|t| marked.contains(t));
        marked.extend(&dead);
        self.pending.extend(dead);
        self.close(&mut marked);
        let all = marked.clone();
        let resurrected = &all - &first;
        self.clear(&mut marked, &resurrected, [WEAK_VALUES, ALL_WEAK], false);
        self.clear(&mut marked, &all, [EPHEMERON, ALL_WEAK], true);
        self.objects.retain(|tag, _| marked.contains(tag));
    }
}

#[derive(Clone, Copy)]
struct Mode {
    gray_limit: usize,
    stress: bool,
    barrier: bool,
}

fn run(steps: &[Step], mode: Mode) -> Vec<u64> {
    let mut world = World::new(Config {
        gray_limit: mode.gray_limit,
        ..Config::default()
    });
    world.heap.set_stress(mode.stress);
    world.heap.set_barrier_test(mode.barrier);
    let mut mirror = Mirror::default();
    let mut next = 0;
    let mut log = Vec::new();
    for &step in steps {
        let mut made = None;
        match step {
            Step::Node { children, root } => {
                let count = children as usize % 12;
                made = Some((world.node(next, count), Body::Node(vec![None; count]), root));
            }
            Step::BigNode { children } => {
                let count = children as usize % 9000;
                made = Some((world.node(next, count), Body::Node(vec![None; count]), false));
            }
            Step::Leaf { len, root } => {
                let len = if len < 0x8000 { len as usize % 100 } else { len as usize };
                made = Some((world.leaf(next, len), Body::Leaf, root));
            }
            Step::Blob { len, root } => {
                made = Some((world.blob(next, len as usize), Body::Blob, root));
            }
            Step::Table { mode, root } => {
                let mode = u16::from(mode % 4);
                made = Some((world.table(next, mode), Body::Table(mode, vec![]), root));
            }
            Step::Set { obj, index, child } => {
                if let (Some(tag), Some(child)) = (
                    mirror.pick_where(obj, |b| matches!(b, Body::Node(_))),
                    mirror.pick(child),
                ) {
                    let pointer = mirror.objects[&child].0;
                    let (obj, body) = mirror.objects.get_mut(&tag).expect("known");
                    if let Body::Node(children) = body
                        && !children.is_empty()
                    {
                        let index = index as usize % children.len();
                        children[index] = Some(child);
                        world.set(*obj, index, Some(pointer));
                    }
                }
            }
            Step::Clear { obj, index } => {
                if let Some(tag) = mirror.pick(obj) {
                    let (obj, body) = mirror.objects.get_mut(&tag).expect("known");
                    if let Body::Node(children) = body
                        && !children.is_empty()
                    {
                        let index = index as usize % children.len();
                        children[index] = None;
                        world.set(*obj, index, None);
                    }
                }
            }
            Step::Insert { obj, key, value } => {
                if let Some(tag) = mirror.pick_where(obj, |b| matches!(b, Body::Table(..))) {
                    let pick = |n: u8| {
                        if n.is_multiple_of(8) { None } else { mirror.pick(n / 2) }
                    };
                    let (key, value) = (pick(key), pick(value));
                    let pointer = |t: Option<u64>| t.map(|t| mirror.objects[&t].0);
                    let (k, v) = (pointer(key), pointer(value));
                    let (obj, body) = mirror.objects.get_mut(&tag).expect("known");
                    if let Body::Table(_, entries) = body {
                        entries.push((key, value));
                        world.insert(*obj, k, v).expect("no limit");
                    }
                }
            }
            Step::Root { obj } => {
                if let Some(tag) = mirror.pick(obj) {
                    mirror.roots.push(tag);
                    world.roots.push(mirror.objects[&tag].0);
                }
            }
            Step::Unroot { index } => {
                if !mirror.roots.is_empty() {
                    let index = index as usize % mirror.roots.len();
                    mirror.roots.remove(index);
                    world.roots.remove(index);
                }
            }
            Step::Finalizer { obj } => {
                if let Some(tag) = mirror.pick(obj)
                    && !mirror.registered.contains(&tag)
                    && !mirror.pending.contains(&tag)
                {
                    mirror.registered.push(tag);
                    // SAFETY: objects of the mirror are alive.
                    unsafe { world.heap.register_finalizer(mirror.objects[&tag].0) }.expect("no limit");
                }
            }
            Step::RunFinalizer { keep } => {
                let obj = world.heap.next_finalizable();
                assert_eq!(obj.map(tag), mirror.pending.first().copied());
                if let Some(obj) = obj {
                    let tag = mirror.pending.remove(0);
                    if keep {
                        mirror.roots.push(tag);
                        world.roots.push(obj);
                    }
                }
            }
            Step::Fix { obj } => {
                if obj % 16 == 0
                    && let Some(tag) = mirror.pick(obj)
                {
                    mirror.fixed.push(tag);
                    // SAFETY: objects of the mirror are alive.
                    unsafe { world.heap.fix(mirror.objects[&tag].0) }.expect("no limit");
                }
            }
            Step::Collect => {
                mirror.collect();
                world.collect();
                compare(&world, &mirror);
                log.extend(world.ids());
            }
        }
        if let Some((obj, body, root)) = made {
            let obj = obj.expect("no limit");
            if root {
                mirror.roots.push(next);
                world.roots.push(obj);
            }
            mirror.ids.insert(next, RawHeap::<Objects>::id(obj));
            mirror.objects.insert(next, (obj, body));
            next += 1;
        }
    }
    compare(&world, &mirror);
    mirror.collect();
    world.collect();
    compare(&world, &mirror);
    log.extend(world.ids());
    log
}

/// The heap holds exactly the objects of the mirror, with their content and identity.
fn compare(world: &World, mirror: &Mirror) {
    let mut tags = world.tags();
    tags.sort_unstable();
    assert_eq!(tags, mirror.objects.keys().copied().collect::<Vec<_>>());
    let ids = world.ids();
    assert!(ids.is_sorted_by(|a, b| a < b), "ids are unique and enumerated in order");
    assert_eq!(world.heap.stats().live_objects, tags.len());
    for (&t, (obj, body)) in &mirror.objects {
        assert_eq!(tag(*obj), t);
        assert_eq!(RawHeap::<Objects>::id(*obj), mirror.ids[&t]);
        match body {
            Body::Node(expected) => {
                assert_eq!(
                    children(*obj).into_iter().map(|c| c.map(tag)).collect::<Vec<_>>(),
                    *expected
                );
            }
            Body::Leaf | Body::Blob => assert!(leaf_is_whole(*obj)),
            Body::Table(_, expected) => {
                let found: Vec<_> = entries(*obj)
                    .iter()
                    .map(|e| (e.key.map(tag), e.value.map(tag)))
                    .collect();
                assert_eq!(found, *expected);
            }
        }
    }
}

fn check(u: &mut Unstructured<'_>, mode: Mode) -> arbitrary::Result<()> {
    // Not `Vec::arbitrary`, which tosses a coin after each step and so stops after two on average.
    let mut steps = Vec::new();
    while !u.is_empty() {
        steps.push(u.arbitrary::<Step>()?);
    }
    let ids = run(&steps, mode);
    assert_eq!(ids, run(&steps, mode), "the same program sees the same ids");
    Ok(())
}

#[test]
fn random_programs() {
    arbtest::arbtest(|u| {
        check(
            u,
            Mode {
                gray_limit: usize::MAX,
                stress: false,
                barrier: false,
            },
        )
    })
    .size_min(200)
    .size_max(4000)
    .budget_ms(2000);
}

#[test]
fn random_programs_with_poison_and_barriers() {
    arbtest::arbtest(|u| {
        check(
            u,
            Mode {
                gray_limit: usize::MAX,
                stress: true,
                barrier: true,
            },
        )
    })
    .size_min(200)
    .size_max(4000)
    .budget_ms(2000);
}

#[test]
fn random_programs_with_a_gray_stack_that_overflows() {
    arbtest::arbtest(|u| {
        check(
            u,
            Mode {
                gray_limit: 2,
                stress: true,
                barrier: false,
            },
        )
    })
    .size_min(200)
    .size_max(4000)
    .budget_ms(2000);
}

#[test]
fn long_lists_do_not_recurse() {
    let mut world = World::new(Config::default());
    let mut list = None;
    for tag in 0..1_000_000 {
        let node = world.node(tag, 1).expect("no limit");
        world.set(node, 0, list);
        list = Some(node);
    }
    world.roots.extend(list);
    world.collect();
    assert_eq!(world.heap.stats().live_objects, 1_000_000);
    world.roots.clear();
    world.collect();
    assert_eq!(world.heap.stats().live_objects, 0);
    assert_eq!(world.heap.bytes(), 0);
}
