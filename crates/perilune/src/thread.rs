//! Coroutines.

use crate::error::{Error, Result};
use crate::failure::take_error;
use crate::function::Function;
use crate::handle::Ref;
use crate::lua::Lua;
use crate::traits::{Fault, FromLuaMulti, IntoLuaMulti, MaybeSend};
use perilune_vm::{Coroutine, Ctx};
use std::cell::Cell;
use std::ffi::c_void;
use std::fmt;
use std::rc::Rc;

/// A coroutine.
#[derive(Clone)]
pub struct Thread(pub(crate) Ref);

/// What a coroutine is doing.
#[derive(Debug, Copy, Clone, Eq, PartialEq)]
pub enum ThreadStatus {
    /// Not started, or stopped in a yield.
    Resumable,
    /// The running one.
    Running,
    /// It resumed another.
    Normal,
    /// Finished.
    Finished,
    /// Stopped by an error.
    Error,
}

/// What happens to coroutines that the host drives.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum ThreadEvent {
    /// One was made.
    Create(Thread),
    /// One is about to be resumed.
    Resume(Thread),
    /// One has yielded.
    Yield(Thread),
}

/// Which of the events a callback gets.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct ThreadTriggers {
    /// [`ThreadEvent::Create`]
    pub on_create: bool,
    /// [`ThreadEvent::Resume`]
    pub on_resume: bool,
    /// [`ThreadEvent::Yield`]
    pub on_yield: bool,
}

impl ThreadTriggers {
    /// [`ThreadEvent::Create`] alone.
    pub const ON_CREATE: ThreadTriggers = ThreadTriggers::new().on_create();
    /// [`ThreadEvent::Resume`] alone.
    pub const ON_RESUME: ThreadTriggers = ThreadTriggers::new().on_resume();
    /// [`ThreadEvent::Yield`] alone.
    pub const ON_YIELD: ThreadTriggers = ThreadTriggers::new().on_yield();

    /// None.
    pub const fn new() -> ThreadTriggers {
        ThreadTriggers {
            on_create: false,
            on_resume: false,
            on_yield: false,
        }
    }

    /// And [`ThreadEvent::Create`].
    #[must_use]
    pub const fn on_create(mut self) -> ThreadTriggers {
        self.on_create = true;
        self
    }

    /// And [`ThreadEvent::Resume`].
    #[must_use]
    pub const fn on_resume(mut self) -> ThreadTriggers {
        self.on_resume = true;
        self
    }

    /// And [`ThreadEvent::Yield`].
    #[must_use]
    pub const fn on_yield(mut self) -> ThreadTriggers {
        self.on_yield = true;
        self
    }
}

impl std::ops::BitOr for ThreadTriggers {
    type Output = ThreadTriggers;
    fn bitor(self, other: ThreadTriggers) -> ThreadTriggers {
        ThreadTriggers {
            on_create: self.on_create | other.on_create,
            on_resume: self.on_resume | other.on_resume,
            on_yield: self.on_yield | other.on_yield,
        }
    }
}

impl std::ops::BitOrAssign for ThreadTriggers {
    fn bitor_assign(&mut self, other: ThreadTriggers) {
        *self = *self | other;
    }
}

type Called = dyn Fn(&Lua, ThreadEvent) -> Result<()>;

/// A callback for events, and whether it is running: it is not called for what it does itself.
pub(crate) struct EventCallback {
    triggers: ThreadTriggers,
    running: Cell<bool>,
    call: Box<Called>,
}

impl Lua {
    /// Calls a function when something happens to coroutines that the host drives by this API.
    pub fn set_thread_event_callback<F>(&self, triggers: ThreadTriggers, callback: F)
    where
        F: Fn(&Lua, ThreadEvent) -> Result<()> + MaybeSend + 'static,
    {
        let callback = EventCallback {
            triggers,
            running: Cell::new(false),
            call: Box::new(callback),
        };
        let before = self.extra().thread_events.replace(Some(Rc::new(callback)));
        drop(before);
    }

    /// Calls it no more.
    pub fn remove_thread_event_callback(&self) {
        let before = self.extra().thread_events.take();
        drop(before);
    }

    fn thread_event(&self, wanted: fn(&ThreadTriggers) -> bool, event: impl FnOnce() -> ThreadEvent) -> Result<()> {
        let callback = self.extra().thread_events.borrow().clone();
        match callback {
            Some(callback) if wanted(&callback.triggers) && !callback.running.replace(true) => {
                let result = (callback.call)(self, event());
                callback.running.set(false);
                result
            }
            _ => Ok(()),
        }
    }
}

impl Thread {
    pub(crate) fn state_of(&self) -> Option<Coroutine> {
        self.0
            .enter(|ctx| {
                self.0.push(ctx)?;
                Ok(ctx.slot(0).coroutine())
            })
            .ok()
            .flatten()
    }

    fn state_in(&self, ctx: &Ctx<'_>) -> Option<Coroutine> {
        ctx.kept(&self.0.0).and_then(|thread| thread.coroutine())
    }

    /// Starts or continues the coroutine.
    ///
    /// # Errors
    /// It cannot be resumed; what it raised; values that do not convert.
    pub fn resume<R: FromLuaMulti>(&self, args: impl IntoLuaMulti) -> Result<R> {
        let lua = self.0.lua();
        self.0.enter(|ctx| {
            if !matches!(self.state_in(ctx), Some(Coroutine::Fresh | Coroutine::Suspended)) {
                return Err(Error::CoroutineUnresumable.into());
            }
            ctx.lend(|| lua.thread_event(|t| t.on_resume, || ThreadEvent::Resume(self.clone())))?;
            let count = self.resume_on(ctx, &lua, args)?;
            if self.state_in(ctx) == Some(Coroutine::Suspended) {
                ctx.lend(|| lua.thread_event(|t| t.on_yield, || ThreadEvent::Yield(self.clone())))?;
            }
            let first = ctx.top() - count;
            Ok(R::from_slots(ctx, first, count, lua.state())?)
        })
    }

    /// Resumes; the values that it yielded or returned are on top, and their number is returned.
    pub(crate) fn resume_on(
        &self,
        ctx: &mut Ctx<'_>,
        lua: &Lua,
        args: impl IntoLuaMulti,
    ) -> std::result::Result<usize, Fault> {
        let at = ctx.top();
        self.0.push(ctx)?;
        if !matches!(ctx.slot(at).coroutine(), Some(Coroutine::Fresh | Coroutine::Suspended)) {
            return Err(Error::CoroutineUnresumable.into());
        }
        ctx.push(ctx.resume_function())?;
        ctx.push_slot(at)?;
        let nargs = args.push_all_to_stack(ctx, lua.state())?;
        let count = ctx.call(nargs + 1, None)?;
        if ctx.slot(at + 1).truthy() {
            return Ok(count - 1);
        }
        // What the coroutine raised, with its own traceback.
        let traceback = ctx.coroutine_traceback(at);
        let memory = ctx.slot(at + 2).as_str() == Some(b"not enough memory") && ctx.is_memory_error();
        let raised = ctx.error_value(ctx.slot(at + 2));
        Err(match take_error(ctx, raised) {
            Error::RuntimeError(text) => {
                let message = text.split("\nstack traceback:").next().unwrap_or_default();
                let text = format!("{message}\n{}", String::from_utf8_lossy(&traceback));
                if memory {
                    Error::MemoryError(text)
                } else {
                    Error::RuntimeError(text)
                }
            }
            other => other,
        }
        .into())
    }

    /// What it is doing.
    pub fn status(&self) -> ThreadStatus {
        match self.state_of() {
            Some(Coroutine::Fresh | Coroutine::Suspended) => ThreadStatus::Resumable,
            Some(Coroutine::Running) => ThreadStatus::Running,
            Some(Coroutine::Normal) => ThreadStatus::Normal,
            Some(Coroutine::Failed) => ThreadStatus::Error,
            Some(Coroutine::Dead) | None => ThreadStatus::Finished,
        }
    }

    /// Whether it can be resumed.
    pub fn is_resumable(&self) -> bool {
        self.status() == ThreadStatus::Resumable
    }

    /// Whether it is the running one.
    pub fn is_running(&self) -> bool {
        self.status() == ThreadStatus::Running
    }

    /// Whether it resumed another.
    pub fn is_normal(&self) -> bool {
        self.status() == ThreadStatus::Normal
    }

    /// Whether it is finished.
    pub fn is_finished(&self) -> bool {
        self.status() == ThreadStatus::Finished
    }

    /// Whether an error stopped it.
    pub fn is_error(&self) -> bool {
        self.status() == ThreadStatus::Error
    }

    /// Closes what it left open and makes it run a function from the start.
    ///
    /// # Errors
    /// It is running; what it failed with, or a `__close` raised: then it is finished, and can be reset.
    pub fn reset(&self, function: Function) -> Result<()> {
        self.close()?;
        self.0.enter(|ctx| {
            self.0.push(ctx)?;
            function.0.push(ctx)?;
            Ok(ctx.renew_coroutine(0, 1)?)
        })
    }

    /// Runs the `__close` of what it left open; then it is dead.
    pub(crate) fn close(&self) -> Result<()> {
        match self.state_of() {
            Some(Coroutine::Running) => return Err(Error::runtime("cannot reset a running thread")),
            Some(Coroutine::Normal) => return Err(Error::runtime("cannot reset a normal thread")),
            _ => {}
        }
        self.0.enter(|ctx| {
            ctx.push(ctx.close_function())?;
            self.0.push(ctx)?;
            ctx.call(1, None)?;
            if ctx.slot(0).truthy() {
                return Ok(());
            }
            let raised = ctx.error_value(ctx.slot(1));
            Err(Fault::Raised(raised))
        })
    }

    /// See [`Value::to_pointer`](crate::Value::to_pointer).
    pub fn to_pointer(&self) -> *const c_void {
        self.0.pointer()
    }
}

impl PartialEq for Thread {
    fn eq(&self, other: &Thread) -> bool {
        self.0.same(&other.0)
    }
}

impl fmt::Debug for Thread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Thread(Ref({:p}))", self.to_pointer())
    }
}

impl Lua {
    /// A coroutine that will run a function.
    ///
    /// # Errors
    /// Out of memory.
    pub fn create_thread(&self, function: Function) -> Result<Thread> {
        let thread = self.enter(|ctx| {
            function.0.push(ctx)?;
            let thread = ctx.new_coroutine(0)?;
            Ok(Thread(Ref::keep(ctx, thread)))
        })?;
        self.thread_event(|t| t.on_create, || ThreadEvent::Create(thread.clone()))?;
        Ok(thread)
    }

    /// The running coroutine; outside of any, the main one. In an asynchronous call, which has a coroutine of its own, the one that
    /// made the call.
    pub fn current_thread(&self) -> Thread {
        let thread = self.enter(|ctx| {
            let (thread, _) = ctx.current_coroutine();
            Ok(Thread(Ref::keep(ctx, thread)))
        });
        match thread {
            #[cfg(feature = "async")]
            Ok(thread) => self.extra().asynchronous.caller_of(&thread).unwrap_or(thread),
            #[cfg(not(feature = "async"))]
            Ok(thread) => thread,
            Err(error) => panic!("{error}"),
        }
    }
}
