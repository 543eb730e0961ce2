//! Which VM a thread is in the middle of using: values of one are never seen by another.
//!
//! A [`Val`](crate::Val) does not say whose it is. It lives as long as its context is not used exclusively, so what has to be ruled out is
//! that a context of another VM is used meanwhile. Entering a VM while this thread has an open context of another is
//! refused; to lend the other out, which ends the life of its values, opens the way again.
//!
//! # Invariants
//!
//! - **V1** *one VM's values at a time.* While a value borrowed from a context is alive in a thread, [`ACTIVE`] is that context's VM, and
//!   values do not go to other threads.

use crate::vm::Vm;
use std::cell::Cell;
use std::ptr::null;

thread_local! {
    /// The VM of the innermost context that is not lent out; null if there is none.
    static ACTIVE: Cell<*const Vm> = const { Cell::new(null()) };
}

/// Puts back what was active before.
pub(crate) struct Active(*const Vm);

impl Drop for Active {
    #[inline]
    fn drop(&mut self) {
        ACTIVE.set(self.0);
    }
}

impl Active {
    /// A context of this VM is opened; `None` if another VM's values may be in use.
    #[inline]
    pub(crate) fn open(vm: *const Vm) -> Option<Active> {
        let before = ACTIVE.get();
        if !before.is_null() && !std::ptr::eq(before, vm) {
            return None;
        }
        ACTIVE.set(vm);
        Some(Active(before))
    }

    /// A VM is used, or none if it is null, by code that can have no value of another: a closing VM, what a context is lent to.
    #[inline]
    pub(crate) fn replace(vm: *const Vm) -> Active {
        Active(ACTIVE.replace(vm))
    }
}

/// Where a sentence has to say it.
pub(crate) const REFUSED: &str = "a context of another Lua state is in use";
