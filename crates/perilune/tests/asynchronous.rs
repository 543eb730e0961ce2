//! Asynchronous functions on tokio's executors.

use perilune::{Error, Function, Lua, LuaOptions, MultiValue, Options, Result, StdLib, Value, Variadic};
use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake};
use std::time::Duration;

fn stressed() -> Lua {
    let options = Options {
        gc_stress: true,
        stack_stress: true,
        ..Options::default()
    };
    let lua = Lua::with_options(StdLib::ALL, LuaOptions::new().thread_pool_size(2), &options);
    lua.expect("there is no limit")
}

/// Ready when it was polled so many times before.
struct After(usize);

impl Future for After {
    type Output = ();
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.0 == 0 {
            return Poll::Ready(());
        }
        self.0 -= 1;
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

fn with_after(lua: &Lua) -> Result<()> {
    let after = lua.create_async_function(|_, (polls, values): (usize, Variadic<Value>)| async move {
        After(polls).await;
        Ok(values)
    })?;
    lua.globals().set("after", after)
}

#[tokio::test]
async fn scripts_wait_wherever_they_may_yield() -> Result<()> {
    let lua = stressed();
    with_after(&lua)?;
    let sum: i64 = lua
        .load(
            "local mt = {__add = function(a, b) return after(1, 10) end, __index = function(t, k) return after(2, k) end}\n\
             local t = setmetatable({}, mt)\n\
             local sum = t + t\n\
             for _, v in (function() return after(1, ipairs({1, 2, 3})) end)() do sum = sum + after(v, v) end\n\
             local ok, a, b = pcall(after, 2, 100, 200)\n\
             assert(ok and t.name == 'name' and select('#', after(0)) == 0)\n\
             local co = coroutine.wrap(function() coroutine.yield(after(0, 1000)) end)\n\
             return sum + a + b + co()",
        )
        .eval_async()
        .await?;
    assert_eq!(sum, 10 + 6 + 300 + 1000);
    Ok(())
}

#[tokio::test]
async fn errors_and_panics_come_out_of_futures() -> Result<()> {
    let lua = Lua::new();
    with_after(&lua)?;
    let fail = lua.create_async_function(|_, polls: usize| async move {
        After(polls).await;
        Err::<(), _>(Error::external(std::io::Error::other("from outside")))
    })?;
    let panics = lua.create_async_function(|_, polls: usize| async move {
        After(polls).await;
        if polls < 100 {
            panic!("in a future");
        }
        Ok(())
    })?;
    lua.globals().set("fail", fail)?;
    lua.globals().set("panics", panics)?;
    for polls in [0, 3] {
        let error = lua
            .load("fail(...)")
            .call_async::<()>(polls)
            .await
            .expect_err("it fails");
        assert_eq!(
            error
                .chain()
                .find_map(|e| e.downcast_ref::<std::io::Error>())
                .map(ToString::to_string),
            Some("from outside".into())
        );
        let caught: bool = lua.load("return (pcall(fail, ...))").call_async(polls).await?;
        assert!(!caught);
        let call = tokio::task::LocalSet::new();
        let lua2 = lua.clone();
        let task = call.spawn_local(async move { lua2.load("panics(...)").call_async::<()>(polls).await });
        call.await;
        assert!(task.await.expect_err("the panic goes on").is_panic());
    }
    assert_eq!(lua.load("return after(1, 7)").eval_async::<i64>().await?, 7);
    Ok(())
}

#[tokio::test]
async fn dropping_a_call_drops_what_it_waits_for() -> Result<()> {
    let lua = Lua::new();
    let alive = Rc::new(());
    let held = alive.clone();
    let hang = lua.create_async_function(move |_, ()| {
        let held = held.clone();
        async move {
            std::future::pending::<()>().await;
            drop(held);
            Ok(())
        }
    })?;
    lua.globals().set("hang", hang)?;
    lua.load("closed = false").exec()?;
    let script = lua
        .load("local c <close> = setmetatable({}, {__close = function() closed = true end}) hang()")
        .into_function()?;
    let call = script.call_async::<()>(());
    assert!(tokio::time::timeout(Duration::from_millis(5), call).await.is_err());
    assert_eq!(
        Rc::strong_count(&alive),
        2,
        "the function holds one, the future held another"
    );
    assert!(lua.globals().get::<bool>("closed")?);
    // The coroutine can still be used otherwise: nothing of the state is stuck.
    lua.load("assert(coroutine.wrap(function() return 1 end)() == 1)")
        .exec()
}

struct Counting(AtomicUsize);

impl Wake for Counting {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn the_waker_of_the_task_is_passed_on() -> Result<()> {
    let lua = Lua::new();
    with_after(&lua)?;
    let wakes = Arc::new(Counting(AtomicUsize::new(0)));
    let waker = wakes.clone().into();
    let mut call = Box::pin(lua.load("return after(2, 'done')").eval_async::<String>());
    let mut polls = 0;
    let text = loop {
        polls += 1;
        match call.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(result) => break result?,
            Poll::Pending => assert_eq!(wakes.0.load(Ordering::Relaxed), polls),
        }
    };
    assert_eq!((text.as_str(), polls), ("done", 3));
    Ok(())
}

#[test]
fn yields_of_futures_reach_who_resumes() -> Result<()> {
    let lua = stressed();
    with_after(&lua)?;
    let count = lua.create_async_function(|lua, n: i64| async move {
        let mut sum = 0;
        for i in 1..=n {
            After(1).await;
            sum += lua.yield_with::<i64>(i).await?;
        }
        Ok(sum)
    })?;
    lua.globals().set("count", count)?;
    let sum: i64 = lua
        .load(
            "local co = coroutine.create(count)\n\
             local pass = 3\n\
             repeat\n\
               local ok, value = coroutine.resume(co, pass)\n\
               assert(ok, value)\n\
               if type(value) == 'number' then pass = value * 10 end\n\
             until coroutine.status(co) == 'dead'\n\
             local ok, sum = true, pass // 10\n\
             return sum",
        )
        .eval()?;
    assert_eq!(sum, 10 + 20 + 30);
    // Outside of an asynchronous function there is nobody to yield to.
    let mut outside = Box::pin(lua.yield_with::<()>(1));
    let mut cx = Context::from_waker(std::task::Waker::noop());
    assert!(matches!(
        outside.as_mut().poll(&mut cx),
        Poll::Ready(Err(Error::RuntimeError(_)))
    ));
    Ok(())
}

#[tokio::test]
async fn many_calls_share_one_state() -> Result<()> {
    let lua = Lua::new_with(StdLib::ALL_SAFE, LuaOptions::new().thread_pool_size(8))?;
    let nap = lua.create_async_function(|_, ms: u64| async move {
        tokio::time::sleep(Duration::from_millis(ms)).await;
        Ok(ms)
    })?;
    lua.globals().set("nap", nap)?;
    let f: Function = lua
        .load("return function(n) local a = nap(n) return a + nap(1) end")
        .eval()?;
    let done = Rc::new(Cell::new(0));
    let tasks = tokio::task::LocalSet::new();
    for i in 0..100 {
        let (f, done) = (f.clone(), done.clone());
        tasks.spawn_local(async move {
            let n: u64 = f.call_async(i % 7).await.expect("it runs");
            assert_eq!(n, i % 7 + 1);
            done.set(done.get() + 1);
        });
    }
    tasks.await;
    assert_eq!(done.get(), 100);
    Ok(())
}

#[tokio::test]
async fn states_that_are_gone_give_errors() -> Result<()> {
    let lua = Lua::new();
    let f: Function = lua.load("return function() end").eval()?;
    let thread = lua.create_thread(f.clone())?.into_async::<MultiValue>(())?;
    drop(lua);
    assert!(f.call_async::<()>(()).await.is_err());
    assert!(thread.await.is_err());
    Ok(())
}
