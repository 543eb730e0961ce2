//! Handles under stress: made, cloned, sent into Lua and back, dropped and collected at random, and the state dropped before them.
//!
//! One second in the tests; `PERILUNE_HANDLES_SECONDS` says otherwise.

use arbitrary::{Result as Drawn, Unstructured};
use perilune::{AnyUserData, Function, Lua, LuaOptions, LuaString, ObjectLike, Options, StdLib, Table, Thread, Value};
use std::rc::Rc;

/// A handle, and what it must still be.
#[derive(Clone)]
enum Held {
    Table(Table, i64),
    Text(LuaString, String),
    /// Adds this to its argument.
    Function(Function, i64),
    /// Yields its number again and again.
    Thread(Thread, i64),
    /// The count goes up with each value that is alive.
    Data(AnyUserData, Rc<()>),
}

impl Held {
    fn make(lua: &Lua, u: &mut Unstructured<'_>, count: &Rc<()>) -> Drawn<Held> {
        let n = i64::from(u.arbitrary::<i16>()?);
        Ok(match u.int_in_range(0..=4)? {
            0 => {
                let table = lua.create_table().expect("memory");
                table.set("id", n).expect("memory");
                Held::Table(table, n)
            }
            1 => {
                let text = format!("{n} ").repeat(u.int_in_range(0..=20)?);
                Held::Text(lua.create_string(&text).expect("memory"), text)
            }
            2 if u.arbitrary()? => {
                let add = lua.create_function(move |_, x: i64| Ok(x + n)).expect("memory");
                Held::Function(add, n)
            }
            2 => {
                let make = lua.load("local n = ... return function(x) return x + n end");
                Held::Function(make.call(n).expect("it runs"), n)
            }
            3 => {
                let body = lua.load("local n = ... return function() while true do coroutine.yield(n) end end");
                let body: Function = body.call(n).expect("it runs");
                Held::Thread(lua.create_thread(body).expect("memory"), n)
            }
            _ => Held::Data(lua.create_any_userdata(count.clone()).expect("memory"), count.clone()),
        })
    }

    fn check(&self) {
        match self {
            Held::Table(table, id) => assert_eq!(table.get::<i64>("id").expect("it is there"), *id),
            Held::Text(string, text) => assert_eq!(string.to_str().expect("text").to_string(), *text),
            Held::Function(add, n) => assert_eq!(add.call::<i64>(1).expect("it adds"), n + 1),
            Held::Thread(thread, n) => assert_eq!(thread.resume::<i64>(()).expect("it yields"), *n),
            Held::Data(data, count) => {
                let inner = data.borrow::<Rc<()>>().expect("it is there");
                assert!(Rc::ptr_eq(&inner, count));
            }
        }
    }

    fn value(&self) -> Value {
        match self.clone() {
            Held::Table(table, _) => Value::Table(table),
            Held::Text(string, _) => Value::String(string),
            Held::Function(add, _) => Value::Function(add),
            Held::Thread(thread, _) => Value::Thread(thread),
            Held::Data(data, _) => Value::UserData(data),
        }
    }

    /// The same by another handle, from a value that came back.
    fn again(&self, value: Value) -> Held {
        match (self, value) {
            (Held::Table(_, n), Value::Table(table)) => Held::Table(table, *n),
            (Held::Text(_, text), Value::String(string)) => Held::Text(string, text.clone()),
            (Held::Function(_, n), Value::Function(add)) => Held::Function(add, *n),
            (Held::Thread(_, n), Value::Thread(thread)) => Held::Thread(thread, *n),
            (Held::Data(_, count), Value::UserData(data)) => Held::Data(data, count.clone()),
            (_, other) => panic!("another type came back: {other:?}"),
        }
    }

    /// Uses it after its state is gone: an error, and nothing else.
    fn use_dead(&self) {
        match self {
            Held::Table(table, _) => assert!(table.get::<i64>("id").is_err()),
            Held::Text(..) => {}
            Held::Function(add, _) => assert!(add.call::<i64>(1).is_err()),
            Held::Thread(thread, _) => assert!(thread.resume::<i64>(()).is_err()),
            Held::Data(data, _) => assert!(data.call_method::<()>("x", ()).is_err()),
        }
    }
}

fn live_through(u: &mut Unstructured<'_>) -> Drawn<()> {
    let options = Options {
        gc_stress: u.ratio(1, 4)?,
        gc_step_stress: u.ratio(1, 4)?,
        stack_stress: u.ratio(1, 2)?,
        ..Options::default()
    };
    let state = || Lua::with_options(StdLib::ALL, LuaOptions::default(), &options).expect("memory");
    let (lua, other) = (state(), state());
    let count = Rc::new(());
    let kept = lua.create_table().expect("memory");
    let mut held: Vec<Held> = Vec::new();
    for _ in 0..u.int_in_range(1..=60)? {
        let some = if held.is_empty() {
            None
        } else {
            Some(u.choose_index(held.len())?)
        };
        match (u.int_in_range(0..=7)?, some) {
            (0 | 1, _) | (_, None) => held.push(Held::make(&lua, u, &count)?),
            (2, Some(at)) => held.push(held[at].clone()),
            (3, Some(at)) => drop(held.swap_remove(at)),
            (4, Some(at)) => held[at].check(),
            (5, Some(at)) => {
                // Into a table of Lua's, and back by another handle while the first is gone.
                kept.set("x", held[at].value()).expect("memory");
                let before = held.swap_remove(at);
                if u.arbitrary()? {
                    lua.gc_collect().expect("it collects");
                }
                held.push(before.again(kept.get("x").expect("it is there")));
            }
            (6, Some(at)) => {
                let refused = other.globals().set("x", held[at].value());
                assert!(refused.is_err(), "a handle of another state is refused");
            }
            _ => lua.gc_collect().expect("it collects"),
        }
    }
    for one in &held {
        one.check();
    }
    let copies = if u.arbitrary()? { held.clone() } else { Vec::new() };
    if u.arbitrary()? {
        held.clear();
    }
    drop(kept);
    drop(lua);
    for one in held.iter().chain(&copies) {
        one.use_dead();
    }
    held.clear();
    drop(copies);
    assert_eq!(Rc::strong_count(&count), 1, "what Lua had is dropped with the state");
    Ok(())
}

#[test]
fn handles_live_through_anything() {
    let seconds = std::env::var("PERILUNE_HANDLES_SECONDS")
        .ok()
        .and_then(|s| s.parse().ok());
    arbtest::arbtest(live_through).budget_ms(seconds.unwrap_or(1) * 1000);
}
