//! Ctrl-C, as `lua` treats it: the first stops the script with the error "interrupted!", which it can catch; a second one
//! during the same call, or one while nothing runs, ends the process.

use perilune::Ctx;
use perilune_vm::InterruptHandle;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The state of the signal, shared by the thread that runs scripts and the one that waits for signals.
#[derive(Clone)]
pub struct Interrupts {
    /// The next signal ends the process.
    deadly: Arc<AtomicBool>,
    #[cfg(unix)]
    unix: Option<unix::Watcher>,
}

/// What calls find of it in their VM.
#[derive(Default)]
struct Calls {
    deadly: Option<Arc<AtomicBool>>,
    handle: Option<InterruptHandle>,
}

impl Interrupts {
    /// Takes over the signal.
    pub fn new() -> Interrupts {
        let deadly = Arc::new(AtomicBool::new(true));
        Interrupts {
            #[cfg(unix)]
            // Without the handler the system's own treatment stays: every signal ends the process.
            unix: unix::Watcher::new(&deadly).ok(),
            deadly,
        }
    }

    /// Lets signals stop what this VM runs.
    pub fn attach(&self, ctx: &Ctx<'_>, handle: InterruptHandle) {
        #[cfg(unix)]
        if let Some(watcher) = &self.unix {
            watcher.set_target(handle.clone());
        }
        let calls = ctx.state::<Calls>();
        let mut calls = calls.borrow_mut();
        calls.deadly = Some(self.deadly.clone());
        calls.handle = Some(handle);
    }

    /// Waits for signals and passes them on, until [`Interrupts::end`].
    pub fn watch(&self) {
        #[cfg(unix)]
        if let Some(watcher) = &self.unix {
            watcher.watch();
        }
    }

    /// Ends the watch.
    pub fn end(&self) {
        #[cfg(unix)]
        if let Some(watcher) = &self.unix {
            watcher.end();
        }
    }
}

/// Runs a call of a script: one signal during it is the script's.
pub fn during<R>(ctx: &mut Ctx<'_>, call: impl FnOnce(&mut Ctx<'_>) -> R) -> R {
    let (deadly, handle) = {
        let calls = ctx.state::<Calls>();
        let calls = calls.borrow();
        (calls.deadly.clone(), calls.handle.clone())
    };
    if let Some(deadly) = &deadly {
        deadly.store(false, Ordering::SeqCst);
    }
    let result = call(ctx);
    if let (Some(deadly), Some(handle)) = (&deadly, &handle) {
        deadly.store(true, Ordering::SeqCst);
        // A signal that came too late for this call is not the next one's.
        handle.clear();
    }
    result
}

#[cfg(unix)]
mod unix {
    //! Signals of Unix.

    use perilune_vm::InterruptHandle;
    use signal_hook::consts::{SIGINT, SIGPIPE};
    use signal_hook::iterator::{Handle, Signals};
    use std::sync::atomic::AtomicBool;
    use std::sync::{Arc, Mutex, PoisonError};

    #[derive(Clone)]
    pub struct Watcher {
        signals: Arc<Mutex<Signals>>,
        handle: Handle,
        target: Arc<Mutex<Option<InterruptHandle>>>,
    }

    impl Watcher {
        pub fn new(deadly: &Arc<AtomicBool>) -> std::io::Result<Watcher> {
            // Rust ignores it, so that a script whose reader is gone would write on for ever.
            signal_hook::flag::register_conditional_default(SIGPIPE, Arc::new(AtomicBool::new(true)))?;
            // In this order: end the process if the signal is deadly, make the next one deadly, tell the watching thread.
            signal_hook::flag::register_conditional_default(SIGINT, deadly.clone())?;
            signal_hook::flag::register(SIGINT, deadly.clone())?;
            let signals = Signals::new([SIGINT])?;
            Ok(Watcher {
                handle: signals.handle(),
                signals: Arc::new(Mutex::new(signals)),
                target: Arc::default(),
            })
        }

        pub fn set_target(&self, target: InterruptHandle) {
            *self.target.lock().unwrap_or_else(PoisonError::into_inner) = Some(target);
        }

        pub fn watch(&self) {
            let mut signals = self.signals.lock().unwrap_or_else(PoisonError::into_inner);
            for _ in signals.forever() {
                if let Some(target) = &*self.target.lock().unwrap_or_else(PoisonError::into_inner) {
                    target.interrupt();
                }
            }
        }

        pub fn end(&self) {
            self.handle.close();
        }
    }
}
