//! Hooks and what is on the stack, from Rust.

use perilune::{Debug, DebugEvent, HookTriggers, Lua, LuaOptions, Options, Result, StdLib, Value, VmState};
use std::cell::{Cell, RefCell};
use std::rc::Rc;

fn stressed() -> Lua {
    let options = Options {
        gc_stress: true,
        stack_stress: true,
        ..Options::default()
    };
    Lua::with_options(StdLib::ALL, LuaOptions::default(), &options).expect("no limit")
}

#[test]
fn a_hook_may_yield_before_any_line() -> Result<()> {
    let lua = stressed();
    let seen = Rc::new(RefCell::new(Vec::new()));
    let lines = seen.clone();
    lua.set_global_hook(HookTriggers::EVERY_LINE, move |lua, debug| {
        let inside = lua.current_thread() != lua.globals().get::<perilune::Thread>("main")?;
        if !inside {
            return Ok(VmState::Continue);
        }
        lines.borrow_mut().push(debug.current_line().unwrap_or(0));
        Ok(VmState::Yield)
    })?;
    lua.globals().set("main", lua.current_thread())?;
    let co = lua.create_thread(
        lua.load(
            "local t = {...}\n\
             local function sum(...)\n\
               local s = 0\n\
               for _, v in ipairs({...}) do s = s + v end\n\
               return s\n\
             end\n\
             return sum(table.unpack(t))",
        )
        .into_function()?,
    )?;
    let mut yields = 0;
    let sum = loop {
        let values: Vec<Value> = if yields == 0 {
            co.resume::<perilune::Variadic<Value>>((1, 2, 3))?.into()
        } else {
            // What is passed to a hook's yield is dropped.
            co.resume::<perilune::Variadic<Value>>("dropped")?.into()
        };
        if co.is_finished() {
            break values;
        }
        assert!(values.is_empty());
        yields += 1;
        lua.gc_collect()?;
    };
    assert_eq!(sum, [Value::Integer(6)]);
    assert_eq!(yields, seen.borrow().len());
    assert_eq!(seen.borrow()[..4], [1, 6, 7, 3]);
    Ok(())
}

#[test]
fn counting_hooks_yield_once_an_instruction() -> Result<()> {
    let lua = stressed();
    let co = lua.create_thread(
        lua.load("local n = 0 for i = 1, 10 do n = n + i end return n")
            .into_function()?,
    )?;
    co.set_hook(HookTriggers::new().every_nth_instruction(1), |_, debug| {
        assert_eq!(debug.event(), DebugEvent::Count);
        Ok(VmState::Yield)
    })?;
    let mut yields = 0;
    while !co.is_finished() {
        let n = co.resume::<Option<i64>>(())?;
        assert_eq!(n.is_some(), co.is_finished());
        assert!(n.is_none_or(|n| n == 55));
        yields += 1;
    }
    assert!(yields > 20, "{yields}");
    Ok(())
}

#[test]
fn a_yield_needs_a_coroutine_that_can() -> Result<()> {
    let lua = Lua::new();
    lua.set_hook(HookTriggers::EVERY_LINE, |_, _| Ok(VmState::Yield))?;
    let error = lua
        .load("local x = 1")
        .exec()
        .expect_err("the main coroutine does not yield");
    assert!(
        error.to_string().contains("attempt to yield from outside a coroutine"),
        "{error}"
    );
    lua.set_hook(HookTriggers::ON_CALLS, |_, _| Ok(VmState::Yield))?;
    let error = lua.load("local x = 1").exec().expect_err("calls do not yield");
    assert!(error.to_string().contains("attempt to yield from a hook"), "{error}");
    lua.remove_hook();
    lua.load("local x = 1").exec()
}

#[test]
fn a_suspended_function_shows_where_it_is() -> Result<()> {
    let lua = stressed();
    lua.globals().set("main", lua.current_thread())?;
    lua.set_global_hook(HookTriggers::EVERY_LINE, |lua, _| {
        let main: perilune::Thread = lua.globals().get("main")?;
        Ok(if lua.current_thread() == main {
            VmState::Continue
        } else {
            VmState::Yield
        })
    })?;
    let text: String = lua
        .load(
            "local co = coroutine.create(function()\n\
               local x = 'seen'\n\
               x = x .. '!'\n\
             end)\n\
             coroutine.resume(co) coroutine.resume(co)\n\
             local name, value = debug.getlocal(co, 0, 1)\n\
             local at = debug.getinfo(co, 0, 'Sl')\n\
             return name .. '=' .. value .. '@' .. at.currentline",
        )
        .eval()?;
    assert_eq!(text, "x=seen@3");
    Ok(())
}

#[test]
fn hooks_of_one_coroutine_are_not_inherited() -> Result<()> {
    let lua = Lua::new();
    let calls = Rc::new(Cell::new(0));
    let counted = calls.clone();
    let co = lua.create_thread(
        lua.load("coroutine.wrap(function() local x = tostring(1) end)()")
            .into_function()?,
    )?;
    co.set_hook(HookTriggers::ON_CALLS, move |_, debug: &Debug<'_>| {
        assert_ne!(debug.names().name.as_deref(), Some("tostring"));
        counted.set(counted.get() + 1);
        Ok(VmState::Continue)
    })?;
    co.resume::<()>(())?;
    assert_eq!(calls.get(), 3, "the chunk, wrap, and what it made");
    Ok(())
}

#[test]
fn panics_of_hooks_resume_at_the_border() {
    let lua = Lua::new();
    lua.set_hook(HookTriggers::EVERY_LINE, |_, _| panic!("in a hook"))
        .expect("a new state");
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| lua.load("local x = 1").exec()));
    let payload = caught.expect_err("the panic goes on");
    assert_eq!(payload.downcast_ref::<&str>(), Some(&"in a hook"));
    lua.remove_hook();
    lua.load("local x = 1").exec().expect("the state is usable");
}
