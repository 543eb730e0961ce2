//! Asynchronous functions: futures of Rust that scripts wait for.
//!
//! A function of the host that makes a future polls it at once. If it is not ready, the function ends in a call of a small loop in
//! Lua, which yields [`Lua::poll_pending`] and polls again when its coroutine is resumed, so that what waits is a coroutine: no
//! stack of the system and no thread. Whoever drives the coroutine by [`Thread::into_async`] passes its waker on and sleeps
//! when it meets that value.

use crate::error::{Error, Result};
use crate::function::Function;
use crate::handle::Ref;
use crate::lua::Lua;
use crate::multi::MultiValue;
use crate::thread::Thread;
use crate::traits::{Fault, FromLuaMulti, IntoLuaMulti, MaybeSend};
use crate::value::{LightUserData, Value};
use futures_core::Stream;
use perilune_vm::{Coroutine, Ctx, Returns};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::marker::PhantomData;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// What an asynchronous function runs.
pub(crate) type ResultsFuture = Pin<Box<dyn Future<Output = Result<MultiValue>>>>;

/// A future that a coroutine waits for; empty while it is polled, and when it was cancelled.
type Waited = Rc<RefCell<Option<ResultsFuture>>>;

/// What is kept with a state for its asynchronous functions.
#[derive(Default)]
pub(crate) struct AsyncState {
    /// The waker of the task that drives the running coroutine.
    waker: RefCell<Option<Waker>>,
    /// What the coroutine that was just suspended waits for.
    waited: RefCell<Option<Waited>>,
    /// How many polls of futures are nested.
    polling: Cell<usize>,
    /// Values of [`Lua::yield_with`], on their way out and in.
    yielded: RefCell<Option<MultiValue>>,
    resumed: RefCell<Option<MultiValue>>,
    /// The loop in Lua.
    wait: RefCell<Option<Function>>,
    /// Coroutines of calls that ended, for new ones.
    pool: RefCell<Vec<Thread>>,
    pub(crate) pool_size: Cell<usize>,
    /// The coroutines of calls under way, by identity, with the ones that made the calls.
    callers: RefCell<BTreeMap<u64, Thread>>,
}

impl AsyncState {
    /// Drops everything that refers to the state: it is gone.
    pub(crate) fn clear(&self) {
        let waited = self.waited.take();
        let values = (self.yielded.take(), self.resumed.take());
        let handles = (self.wait.take(), self.pool.take(), self.callers.take());
        drop((waited, values, handles));
    }

    /// The coroutine that made the call for which this one was made, if it was.
    pub(crate) fn caller_of(&self, thread: &Thread) -> Option<Thread> {
        self.callers.borrow().get(&thread.0.0.identity()).cloned()
    }
}

/// What became of a future that was polled.
enum Step {
    Ready(MultiValue),
    Pending,
    /// It yields values, by [`Lua::yield_with`].
    Yields(MultiValue),
}

/// Waits, by yields, for what `poll` says: true and results, nil, or false and values to yield.
const WAIT: &str = "\
local yield, pending = ...
local function wait(poll, ready, ...)
  if ready then return ... end
  if ready == nil then return wait(poll, poll(yield(pending))) end
  return wait(poll, poll(yield(...)))
end
return wait";

/// The payload of [`Lua::poll_pending`]: no address, so that it is the same in every run.
const PENDING: usize = 0x7065_6E64;

impl Lua {
    /// What a coroutine yields while it waits for a future.
    #[doc(hidden)]
    pub fn poll_pending() -> LightUserData {
        LightUserData(std::ptr::without_provenance_mut(PENDING))
    }

    fn wait_function(&self) -> Result<Function> {
        let known = self.extra().asynchronous.wait.borrow().clone();
        if let Some(wait) = known {
            return Ok(wait);
        }
        let yields = self.enter(|ctx| Ok(Function(Ref::keep(ctx, ctx.yield_function()))))?;
        let pending = Value::LightUserData(Lua::poll_pending());
        let wait: Function = self.load(WAIT).set_name("=[async]").call((yields, pending))?;
        self.extra().asynchronous.wait.replace(Some(wait.clone()));
        Ok(wait)
    }

    /// Polls a future; `values` are what a yield of its own was resumed with.
    fn poll_future(
        &self,
        ctx: &mut Ctx<'_>,
        future: &mut ResultsFuture,
        values: Option<MultiValue>,
    ) -> std::result::Result<Step, Fault> {
        /// Puts back what an outer poll has, also when a future panics.
        struct Outer<'a>(&'a AsyncState, Option<MultiValue>, Option<MultiValue>);
        impl Drop for Outer<'_> {
            fn drop(&mut self) {
                self.0.polling.set(self.0.polling.get() - 1);
                let inner = (
                    self.0.yielded.replace(self.1.take()),
                    self.0.resumed.replace(self.2.take()),
                );
                drop(inner);
            }
        }
        let state = &self.extra().asynchronous;
        let waker = state.waker.borrow().clone();
        let waker = waker.as_ref().unwrap_or(Waker::noop());
        state.polling.set(state.polling.get() + 1);
        let _outer = Outer(state, state.yielded.take(), state.resumed.replace(values));
        match ctx.lend(|| future.as_mut().poll(&mut Context::from_waker(waker))) {
            Poll::Ready(results) => Ok(Step::Ready(results?)),
            Poll::Pending => Ok(match state.yielded.take() {
                Some(values) => Step::Yields(values),
                None => Step::Pending,
            }),
        }
    }

    /// Pushes what [`WAIT`] is told of a step that did not end the future; how many values that are.
    fn push_step(ctx: &mut Ctx<'_>, ready: Option<bool>, values: &MultiValue) -> std::result::Result<usize, Fault> {
        ctx.reserve(values.len() + 1)?;
        ctx.push(ready.map_or(perilune_vm::Val::NIL, perilune_vm::Val::bool))?;
        for value in values {
            value.push_to(ctx)?;
        }
        Ok(values.len() + 1)
    }

    /// Runs a future to its end on behalf of the running native: its results are the native's.
    pub(crate) fn run_future(
        &self,
        ctx: &mut Ctx<'_>,
        mut future: ResultsFuture,
    ) -> std::result::Result<Returns, Fault> {
        let (ready, values) = match self.poll_future(ctx, &mut future, None)? {
            Step::Ready(results) => return Ok(Returns(results.push_all_to_stack(ctx, self.state())? as u32)),
            Step::Pending => (None, MultiValue::new()),
            Step::Yields(values) => (Some(false), values),
        };
        let waited: Waited = Rc::new(RefCell::new(Some(future)));
        self.extra().asynchronous.waited.replace(Some(waited.clone()));
        let yields = Cell::new(ready.is_some());
        let lua = Lua::borrowed(self.state());
        let poll = crate::failure::guarded(move |ctx| lua.poll_again(ctx, &waited, &yields));
        let wait = ctx.lend(|| self.wait_function())?;
        wait.0.push(ctx)?;
        let poll = ctx.new_host_fn("poll", poll)?;
        ctx.push(poll)?;
        let count = Lua::push_step(ctx, ready, &values)?;
        Ok(ctx.tail_call(count + 1, None)?)
    }

    /// The function that [`WAIT`] calls when its coroutine is resumed.
    fn poll_again(
        &self,
        ctx: &mut Ctx<'_>,
        waited: &Waited,
        yields: &Cell<bool>,
    ) -> std::result::Result<Returns, Fault> {
        let Some(mut future) = waited.take() else {
            return Err(Error::runtime("the future of this coroutine was cancelled").into());
        };
        let resumed = yields.get().then(|| MultiValue::read(ctx, 0, ctx.nargs()));
        let (ready, values) = match self.poll_future(ctx, &mut future, resumed)? {
            Step::Ready(results) => (Some(true), results),
            Step::Pending => (None, MultiValue::new()),
            Step::Yields(values) => (Some(false), values),
        };
        if ready != Some(true) {
            yields.set(ready.is_some());
            waited.replace(Some(future));
            self.extra().asynchronous.waited.replace(Some(waited.clone()));
        }
        Ok(Returns(Lua::push_step(ctx, ready, &values)? as u32))
    }

    /// An asynchronous function of the host: calling it runs the future to its end, and the coroutine that calls waits
    /// meanwhile. It can be called in coroutines only, such as those that [`Function::call_async`] and its like make.
    ///
    /// # Errors
    /// Out of memory.
    pub fn create_async_function<F, A, FR, R>(&self, f: F) -> Result<Function>
    where
        F: Fn(Lua, A) -> FR + MaybeSend + 'static,
        A: FromLuaMulti,
        FR: Future<Output = Result<R>> + MaybeSend + 'static,
        R: IntoLuaMulti,
    {
        self.native("?", move |lua, ctx| {
            let nargs = ctx.nargs();
            let args = A::from_arg_slots(ctx, 0, nargs, 1, None, lua.state())?;
            let future = ctx.lend(|| f(lua.clone(), args));
            lua.run_future(ctx, lua.results_of(future))
        })
    }

    /// A future of Lua values.
    pub(crate) fn results_of<FR, R>(&self, future: FR) -> ResultsFuture
    where
        FR: Future<Output = Result<R>> + MaybeSend + 'static,
        R: IntoLuaMulti,
    {
        // It may be kept in the state: it must not own it.
        let lua = Lua::borrowed(self.state());
        Box::pin(async move { future.await?.into_lua_multi(&lua) })
    }

    /// Yields values from an asynchronous function, to whoever resumed its coroutine; what that passes when it resumes it again
    /// is returned.
    ///
    /// # Errors
    /// The future is not that of an asynchronous function; values that do not convert.
    pub async fn yield_with<R: FromLuaMulti>(&self, values: impl IntoLuaMulti) -> Result<R> {
        let mut values = Some(values.into_lua_multi(self)?);
        let resumed = poll_fn(|_| {
            let state = &self.extra().asynchronous;
            if state.polling.get() == 0 {
                return Poll::Ready(Err(Error::runtime(
                    "attempt to yield from outside an asynchronous function",
                )));
            }
            if let Some(values) = values.take() {
                state.yielded.replace(Some(values));
                return Poll::Pending;
            }
            match state.resumed.take() {
                Some(values) => Poll::Ready(Ok(values)),
                None => Poll::Pending,
            }
        });
        R::from_lua_multi(resumed.await?, self)
    }

    /// A coroutine for a call, one that was used before if there is one.
    fn call_thread(&self, function: Function) -> Result<Thread> {
        let caller = self.current_thread();
        let state = &self.extra().asynchronous;
        let used = state.pool.borrow_mut().pop();
        let thread = match used {
            Some(thread) => {
                thread.reset(function)?;
                // A new one would have the running coroutine's hook.
                self.enter(|ctx| {
                    thread.0.push(ctx)?;
                    let (hook, events) = ctx.hook(None).unzip();
                    ctx.set_hook(Some(ctx.slot(0)), hook, events.unwrap_or_default());
                    Ok(())
                })?;
                thread
            }
            None => self.create_thread(function)?,
        };
        let before = state.callers.borrow_mut().insert(thread.0.0.identity(), caller);
        drop(before);
        Ok(thread)
    }
}

/// The waker of the task that drives a coroutine, as long as it does.
struct Driven<'a>(&'a AsyncState, Option<Waker>);

impl<'a> Driven<'a> {
    fn by(state: &'a AsyncState, waker: &Waker) -> Driven<'a> {
        Driven(state, state.waker.replace(Some(waker.clone())))
    }
}

impl Drop for Driven<'_> {
    fn drop(&mut self) {
        let ours = self.0.waker.replace(self.1.take());
        drop(ours);
    }
}

/// A coroutine as a future of its results, or as a stream of what it yields, its results last.
///
/// As a future it drops what the coroutine yields. If the coroutine was made for a call and this is dropped before the end, the
/// future that it waits for is dropped, and its to-be-closed variables are closed.
#[must_use = "a coroutine does nothing unless it is polled"]
pub struct AsyncThread<R> {
    thread: Thread,
    args: Option<MultiValue>,
    waited: Option<Waited>,
    /// It was made for a call.
    of_call: bool,
    results: PhantomData<fn() -> R>,
}

impl<R> AsyncThread<R> {
    /// Resumes the coroutine; what it yielded or, if it is finished now, returned.
    fn step(&mut self, cx: &mut Context<'_>) -> Poll<Result<(bool, MultiValue)>> {
        let lua = self.thread.0.lua();
        let state = &lua.extra().asynchronous;
        let args = self.args.take().unwrap_or_default();
        let outcome = {
            let _driven = Driven::by(state, cx.waker());
            state.waited.take();
            let outcome = self.thread.resume::<MultiValue>(args);
            self.waited = state.waited.take();
            outcome
        };
        let values = match outcome {
            Ok(values) => values,
            Err(error) => return Poll::Ready(Err(error)),
        };
        let finished = self.thread.state_of() != Some(Coroutine::Suspended);
        match values.front() {
            Some(Value::LightUserData(v)) if !finished && values.len() == 1 && *v == Lua::poll_pending() => {
                Poll::Pending
            }
            _ => Poll::Ready(Ok((finished, values))),
        }
    }
}

impl<R> Drop for AsyncThread<R> {
    fn drop(&mut self) {
        if !self.of_call {
            return;
        }
        let lua = self.thread.0.lua();
        let state = &lua.extra().asynchronous;
        let cancelled = self.waited.take().and_then(|waited| waited.take());
        drop(cancelled);
        let caller = state.callers.borrow_mut().remove(&self.thread.0.0.identity());
        drop(caller);
        // What a `__close` raises has no one to go to, nor has what the coroutine failed with: its call has told.
        let _ = self.thread.close();
        if self.thread.state_of() == Some(Coroutine::Dead) {
            let mut pool = state.pool.borrow_mut();
            if pool.len() < state.pool_size.get() {
                pool.push(self.thread.clone());
            }
        }
    }
}

impl<R: FromLuaMulti> Future for AsyncThread<R> {
    type Output = Result<R>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<R>> {
        match self.step(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Ready(Ok((true, values))) => Poll::Ready(R::from_lua_multi(values, &self.thread.0.lua())),
            Poll::Ready(Ok((false, _))) => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
        }
    }
}

impl<R: FromLuaMulti> Stream for AsyncThread<R> {
    type Item = Result<R>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<R>>> {
        if !self.thread.is_resumable() {
            return Poll::Ready(None);
        }
        match self.step(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Err(error)) => Poll::Ready(Some(Err(error))),
            Poll::Ready(Ok((_, values))) => Poll::Ready(Some(R::from_lua_multi(values, &self.thread.0.lua()))),
        }
    }
}

/// The call of a function in a coroutine of its own.
#[must_use = "futures do nothing unless they are polled"]
pub struct AsyncCallFuture<R>(std::result::Result<AsyncThread<R>, Option<Error>>);

impl<R> AsyncCallFuture<R> {
    pub(crate) fn failed(error: Error) -> AsyncCallFuture<R> {
        AsyncCallFuture(Err(Some(error)))
    }
}

impl<R: FromLuaMulti> Future for AsyncCallFuture<R> {
    type Output = Result<R>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<R>> {
        match &mut self.0 {
            Ok(thread) => Pin::new(thread).poll(cx),
            Err(error) => Poll::Ready(Err(error.take().unwrap_or(Error::CoroutineUnresumable))),
        }
    }
}

impl Thread {
    /// The coroutine as a future and a stream. The arguments are what it is resumed with first.
    ///
    /// # Errors
    /// It cannot be resumed; arguments that do not convert.
    pub fn into_async<R: FromLuaMulti>(self, args: impl IntoLuaMulti) -> Result<AsyncThread<R>> {
        if !self.is_resumable() {
            return Err(Error::CoroutineUnresumable);
        }
        let args = args.into_lua_multi(&self.0.lua())?;
        Ok(AsyncThread {
            thread: self,
            args: Some(args),
            waited: None,
            of_call: false,
            results: PhantomData,
        })
    }
}

impl Function {
    /// Calls the function in a coroutine of its own, so that it can call asynchronous functions. What it yields otherwise is
    /// dropped. If the future is dropped before the end, so is what the function waits for.
    pub fn call_async<R: FromLuaMulti>(&self, args: impl IntoLuaMulti) -> AsyncCallFuture<R> {
        let made = || {
            let lua = self.0.lua();
            if lua.state().is_closed() {
                return Err(Error::runtime("the Lua state is gone"));
            }
            let args = args.into_lua_multi(&lua)?;
            let thread = lua.call_thread(self.clone())?;
            let mut thread = thread.into_async(args)?;
            thread.of_call = true;
            Ok(thread)
        };
        AsyncCallFuture(made().map_err(Some))
    }
}
