//! The pointer of the upper floor.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::ptr::NonNull;

use super::boxed::{Boxed, Boxes, store};
use super::{Mutation, Trace};
use crate::raw::{OutOfMemory, Ptr, RawHeap};

/// Makes a type invariant in `'gc`.
pub(super) type Brand<'gc> = PhantomData<fn(&'gc ()) -> &'gc ()>;

/// A pointer to a `T` in the heap with the brand `'gc`.
///
/// It is `Copy` and dereferences to the value, which is shared and so can change only through a
/// [`Lock`](super::Lock) or [`RefLock`](super::RefLock).
pub struct Gc<'gc, T> {
    boxed: NonNull<Boxed<T>>,
    brand: Brand<'gc>,
}

impl<'gc, T: Trace + 'gc> Gc<'gc, T> {
    /// Moves a value into the heap.
    ///
    /// # Panics
    ///
    /// If the heap's limit would be passed or the system refuses; see [`Gc::try_new`].
    #[inline]
    pub fn new(mc: &Mutation<'gc>, value: T) -> Gc<'gc, T> {
        match Gc::try_new(mc, value) {
            Ok(gc) => gc,
            Err(error) => panic!("{error}"),
        }
    }

    /// Moves a value into the heap, or drops it if there is no room.
    ///
    /// # Errors
    ///
    /// If the heap's limit would be passed or the system refuses.
    #[inline]
    pub fn try_new(mc: &Mutation<'gc>, value: T) -> Result<Gc<'gc, T>, OutOfMemory> {
        match mc.with(|heap| store(heap, value)) {
            Ok(boxed) => Ok(Gc::from_boxed(boxed)),
            Err((error, _)) => Err(error),
        }
    }
}

impl<'gc, T> Gc<'gc, T> {
    pub(super) fn from_boxed(boxed: NonNull<Boxed<T>>) -> Gc<'gc, T> {
        Gc {
            boxed,
            brand: PhantomData,
        }
    }

    pub(super) fn raw(self) -> Ptr {
        self.boxed.cast()
    }

    /// The value, for as long as the brand lasts.
    #[inline]
    pub fn get_ref(self) -> &'gc T {
        // SAFETY: G5, G6; the object stays alive and in place, and is only ever shared.
        unsafe { &(*self.boxed.as_ptr()).value }
    }

    /// Whether both point to the same object.
    #[inline]
    pub fn ptr_eq(a: Gc<'gc, T>, b: Gc<'gc, T>) -> bool {
        a.boxed == b.boxed
    }

    /// A number for the object, the same in every run of the same program and unique among the objects
    /// that are alive.
    #[inline]
    pub fn id(gc: Gc<'gc, T>) -> u64 {
        RawHeap::<Boxes>::id(gc.raw())
    }
}

impl<T> Clone for Gc<'_, T> {
    #[inline]
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Gc<'_, T> {}

impl<'gc, T: 'gc> Deref for Gc<'gc, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        self.get_ref()
    }
}

impl<'gc, T: fmt::Debug + 'gc> fmt::Debug for Gc<'gc, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<'gc, T: fmt::Display + 'gc> fmt::Display for Gc<'gc, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
