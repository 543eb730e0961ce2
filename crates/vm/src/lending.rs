//! `Lending`: a context between whose operations others may enter the state.
//!
//! Code that walks a value of the host and one of Lua side by side (serialization) calls back into code of the host
//! all the time, which may enter the state in turn. Lending the VM around each such call would tie the context up for as
//! long as the walk recurses; so here it is lent throughout, and taken back for one operation at a time.
//!
//! # Invariants
//!
//! - **L1** *nested use is over.* An operation runs only while the VM lies in the state as this lender left it: on the same
//!   coroutine, with the same top. Who entered in between has put both back.
//! - **L2** *pinned bytes stay.* While bytes of a string in a slot are lent, no operation of this lender runs, so the slot keeps
//!   the string alive, and strings do not move.

use crate::active::Active;
use crate::native::Ctx;
use crate::state::{NoEntry, Shared};
use crate::thread::Thread;
use crate::vm::Vm;
use std::cell::Cell;
use std::marker::PhantomData;
use std::ptr::null_mut;

/// A context that is lent out. See [`Ctx::lend_out`].
pub struct Lending<'a> {
    /// Borrowed for `'a`; it is handed out for less.
    ctx: *mut Ctx<'static>,
    life: PhantomData<&'a ()>,
    shared: *const Shared,
    vm: *mut Vm,
    thread: *mut Thread,
    /// The top when the last operation ended, as a distance from the context's base.
    top: Cell<usize>,
    pins: Cell<u32>,
}

impl Ctx<'_> {
    /// Lends the VM to whoever enters its state while `f` runs, and lets `f` take it back for single operations.
    ///
    /// # Panics
    /// If the VM is not shared.
    pub fn lend_out<R>(&mut self, f: impl FnOnce(&Lending<'_>) -> R) -> R {
        assert!(self.vm_mut().shared.strong_count() > 0, "only shared VMs are lent");
        let shared = self.vm_mut().shared.as_ptr();
        let (vm, thread, top) = (self.vm_ptr(), self.vm_mut().thread, self.top());
        struct Back(*const Shared, *mut Vm);
        impl Drop for Back {
            fn drop(&mut self) {
                // SAFETY: K1; the state outlives the operation in which this context exists.
                unsafe { (*self.0).vm.set(self.1) };
            }
        }
        // SAFETY: K1; as above. The context is borrowed for as long as others have the VM.
        let before = unsafe { (*shared).vm.replace(vm) };
        let _back = Back(shared, before);
        let _lent = Active::replace(null_mut());
        f(&Lending {
            ctx: std::ptr::from_mut(self).cast(),
            life: PhantomData,
            shared,
            vm,
            thread,
            top: Cell::new(top),
            pins: Cell::new(0),
        })
    }
}

impl Lending<'_> {
    /// Runs one operation.
    ///
    /// # Errors
    /// The VM is in use: by another operation of this lender around this call, or by one that was entered since.
    #[inline]
    pub fn with<R>(&self, f: impl FnOnce(&mut Ctx<'_>) -> R) -> Result<R, NoEntry> {
        struct Back<'a, 'b>(&'a Lending<'b>);
        impl Drop for Back<'_, '_> {
            #[inline]
            fn drop(&mut self) {
                let lending = self.0;
                // SAFETY: L1; the operation is over, and the state outlives the lender.
                unsafe {
                    lending.top.set((*lending.ctx).top());
                    (*lending.shared).vm.set(lending.vm);
                }
            }
        }
        // SAFETY: K1; the state outlives the operation in which this context exists.
        let vm = unsafe { (*self.shared).vm.replace(null_mut()) };
        // SAFETY: K1, L1; nobody has the VM while it lies in the state, so the context is free to use.
        unsafe {
            let fits = !vm.is_null()
                && self.pins.get() == 0
                && (*vm).thread == self.thread
                && (*self.ctx).top() == self.top.get();
            if !fits {
                (*self.shared).vm.set(vm);
                return Err(NoEntry::Busy);
            }
            let Some(_active) = Active::open(vm) else {
                (*self.shared).vm.set(vm);
                return Err(NoEntry::Foreign);
            };
            let _back = Back(self);
            Ok(f(&mut *self.ctx))
        }
    }

    /// Calls `f` with the bytes of the string in a slot, others being free to enter the state meanwhile; `None` if there is no string.
    ///
    /// # Errors
    /// As [`Lending::with`].
    #[inline]
    pub fn with_str<R>(&self, slot: usize, f: impl FnOnce(&[u8]) -> R) -> Result<Option<R>, NoEntry> {
        struct Unpin<'a>(&'a Cell<u32>);
        impl Drop for Unpin<'_> {
            #[inline]
            fn drop(&mut self) {
                self.0.set(self.0.get() - 1);
            }
        }
        let bytes: Option<&[u8]> = self.with(|ctx| {
            let bytes = ctx.slot(slot).as_str();
            // SAFETY: L2, N1; the length and the place of a string do not change.
            bytes.map(|b| unsafe { std::slice::from_raw_parts(b.as_ptr(), b.len()) })
        })?;
        let Some(bytes) = bytes else { return Ok(None) };
        self.pins.set(self.pins.get() + 1);
        let _unpin = Unpin(&self.pins);
        Ok(Some(f(bytes)))
    }
}
