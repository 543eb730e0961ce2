//! Requests from other threads that a script stop, and the time limit, which is such a request.
//!
//! A request swaps the dispatch table, which handlers read at every taken branch, call and return: scripts pay nothing for
//! being interruptible. Natives look at the table whenever they account for their work ([`Ctx::charge`](crate::Ctx::charge)).

use crate::dispatch::Handler;
use crate::fuel::Stop;
use crate::vm::{Flow, Go, Vm};
use std::sync::atomic::{AtomicPtr, AtomicU8, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Stops the scripts of one VM from any thread, at the next branch, call or piece of a native's work. It may outlive the VM.
#[derive(Clone)]
pub struct InterruptHandle(Arc<Shared>);

/// What a VM is asked for, the most important one last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    /// Raise an error.
    Interrupt = 1,
    /// End everything.
    Cancel = 2,
    /// End everything: the time is over.
    Time = 4,
}

#[derive(Default)]
struct Shared {
    /// The requests not yet answered, as a set.
    requested: AtomicU8,
    target: Mutex<Option<Target>>,
    watch: Mutex<Watch>,
    changed: Condvar,
}

/// The time limit, and whether a thread waits for it.
#[derive(Default)]
struct Watch {
    deadline: Option<Instant>,
    watched: bool,
}

/// Where a VM keeps its dispatch table, and the table that answers requests.
#[derive(Clone, Copy)]
struct Target {
    table: *const AtomicPtr<Handler>,
    poll: *mut Handler,
}

// SAFETY: the table is atomic and in the VM, which takes the target away before it is gone; handlers are constants.
unsafe impl Send for Target {}

impl Shared {
    fn request(&self, request: Request) {
        self.requested.fetch_or(request as u8, Ordering::SeqCst);
        let target = self.target.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(target) = *target {
            // SAFETY: the VM is alive as long as the target is there, and the lock is held.
            unsafe { (*target.table).store(target.poll, Ordering::SeqCst) };
        }
    }

    fn forget(&self, request: Request) {
        self.requested.fetch_and(!(request as u8), Ordering::SeqCst);
    }

    /// Waits for deadlines, until there is none.
    fn wait(&self) {
        let mut watch = self.watch.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(deadline) = watch.deadline {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                watch.deadline = None;
                self.request(Request::Time);
                break;
            }
            let waited = self.changed.wait_timeout(watch, left);
            watch = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        watch.watched = false;
    }
}

impl InterruptHandle {
    /// Asks the VM to stop what it runs, or what it runs next, by the error "interrupted!", which scripts can catch. A second
    /// request before it has answered is the same one.
    pub fn interrupt(&self) {
        self.0.request(Request::Interrupt);
    }

    /// Asks the VM to end what it runs, or what it runs next: nothing in a script can catch that. The host's operation ends
    /// with the error "cancelled".
    pub fn cancel(&self) {
        self.0.request(Request::Cancel);
    }

    /// Takes back requests that have not been answered.
    pub fn clear(&self) {
        self.0.forget(Request::Interrupt);
        self.0.forget(Request::Cancel);
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
            .is_some_and(|shared| shared.requested.load(Ordering::SeqCst) != 0)
    }

    /// The most important request; it is answered, and with it lesser ones.
    pub(crate) fn take(&self) -> Option<Request> {
        match self.0.as_ref()?.requested.swap(0, Ordering::SeqCst) {
            0 => None,
            set if set & Request::Time as u8 != 0 => Some(Request::Time),
            set if set & Request::Cancel as u8 != 0 => Some(Request::Cancel),
            _ => Some(Request::Interrupt),
        }
    }
}

impl Drop for Interrupts {
    fn drop(&mut self) {
        if let Some(shared) = &self.0 {
            *shared.target.lock().unwrap_or_else(PoisonError::into_inner) = None;
            shared.watch.lock().unwrap_or_else(PoisonError::into_inner).deadline = None;
            shared.changed.notify_all();
        }
    }
}

impl Vm {
    fn shared_interrupts(&mut self) -> &Arc<Shared> {
        let target = Target {
            table: &raw const self.table,
            poll: self.backend.poll_table().cast_mut(),
        };
        let shared = self.interrupts.0.get_or_insert_with(Arc::default);
        *shared.target.lock().unwrap_or_else(PoisonError::into_inner) = Some(target);
        shared
    }

    /// A handle with which other threads stop what this VM runs.
    pub fn interrupt_handle(&mut self) -> InterruptHandle {
        InterruptHandle(self.shared_interrupts().clone())
    }

    /// Ends what this VM runs, and runs later, after this time, or takes the limit away. A stop because of the time is over with
    /// it. A thread waits for the time.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn set_timeout(&mut self, after: Option<Duration>) -> std::io::Result<()> {
        if self.stop == Some(Stop::Time) {
            self.stop = None;
        }
        // A time that no clock can show does not come.
        let deadline = after.and_then(|after| Instant::now().checked_add(after));
        let shared = self.shared_interrupts().clone();
        {
            let mut watch = shared.watch.lock().unwrap_or_else(PoisonError::into_inner);
            shared.forget(Request::Time);
            watch.deadline = deadline;
            shared.changed.notify_all();
            if deadline.is_some() && !watch.watched {
                let shared = shared.clone();
                std::thread::Builder::new()
                    .name("time limit".to_owned())
                    .spawn(move || shared.wait())?;
                watch.watched = true;
            }
        }
        self.set_table(self.watching_table());
        Ok(())
    }

    /// The dispatch table, unless there is something to answer first.
    pub(crate) fn set_table(&mut self, table: *const Handler) {
        let table = match self.stop {
            Some(_) => self.backend.poll_table(),
            None => table,
        };
        self.table.store(table.cast_mut(), Ordering::SeqCst);
        // A request that came between was overwritten.
        if self.interrupts.is_requested() {
            self.table.store(self.backend.poll_table().cast_mut(), Ordering::SeqCst);
        }
    }

    /// Whether there is something to answer.
    #[inline(always)]
    pub(crate) fn is_asked(&self) -> bool {
        std::ptr::eq(self.table.load(Ordering::Relaxed), self.backend.poll_table())
    }

    /// Answers a request to stop, made by swapping the dispatch table.
    ///
    /// # Safety
    /// F1, F3: the saved state is at an instruction of a Lua function.
    pub(crate) unsafe fn poll(&mut self) -> Flow {
        self.answer().map(|()| Go::On)
    }
}
