//! Host values that the collector found dead, until it is safe to drop them.
//!
//! Their destructors are code of the host: run in the middle of a sweep they could panic, or touch the heap that is being swept.

use std::any::Any;
use std::cell::RefCell;
use std::rc::Rc;

thread_local! {
    static DEAD: RefCell<Vec<Rc<dyn Any>>> = const { RefCell::new(Vec::new()) };
}

/// Takes a dead value; it is dropped by the next [`clear`] of this thread.
pub(crate) fn bury(value: Rc<dyn Any>) {
    let mut value = Some(value);
    // While a thread ends its list may be gone already: the value is dropped here and now.
    let _ = DEAD.try_with(|dead| dead.borrow_mut().extend(value.take()));
}

/// Drops the dead. What a destructor panics with is dropped as well; returns whether one did.
pub(crate) fn clear() -> bool {
    // A destructor sees no values, whatever context is open around it.
    let _lent = crate::active::Active::replace(std::ptr::null());
    let mut panicked = false;
    while let Ok(Some(value)) = DEAD.try_with(|dead| dead.borrow_mut().pop()) {
        panicked |= std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || drop(value))).is_err();
    }
    panicked
}

/// Drops the dead when it is dropped: the last field of a VM.
pub(crate) struct ClearOnDrop;

impl Drop for ClearOnDrop {
    fn drop(&mut self) {
        clear();
    }
}
