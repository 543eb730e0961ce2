//! Weak references of the upper floor.

use std::cell::Cell;

use super::boxed::{Boxed, WEAK, store_as};
use super::{Gc, Marker, Mutation, Trace};
use crate::raw::{OutOfMemory, Ptr, WeakPhase};

/// A reference that does not keep its object alive. It is an object of the heap itself.
pub struct GcWeak<'gc, T> {
    slot: Gc<'gc, Slot>,
    /// Tells the type of the object in the slot.
    object: std::marker::PhantomData<Gc<'gc, T>>,
}

pub(super) struct Slot(Cell<Option<Ptr>>);

// SAFETY: never called: the model defers objects of the weak kind. What the slot holds is weak, and `clear`
// empties it before the object is freed.
unsafe impl Trace for Slot {
    fn trace(&self, _: &mut Marker<'_>) {}
}

/// Empties the slot of a weak reference if its object dies.
pub(super) fn clear(slot: Ptr, phase: &WeakPhase<'_>) {
    // SAFETY: G1, G8; only objects of the weak kind are deferred.
    let slot = unsafe { &(*slot.cast::<Boxed<Slot>>().as_ptr()).value };
    if slot.0.get().is_some_and(|obj| !phase.is_marked(obj)) {
        slot.0.set(None);
    }
}

impl<'gc, T> GcWeak<'gc, T> {
    /// A weak reference to an object.
    ///
    /// # Panics
    ///
    /// If the heap's limit would be passed or the system refuses; see [`GcWeak::try_new`].
    pub fn new(mc: &Mutation<'gc>, gc: Gc<'gc, T>) -> GcWeak<'gc, T> {
        match GcWeak::try_new(mc, gc) {
            Ok(weak) => weak,
            Err(error) => panic!("{error}"),
        }
    }

    /// A weak reference to an object.
    ///
    /// # Errors
    ///
    /// If the heap's limit would be passed or the system refuses.
    pub fn try_new(mc: &Mutation<'gc>, gc: Gc<'gc, T>) -> Result<GcWeak<'gc, T>, OutOfMemory> {
        let slot = Slot(Cell::new(Some(gc.raw())));
        match mc.with(|heap| store_as(heap, WEAK, slot)) {
            Ok(boxed) => Ok(GcWeak {
                slot: Gc::from_boxed(boxed),
                object: std::marker::PhantomData,
            }),
            Err((error, _)) => Err(error),
        }
    }

    /// The object, if it has not been freed. It is then alive for as long as the brand lasts.
    pub fn upgrade(self) -> Option<Gc<'gc, T>> {
        self.slot.0.get().map(|obj| Gc::from_boxed(obj.cast()))
    }
}

impl<T> Clone for GcWeak<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for GcWeak<'_, T> {}

// SAFETY: visits the slot, not the object.
unsafe impl<T> Trace for GcWeak<'_, T> {
    fn trace(&self, marker: &mut Marker<'_>) {
        self.slot.trace(marker);
    }
}
