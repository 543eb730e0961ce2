//! What can lie in the heap: types that show the collector every pointer they hold.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::{Deref, DerefMut};

use super::Gc;
use crate::raw::Tracer;

/// Takes the pointers that a [`Trace::trace`] visits.
pub struct Marker<'a>(pub(super) &'a mut Tracer);

/// A value that may lie in a heap. [`traced!`](crate::traced) implements it.
///
/// # Safety
///
/// `trace` visits every [`Gc`] that the value holds, and does not unwind. A type that may hold one has no `Drop` of
/// its own and gives no way to change what it holds through a shared reference. If
/// `NEEDS_TRACE` is false it holds none.
pub unsafe trait Trace {
    /// Whether values of this type may hold a [`Gc`].
    const NEEDS_TRACE: bool = true;

    /// Visits every [`Gc`] of the value.
    fn trace(&self, marker: &mut Marker<'_>);
}

// SAFETY: a pointer holds itself.
unsafe impl<T> Trace for Gc<'_, T> {
    #[inline]
    fn trace(&self, marker: &mut Marker<'_>) {
        marker.0.mark(self.raw());
    }
}

/// A value of a type that knows nothing of the heap; it may have a destructor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Static<T: 'static>(pub T);

impl<T> Deref for Static<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Static<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

// SAFETY: no `Gc` outlives `'static`.
unsafe impl<T: 'static> Trace for Static<T> {
    const NEEDS_TRACE: bool = false;

    #[inline]
    fn trace(&self, _: &mut Marker<'_>) {}
}

macro_rules! leaves {
    ($($ty:ty),* $(,)?) => { $(
        // SAFETY: holds no `Gc`.
        unsafe impl Trace for $ty {
            const NEEDS_TRACE: bool = false;

            #[inline]
            fn trace(&self, _: &mut Marker<'_>) {}
        }
    )* };
}

leaves! {
    (), bool, char, u8, u16, u32, u64, u128, usize, i8, i16, i32, i64, i128, isize, f32, f64,
    String, Box<str>, &'static str, std::rc::Rc<str>, std::sync::Arc<str>,
}

// SAFETY: visits the value if there is one.
unsafe impl<T: Trace> Trace for Option<T> {
    const NEEDS_TRACE: bool = T::NEEDS_TRACE;

    #[inline]
    fn trace(&self, marker: &mut Marker<'_>) {
        if let Some(value) = self {
            value.trace(marker);
        }
    }
}

// SAFETY: visits whichever value there is.
unsafe impl<T: Trace, E: Trace> Trace for Result<T, E> {
    const NEEDS_TRACE: bool = T::NEEDS_TRACE || E::NEEDS_TRACE;

    fn trace(&self, marker: &mut Marker<'_>) {
        match self {
            Ok(value) => value.trace(marker),
            Err(value) => value.trace(marker),
        }
    }
}

// SAFETY: visits the value. `NEEDS_TRACE` stays true, since a type may contain a box of itself.
unsafe impl<T: Trace> Trace for Box<T> {
    fn trace(&self, marker: &mut Marker<'_>) {
        (**self).trace(marker);
    }
}

// SAFETY: visits every item.
unsafe impl<T: Trace, const N: usize> Trace for [T; N] {
    const NEEDS_TRACE: bool = T::NEEDS_TRACE;

    fn trace(&self, marker: &mut Marker<'_>) {
        self.iter().for_each(|item| item.trace(marker));
    }
}

macro_rules! collections {
    ($($ty:ty),* $(,)?) => { $(
        // SAFETY: visits every item.
        unsafe impl<T: Trace> Trace for $ty {
            fn trace(&self, marker: &mut Marker<'_>) {
                self.iter().for_each(|item| item.trace(marker));
            }
        }
    )* };
}

collections! { Vec<T>, VecDeque<T>, Box<[T]>, BTreeSet<T> }

// SAFETY: visits every key and value.
unsafe impl<K: Trace, V: Trace> Trace for BTreeMap<K, V> {
    fn trace(&self, marker: &mut Marker<'_>) {
        for (key, value) in self {
            key.trace(marker);
            value.trace(marker);
        }
    }
}

macro_rules! tuples {
    ($($name:ident)*) => {
        // SAFETY: visits every field.
        unsafe impl<$($name: Trace),*> Trace for ($($name,)*) {
            const NEEDS_TRACE: bool = $($name::NEEDS_TRACE ||)* false;

            #[allow(non_snake_case)]
            fn trace(&self, marker: &mut Marker<'_>) {
                let ($($name,)*) = self;
                $($name.trace(marker);)*
            }
        }
    };
}

tuples! { A }
tuples! { A B }
tuples! { A B C }
tuples! { A B C D }
