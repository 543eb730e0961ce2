//! `HostCell`: a host value with a run-time borrow count whose guards own a share of it.
//!
//! `std::cell::RefCell` ties its guards to a borrow of the cell; a userdata's guard has to live on its own, past the
//! collection of the userdata itself.
//!
//! # Invariants
//!
//! - **C1** *the count.* `borrows` counts the shared borrows that are under way, those of guards in its upper half; it is negative
//!   while there is an exclusive one. The value is taken out only at 0. A guard's reference is good as long as its count stands.

use std::cell::{Cell, UnsafeCell};
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::rc::Rc;

/// A value that may be borrowed, and taken out.
pub struct HostCell<T> {
    borrows: Cell<isize>,
    value: UnsafeCell<Option<T>>,
}

/// Why a cell could not be borrowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoBorrow {
    /// The value was taken out.
    Gone,
    /// A guard that is alive forbids it.
    Borrowed,
}

/// What the borrow of a call counts, and that of a guard, which lives on its own.
const CALL: isize = 1;
const GUARD: isize = 1 << 32;
const EXCLUSIVE: isize = isize::MIN;

impl<T> HostCell<T> {
    /// A cell around a value.
    pub fn new(value: T) -> HostCell<T> {
        HostCell {
            borrows: Cell::new(0),
            value: UnsafeCell::new(Some(value)),
        }
    }

    #[inline]
    fn has_value(&self) -> bool {
        // SAFETY: C1; no exclusive guard is alive, or only the discriminant is looked at by its own thread.
        self.borrows.get() < 0 || unsafe { (*self.value.get()).is_some() }
    }

    #[inline]
    fn lock(&self, exclusive: bool, unit: isize) -> Result<(), NoBorrow> {
        let now = self.borrows.get();
        if (exclusive && now != 0) || now < 0 {
            return Err(NoBorrow::Borrowed);
        }
        if !self.has_value() {
            return Err(NoBorrow::Gone);
        }
        self.borrows.set(if exclusive { EXCLUSIVE + unit } else { now + unit });
        Ok(())
    }

    #[inline]
    fn unlock(&self, unit: isize) {
        let now = self.borrows.get();
        self.borrows.set(if now < 0 { 0 } else { now - unit });
    }

    /// Calls `f` with a shared borrow.
    ///
    /// # Errors
    /// It is gone, or borrowed exclusively.
    #[inline]
    pub fn with<R>(&self, f: impl FnOnce(&T) -> R) -> Result<R, NoBorrow> {
        self.lock(false, CALL)?;
        let _unlock = Unlock(self);
        // SAFETY: C1; the value is there, and counted as borrowed.
        Ok(f(unsafe { (*self.value.get()).as_ref().unwrap_unchecked() }))
    }

    /// Calls `f` with an exclusive borrow.
    ///
    /// # Errors
    /// It is gone, or borrowed.
    #[inline]
    pub fn with_mut<R>(&self, f: impl FnOnce(&mut T) -> R) -> Result<R, NoBorrow> {
        self.lock(true, CALL)?;
        let _unlock = Unlock(self);
        // SAFETY: C1; the value is there, and counted as borrowed exclusively.
        Ok(f(unsafe { (*self.value.get()).as_mut().unwrap_unchecked() }))
    }

    /// A shared guard.
    ///
    /// # Errors
    /// As [`HostCell::with`].
    pub fn borrow(self: &Rc<Self>) -> Result<HostRef<T>, NoBorrow> {
        self.lock(false, GUARD)?;
        Ok(HostRef(self.clone()))
    }

    /// An exclusive guard.
    ///
    /// # Errors
    /// As [`HostCell::with_mut`].
    pub fn borrow_mut(self: &Rc<Self>) -> Result<HostRefMut<T>, NoBorrow> {
        self.lock(true, GUARD)?;
        Ok(HostRefMut(self.clone()))
    }

    /// Takes the value out.
    ///
    /// # Errors
    /// As [`HostCell::with_mut`].
    pub fn take(&self) -> Result<T, NoBorrow> {
        self.lock(true, CALL)?;
        let _unlock = Unlock(self);
        // SAFETY: C1; the value is there, and nobody else looks at it.
        Ok(unsafe { (*self.value.get()).take().unwrap_unchecked() })
    }

    /// Puts a value in, and gives the one before.
    ///
    /// # Errors
    /// The value back, if the cell is borrowed.
    pub fn replace(&self, value: T) -> Result<Option<T>, T> {
        if self.borrows.get() != 0 {
            return Err(value);
        }
        // SAFETY: C1; nobody looks at it.
        Ok(unsafe { (*self.value.get()).replace(value) })
    }

    /// Whether a call of the value is under way, which sees it by a reference on the stack.
    pub fn is_in_call(&self) -> bool {
        self.borrows.get() & (GUARD - 1) != 0
    }

    /// Whether it is borrowed.
    pub fn is_borrowed(&self) -> bool {
        self.borrows.get() != 0
    }

    /// Whether the value was taken out.
    pub fn is_gone(&self) -> bool {
        !self.has_value()
    }
}

struct Unlock<'a, T>(&'a HostCell<T>);

impl<T> Drop for Unlock<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.0.unlock(CALL);
    }
}

/// A shared guard.
pub struct HostRef<T>(Rc<HostCell<T>>);

impl<T> Deref for HostRef<T> {
    type Target = T;
    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: C1; counted when the guard was made.
        unsafe { (*self.0.value.get()).as_ref().unwrap_unchecked() }
    }
}

impl<T> Drop for HostRef<T> {
    #[inline]
    fn drop(&mut self) {
        self.0.unlock(GUARD);
    }
}

impl<T: fmt::Debug> fmt::Debug for HostRef<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// An exclusive guard.
pub struct HostRefMut<T>(Rc<HostCell<T>>);

impl<T> Deref for HostRefMut<T> {
    type Target = T;
    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: C1; counted when the guard was made.
        unsafe { (*self.0.value.get()).as_ref().unwrap_unchecked() }
    }
}

impl<T> DerefMut for HostRefMut<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: C1; counted as exclusive when the guard was made.
        unsafe { (*self.0.value.get()).as_mut().unwrap_unchecked() }
    }
}

impl<T> Drop for HostRefMut<T> {
    #[inline]
    fn drop(&mut self) {
        self.0.unlock(GUARD);
    }
}

impl<T: fmt::Debug> fmt::Debug for HostRefMut<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn borrows_exclude_each_other_and_taking() {
        let cell = Rc::new(HostCell::new(String::from("a")));
        let one = cell.borrow().expect("nothing is borrowed");
        assert!(matches!(cell.borrow_mut(), Err(NoBorrow::Borrowed)));
        assert_eq!(cell.take(), Err(NoBorrow::Borrowed));
        assert!(!cell.is_in_call() && cell.is_borrowed());
        assert_eq!(cell.with(|_| cell.is_in_call()), Ok(true));
        drop(one);
        assert_eq!(cell.with_mut(|_| cell.is_in_call()), Ok(true));
        assert!(!cell.is_borrowed());
        cell.borrow_mut().expect("the guard is gone").push('b');
        assert_eq!(cell.with(String::clone), Ok("ab".to_string()));
        assert_eq!(cell.take(), Ok("ab".to_string()));
        assert!(matches!(cell.borrow(), Err(NoBorrow::Gone)));
        assert_eq!(cell.with_mut(|_| ()), Err(NoBorrow::Gone));
    }
}
