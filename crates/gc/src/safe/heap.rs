//! The heap of the upper floor and the only way into it.

use std::marker::PhantomData;
use std::ptr::NonNull;

use super::boxed::Boxes;
use super::gc::Brand;
use super::{Marker, Trace, weak};
use crate::raw::{Config, GC_BARRIER, Ptr, RawHeap, Roots, Stats, Tracer, WeakPhase};

/// Names the type of a heap's root under every brand.
pub trait Rootable {
    /// The root, from which everything that the heap keeps is reached.
    type Root<'gc>: Trace + 'gc;
}

/// A heap of traced Rust values.
///
/// ```
/// use perilune_gc::{Gc, Heap, Rootable, traced};
///
/// traced! { struct Node<'gc> { next: Option<Gc<'gc, Node<'gc>>>, value: i64 } }
/// struct List;
/// impl Rootable for List { type Root<'gc> = Option<Gc<'gc, Node<'gc>>>; }
///
/// let mut heap = Heap::<List>::new(|_| None);
/// heap.mutate(|mc, root| *root = Some(Gc::new(mc, Node { next: *root, value: 1 })));
/// assert_eq!(heap.mutate(|_, root| root.map(|node| node.value)), Some(1));
/// heap.mutate(|_, root| *root = None);
/// heap.collect();
/// assert_eq!(heap.stats().live_objects, 0);
/// ```
pub struct Heap<R: Rootable> {
    /// Dropped first; its brand is a lie, which no client sees.
    root: R::Root<'static>,
    raw: Box<RawHeap<Boxes>>,
}

/// Permission to allocate in, and to write to, the heap with the brand `'gc`.
pub struct Mutation<'gc> {
    heap: NonNull<RawHeap<Boxes>>,
    brand: Brand<'gc>,
}

impl<R: Rootable> Heap<R> {
    /// A heap with the root that `root` makes.
    pub fn new(root: impl for<'gc> FnOnce(&Mutation<'gc>) -> R::Root<'gc>) -> Heap<R> {
        Heap::with_config(Config::default(), root)
    }

    /// A heap with limits of its own.
    pub fn with_config(config: Config, root: impl for<'gc> FnOnce(&Mutation<'gc>) -> R::Root<'gc>) -> Heap<R> {
        let mut raw = Box::new(RawHeap::new(config));
        let root = root(&Mutation::new(&mut raw));
        Heap { root, raw }
    }

    /// Runs `f` on the root. Nothing is collected meanwhile; afterwards, if a collection is due.
    pub fn mutate<T>(&mut self, f: impl for<'gc> FnOnce(&Mutation<'gc>, &mut R::Root<'gc>) -> T) -> T {
        let result = f(&Mutation::new(&mut self.raw), &mut self.root);
        if self.raw.should_collect() {
            self.collect();
        }
        result
    }

    /// Frees everything that the root does not reach.
    pub fn collect(&mut self) {
        let mut roots = RootOf(&self.root);
        // SAFETY: G5; the heap's objects are whole once made, and what outlives a call is reached from the root.
        unsafe { self.raw.collect(&mut roots) };
    }

    /// The numbers of the heap. Buffers that values own outside the heap, as a `Vec` does, are not in them.
    pub fn stats(&self) -> Stats {
        self.raw.stats()
    }

    /// Sets the bytes that may be in use at most.
    pub fn set_limit(&mut self, limit: Option<usize>) {
        self.raw.set_limit(limit);
    }

    /// Collects after every call of [`Heap::mutate`] and overwrites what is freed; for tests.
    pub fn set_stress(&mut self, on: bool) {
        self.raw.set_stress(on);
    }
}

struct RootOf<'a, T>(&'a T);

// SAFETY: by G5 and G7 the root reaches all that is used later; weak references are cleared.
unsafe impl<T: Trace> Roots for RootOf<'_, T> {
    fn trace(&mut self, t: &mut Tracer) {
        self.0.trace(&mut Marker(t));
    }

    fn weak(&mut self, phase: &mut WeakPhase<'_>) {
        for slot in phase.clear_values() {
            weak::clear(slot, phase);
        }
    }
}

impl<'gc> Mutation<'gc> {
    fn new(raw: &mut RawHeap<Boxes>) -> Mutation<'gc> {
        Mutation {
            heap: NonNull::from(raw),
            brand: PhantomData,
        }
    }

    /// Lends the raw heap. `f` must run no code of the client's.
    #[inline]
    pub(super) fn with<T>(&self, f: impl FnOnce(&mut RawHeap<Boxes>) -> T) -> T {
        // SAFETY: G6; the heap is borrowed by the call that made this permission, the permission does not leave
        // it, and `f` cannot come back here.
        f(unsafe { &mut *self.heap.as_ptr() })
    }

    /// To be called before the value of `obj`, an object of this heap, changes.
    #[inline]
    pub(super) fn barrier(&self, obj: Ptr) {
        // SAFETY: G5; the object is alive.
        unsafe {
            if (*obj.as_ptr()).gc & GC_BARRIER != 0 {
                self.with(|heap| heap.barrier(obj));
            }
        }
    }
}
