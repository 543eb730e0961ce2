//! Values that may change while they are in the heap.

use std::cell::{BorrowMutError, Cell, Ref, RefCell, RefMut};
use std::fmt;

use super::{Gc, Marker, Mutation, Trace};

/// A value that is read and replaced whole, as in a [`Cell`].
///
/// Once in the heap it changes only through the [`Gc`] to it and with the heap's [`Mutation`], so that the
/// collector learns of it.
#[derive(Default)]
pub struct Lock<T>(Cell<T>);

impl<T> Lock<T> {
    /// A lock with a value.
    pub const fn new(value: T) -> Lock<T> {
        Lock(Cell::new(value))
    }

    /// The value.
    #[inline]
    pub fn get(&self) -> T
    where
        T: Copy,
    {
        self.0.get()
    }
}

impl<'gc, T: 'gc> Gc<'gc, Lock<T>> {
    /// Replaces the value and returns the old one.
    #[inline]
    pub fn set(self, mc: &Mutation<'gc>, value: T) -> T {
        mc.barrier(self.raw());
        self.get_ref().0.replace(value)
    }
}

// SAFETY: visits the value; it changes only through `Gc::set`, which has a barrier.
unsafe impl<T: Trace> Trace for Lock<T> {
    const NEEDS_TRACE: bool = T::NEEDS_TRACE;

    #[inline]
    fn trace(&self, marker: &mut Marker<'_>) {
        // SAFETY: G6; nobody else uses the cell during a collection, and tracing runs no code that could.
        unsafe { (*self.0.as_ptr()).trace(marker) };
    }
}

impl<T: Copy + fmt::Debug> fmt::Debug for Lock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Lock").field(&self.get()).finish()
    }
}

/// A value that is changed in place, borrowed as in a [`RefCell`].
///
/// Once in the heap it changes only through the [`Gc`] to it and with the heap's [`Mutation`], so that the
/// collector learns of it.
#[derive(Default)]
pub struct RefLock<T>(RefCell<T>);

impl<T> RefLock<T> {
    /// A lock with a value.
    pub const fn new(value: T) -> RefLock<T> {
        RefLock(RefCell::new(value))
    }

    /// Borrows the value to read.
    ///
    /// # Panics
    ///
    /// If it is borrowed to write.
    #[inline]
    pub fn borrow(&self) -> Ref<'_, T> {
        self.0.borrow()
    }
}

impl<'gc, T: 'gc> Gc<'gc, RefLock<T>> {
    /// Borrows the value to write.
    ///
    /// # Panics
    ///
    /// If it is borrowed.
    #[inline]
    pub fn borrow_mut(self, mc: &Mutation<'gc>) -> RefMut<'gc, T> {
        mc.barrier(self.raw());
        self.get_ref().0.borrow_mut()
    }

    /// Borrows the value to write.
    ///
    /// # Errors
    ///
    /// If it is borrowed.
    pub fn try_borrow_mut(self, mc: &Mutation<'gc>) -> Result<RefMut<'gc, T>, BorrowMutError> {
        mc.barrier(self.raw());
        self.get_ref().0.try_borrow_mut()
    }
}

// SAFETY: visits the value; it changes only through guards that were got with a barrier, and which do not
// outlive the brand.
unsafe impl<T: Trace> Trace for RefLock<T> {
    const NEEDS_TRACE: bool = T::NEEDS_TRACE;

    #[inline]
    fn trace(&self, marker: &mut Marker<'_>) {
        // SAFETY: G6; a guard that still counts as a borrow was forgotten, and its lifetime is over.
        unsafe { (*self.0.as_ptr()).trace(marker) };
    }
}

impl<T: fmt::Debug> fmt::Debug for RefLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
