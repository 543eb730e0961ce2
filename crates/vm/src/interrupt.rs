//! Requests from other threads that a script stop.
//!
//! A request swaps the dispatch table, which handlers read at every taken branch, call and return: scripts pay nothing for
//! being interruptible. What runs in a native is not interrupted before it returns.

use crate::dispatch::Handler;
use crate::error::message;
use crate::frame::flag;
use crate::hook::Transfer;
use crate::vm::{Raised, Vm};
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Stops the scripts of one VM from any thread: the next branch or call raises the error "interrupted!", which scripts
/// can catch. It may outlive the VM.
#[derive(Clone)]
pub struct InterruptHandle(Arc<Shared>);

#[derive(Default)]
struct Shared {
    requested: AtomicBool,
    target: Mutex<Option<Target>>,
}

/// Where a VM keeps its dispatch table, and the table that answers requests.
#[derive(Clone, Copy)]
struct Target {
    table: *const AtomicPtr<Handler>,
    poll: *mut Handler,
}

// SAFETY: the table is atomic and in the VM, which takes the target away before it is gone; handlers are constants.
unsafe impl Send for Target {}

impl InterruptHandle {
    /// Asks the VM to stop what it runs, or what it runs next. A second request before it has answered is the same one.
    pub fn interrupt(&self) {
        self.0.requested.store(true, Ordering::SeqCst);
        let target = self.0.target.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(target) = *target {
            // SAFETY: the VM is alive as long as the target is there, and the lock is held.
            unsafe { (*target.table).store(target.poll, Ordering::SeqCst) };
        }
    }

    /// Takes back a request that has not been answered.
    pub fn clear(&self) {
        self.0.requested.store(false, Ordering::SeqCst);
    }
}

/// The VM's end of its handles.
#[derive(Default)]
pub(crate) struct Interrupts(Option<Arc<Shared>>);

impl Interrupts {
    /// Whether a request waits for an answer.
    pub(crate) fn is_requested(&self) -> bool {
        self.0
            .as_ref()
            .is_some_and(|shared| shared.requested.load(Ordering::SeqCst))
    }

    fn take(&self) -> bool {
        self.0
            .as_ref()
            .is_some_and(|shared| shared.requested.swap(false, Ordering::SeqCst))
    }
}

impl Drop for Interrupts {
    fn drop(&mut self) {
        if let Some(shared) = &self.0 {
            *shared.target.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }
}

impl Vm {
    /// A handle with which other threads stop what this VM runs.
    pub fn interrupt_handle(&mut self) -> InterruptHandle {
        let target = Target {
            table: &raw const self.table,
            poll: self.backend.poll_table().cast_mut(),
        };
        let shared = self.interrupts.0.get_or_insert_with(Arc::default);
        *shared.target.lock().unwrap_or_else(PoisonError::into_inner) = Some(target);
        InterruptHandle(shared.clone())
    }

    /// The dispatch table, unless there is a request to answer first.
    pub(crate) fn set_table(&mut self, table: *const Handler) {
        self.table.store(table.cast_mut(), Ordering::SeqCst);
        // A request that came between was overwritten.
        if self.interrupts.is_requested() {
            self.table.store(self.backend.poll_table().cast_mut(), Ordering::SeqCst);
        }
    }

    /// The error of a request, if there is one.
    ///
    /// # Errors
    /// "interrupted!", with the place of the running function's caller in front, as from a hook.
    ///
    /// # Safety
    /// F3: the saved state is at an instruction of a Lua function.
    pub(crate) unsafe fn answer_interrupt(&mut self) -> Result<(), Raised> {
        if !self.interrupts.take() {
            return Ok(());
        }
        let frame = self.frame();
        // The instruction has not begun, as at a hook's event: what is live before it stays alive, and can be looked at.
        frame.set_flags(frame.flags() | flag::HOOKED);
        (*self.thread).hook.transfer = Transfer::default();
        let place = self.position(frame.caller(), frame.caller_pc());
        Err(self.raise_plain(&message!(place, b"interrupted!")))
    }
}
