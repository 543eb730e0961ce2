//! The embedding API, from outside.

use perilune::{
    AnyUserData, Error, ExternalResult, Function, Lua, LuaOptions, Options, RegistryKey, Result, StdLib, Table,
    UserData, UserDataFields, UserDataMethods, Value, Variadic,
};
use std::cell::{Cell, RefCell};
use std::rc::Rc;

fn stressed() -> Lua {
    let options = Options {
        gc_stress: true,
        stack_stress: true,
        ..Options::default()
    };
    Lua::with_options(StdLib::ALL, LuaOptions::default(), &options).expect("there is memory")
}

#[test]
fn values_cross_the_border() -> Result<()> {
    let lua = stressed();
    let swap = lua.create_function(|_, (a, b): (Value, String)| Ok((b, a)))?;
    lua.globals().set("swap", &swap)?;
    let (a, b): (String, i64) = lua.load("swap(7, 'x')").eval()?;
    assert_eq!((a.as_str(), b), ("x", 7));
    let sum = lua.create_function(|_, all: Variadic<f64>| Ok(all.iter().sum::<f64>()))?;
    assert_eq!(sum.call::<f64>((1, 2.5, "3"))?, 6.5);
    let list: Vec<u8> = lua.load("{1, 2, 3}").eval()?;
    assert_eq!(list, [1, 2, 3]);
    assert!(lua.load("{1, 256}").eval::<Vec<u8>>().is_err());
    assert_eq!(lua.load("nil").eval::<Option<i32>>()?, None);
    Ok(())
}

#[test]
fn errors_keep_their_kind_on_the_way() -> Result<()> {
    let lua = stressed();
    let fail = lua.create_function(|_, ()| -> Result<()> { Err(std::io::Error::other("the disk")).into_lua_err() })?;
    lua.globals().set("fail", fail)?;
    let error = lua
        .load("local function f() fail() end f()")
        .exec()
        .expect_err("it fails");
    let Error::CallbackError { traceback, cause } = &error else {
        panic!("not a callback's error: {error:?}")
    };
    assert!(traceback.contains("stack traceback:"), "{traceback}");
    assert!(cause.downcast_ref::<std::io::Error>().is_some());
    // Scripts see it as a value that they can show and pass on.
    let (ok, text): (bool, String) = lua
        .load("local ok, e = pcall(fail) return ok, type(e) .. ' ' .. tostring(e):match('the disk')")
        .eval()?;
    assert!(!ok);
    assert_eq!(text, "userdata the disk");
    match lua.load("error('plain')").set_name("=chunk").exec() {
        Err(Error::RuntimeError(text)) => {
            assert!(text.starts_with("chunk:1: plain\nstack traceback:"), "{text}");
        }
        other => panic!("{other:?}"),
    }
    match lua.load("for").exec() {
        Err(Error::SyntaxError { incomplete_input, .. }) => assert!(incomplete_input),
        other => panic!("{other:?}"),
    }
    Ok(())
}

#[test]
fn a_panic_passes_through_lua() -> Result<()> {
    let lua = stressed();
    let boom = lua.create_function(|_, ()| -> Result<()> { panic!("boom") })?;
    lua.globals().set("boom", boom)?;
    assert!(!lua.load("return (pcall(boom))").eval::<bool>()?);
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| lua.load("boom()").exec()));
    let payload = caught.expect_err("the panic resumes");
    assert_eq!(payload.downcast_ref::<&str>(), Some(&"boom"));
    // The state goes on.
    assert_eq!(lua.load("1 + 1").eval::<i64>()?, 2);
    Ok(())
}

#[test]
fn errors_of_the_host_do_not_run_handlers_of_scripts_twice() -> Result<()> {
    let lua = stressed();
    let call = lua.create_function(|_, f: Function| Ok(f.call::<()>(()).is_err()))?;
    lua.globals().set("call", call)?;
    let (seen, failed): (i64, bool) = lua
        .load(
            "local seen = 0
             local _, failed = xpcall(function()
               return call(function() error('inside') end)
             end, function() seen = seen + 1 end)
             return seen, failed",
        )
        .eval()?;
    assert_eq!((seen, failed), (0, true));
    Ok(())
}

struct Counter {
    count: i64,
    dropped: Rc<Cell<u32>>,
}

impl Drop for Counter {
    fn drop(&mut self) {
        self.dropped.set(self.dropped.get() + 1);
    }
}

impl UserData for Counter {
    fn add_fields<F: UserDataFields<Self>>(fields: &mut F) {
        fields.add_field_method_get("count", |_, this| Ok(this.count));
        fields.add_field_method_set("count", |_, this, count: i64| {
            this.count = count;
            Ok(())
        });
    }
    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        methods.add_method_mut("add", |_, this, n: i64| {
            this.count += n;
            Ok(this.count)
        });
        methods.add_method("call", |_, this, f: Function| f.call::<()>(this.count));
    }
}

#[test]
fn userdata_borrow_and_die() -> Result<()> {
    let lua = stressed();
    let dropped = Rc::new(Cell::new(0));
    let counter = |count| Counter {
        count,
        dropped: dropped.clone(),
    };
    lua.globals().set("c", counter(1))?;
    lua.load("c:add(2) c.count = c.count * 10 assert(c.count == 30) assert(c.add)")
        .exec()?;
    // A method that writes cannot run inside of one that reads.
    let error = lua
        .load("c:call(function() c:add(1) end)")
        .exec()
        .expect_err("it is borrowed");
    assert!(
        error.to_string().contains("error mutably borrowing userdata"),
        "{error}"
    );
    let handle: AnyUserData = lua.globals().get("c")?;
    assert_eq!(handle.borrow::<Counter>()?.count, 30);
    let kept = handle.borrow::<Counter>()?;
    drop(handle);
    lua.load("c = nil").exec()?;
    lua.gc_collect()?;
    assert_eq!((kept.count, dropped.get()), (30, 0));
    drop(kept);
    assert_eq!(dropped.get(), 1);
    lua.globals().set("d", counter(5))?;
    let d: AnyUserData = lua.globals().get("d")?;
    assert_eq!(d.take::<Counter>()?.count, 5);
    assert!(lua.load("d:add(1)").exec().is_err());
    drop(lua);
    assert_eq!(dropped.get(), 2);
    Ok(())
}

#[test]
fn a_scope_takes_back_what_it_lent() -> Result<()> {
    let lua = stressed();
    let mut text = String::new();
    let seen = RefCell::new(Vec::new());
    let kept: Function = lua.scope(|scope| {
        let push = scope.create_function_mut(|_, s: String| {
            text.push_str(&s);
            Ok(())
        })?;
        let see = scope.create_function(|_, n: i64| {
            seen.borrow_mut().push(n);
            Ok(())
        })?;
        lua.load("local push, see = ... push('a') push('b') see(3)")
            .call::<()>((push, see.clone()))?;
        Ok(see)
    })?;
    assert_eq!(text, "ab");
    assert_eq!(*seen.borrow(), [3]);
    match kept.call::<()>(1) {
        Err(Error::CallbackError { cause, .. }) => assert!(matches!(*cause, Error::CallbackDestructed)),
        other => panic!("{other:?}"),
    }
    Ok(())
}

#[test]
fn handles_of_another_state_are_refused() -> Result<()> {
    let (one, two) = (Lua::new(), Lua::new());
    let table = one.create_table()?;
    assert!(matches!(two.globals().set("t", &table), Err(Error::SafetyError(_))));
    let key = one.create_registry_value(1)?;
    assert!(matches!(
        two.registry_value::<i64>(&key),
        Err(Error::MismatchedRegistryKey)
    ));
    drop(one);
    assert!(table.get::<Value>(1).is_err());
    Ok(())
}

#[test]
fn the_state_ends_with_its_last_owner() -> Result<()> {
    let dropped = Rc::new(Cell::new(0));
    let lua = Lua::new();
    let weak = lua.weak();
    // The state holds handles of its own, and a closure a reference to it.
    let table = lua.create_table()?;
    let inner = table.clone();
    table.set("f", lua.create_function(move |_, ()| inner.get::<Value>("x"))?)?;
    lua.globals().set("t", &table)?;
    lua.globals().set(
        "c",
        Counter {
            count: 0,
            dropped: dropped.clone(),
        },
    )?;
    lua.set_app_data(table.clone());
    let other = lua.clone();
    drop(lua);
    assert!(weak.try_upgrade().is_some());
    drop(other);
    assert!(weak.try_upgrade().is_none());
    assert_eq!(dropped.get(), 1);
    Ok(())
}

#[test]
fn a_callback_may_drop_the_last_owner() -> Result<()> {
    let lua = Lua::new();
    let slot = Rc::new(RefCell::new(Some(lua.clone())));
    let in_callback = slot.clone();
    let f = lua.create_function(move |_, ()| {
        in_callback.borrow_mut().take();
        Ok(1)
    })?;
    let weak = lua.weak();
    drop(lua);
    assert_eq!(f.call::<i64>(())?, 1);
    assert!(weak.try_upgrade().is_none());
    assert!(f.call::<i64>(()).is_err());
    Ok(())
}

/// A small generator of choices.
struct Choices(u64);

impl Choices {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n as u64) as usize
    }
}

#[test]
fn handles_made_cloned_and_dropped_at_random_stay_what_they_are() -> Result<()> {
    for seed in 1..=6 {
        let mut choices = Choices(0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(seed));
        let lua = stressed();
        let dropped = Rc::new(Cell::new(0));
        let mut tables: Vec<(Table, i64)> = Vec::new();
        let mut keys: Vec<(RegistryKey, i64)> = Vec::new();
        let mut made = 0;
        for n in 0..400 {
            match choices.below(8) {
                0 | 1 => {
                    let table = lua.create_table()?;
                    table.set("n", n)?;
                    tables.push((table, n));
                }
                2 if !tables.is_empty() => {
                    let at = choices.below(tables.len());
                    tables.push(tables[at].clone());
                }
                3 if !tables.is_empty() => {
                    tables.swap_remove(choices.below(tables.len()));
                }
                4 => keys.push((lua.create_registry_value(lua.create_table_from([("n", n)])?)?, n)),
                5 if !keys.is_empty() => {
                    keys.swap_remove(choices.below(keys.len()));
                    lua.expire_registry_values();
                }
                6 => {
                    made += 1;
                    let counter = Counter {
                        count: n,
                        dropped: dropped.clone(),
                    };
                    let object = lua.create_userdata(counter)?;
                    assert_eq!(object.borrow::<Counter>()?.count, n);
                }
                _ => lua.gc_collect()?,
            }
            if let Some((table, n)) = tables.get(choices.below(tables.len().max(1))) {
                assert_eq!(table.get::<i64>("n")?, *n);
            }
        }
        for (key, n) in &keys {
            assert_eq!(lua.registry_value::<Table>(key)?.get::<i64>("n")?, *n);
        }
        drop(lua);
        assert_eq!(dropped.get(), made, "seed {seed}");
        // Handles outlive the state, and are of no use.
        assert!(tables.iter().all(|(table, _)| table.get::<i64>("n").is_err()));
    }
    Ok(())
}

#[test]
fn values_of_another_state_are_refused() {
    use perilune::{Error, Function, Lua, Table, Value};
    let (one, two) = (Lua::new(), Lua::new());
    let foreign: Table = two.create_table().expect("there is memory");
    let text = two
        .create_string("a string of its own that is longer than forty bytes")
        .expect("there is memory");
    let table = one.create_table().expect("there is memory");
    let echo: Function = one.load("return function(...) return ... end").eval().expect("it runs");
    let refused = |result: perilune::Result<()>| {
        assert!(matches!(&result, Err(Error::SafetyError(_))), "{result:?}");
    };
    refused(table.set("key", &foreign));
    refused(table.set(&foreign, 1));
    refused(table.raw_set(1, &text));
    refused(table.set_metatable(Some(foreign.clone())));
    refused(table.push(&foreign));
    refused(echo.call::<()>(&foreign));
    refused(one.set_named_registry_value("name", &foreign));
    refused(one.set_globals(foreign.clone()));
    refused(echo.set_environment(foreign.clone()).map(|_| ()));
    refused(one.load("return 1").set_environment(foreign.clone()).exec());
    // What a callback is refused is the cause of its own error.
    let bound = echo.bind(&text).expect("there is memory");
    assert!(
        matches!(bound.call::<()>(()), Err(Error::CallbackError { cause, .. }) if matches!(*cause, Error::SafetyError(_)))
    );
    let give = {
        let foreign = foreign.clone();
        one.create_function(move |_, ()| Ok(foreign.clone()))
            .expect("there is memory")
    };
    assert!(matches!(give.call::<Value>(()), Err(Error::CallbackError { .. })));
    assert_ne!(table, foreign);
    assert!(table.is_empty(), "nothing came in");
    // A callback of one state may use the other.
    let length = two
        .create_function(move |_, ()| echo.call::<i64>(7))
        .expect("there is memory");
    assert_eq!(length.call::<i64>(()).expect("it runs"), 7);
}

#[test]
fn traversals_keep_their_place_while_the_table_changes() -> Result<()> {
    let lua = stressed();
    let table = lua.create_table()?;
    for i in 1..=50 {
        table.set(i, i)?;
        table.set(format!("key{i}"), i)?;
        table.set(f64::from(i) + 0.5, i)?;
    }
    let mut seen = Vec::new();
    for entry in table.pairs::<Value, i64>() {
        let (key, value) = entry?;
        // To change and to remove is allowed.
        if value % 2 == 0 {
            table.set(&key, Value::Nil)?;
        } else {
            table.set(&key, value + 100)?;
        }
        if value % 10 == 0 {
            lua.gc_collect()?;
        }
        seen.push(key);
    }
    assert_eq!(seen.len(), 150);
    assert_eq!(table.pairs::<Value, i64>().count(), 75);
    assert_eq!(table.get::<i64>("key7")?, 107);
    assert_eq!(table.get::<Option<i64>>("key8")?, None);
    // A key that does not convert ends the traversal.
    let mut bad = table.pairs::<bool, i64>();
    table.clear()?;
    assert!(bad.next().is_none());
    table.set("x", 1)?;
    let mut wrong = table.pairs::<Table, i64>();
    assert!(wrong.next().is_some_and(|entry| entry.is_err()));
    assert!(wrong.next().is_none());
    Ok(())
}

#[test]
fn plain_values_are_read_by_their_type() -> Result<()> {
    let lua = Lua::new();
    let table: Table = lua
        .load("return setmetatable({10, 2.5, true, 'x', n = 3, f = 1e300, b = false}, {__index = function(_, k) return k end})")
        .eval()?;
    assert_eq!(table.get::<i64>(1)?, 10);
    assert_eq!(table.get::<f64>(1)?, 10.0);
    assert_eq!(table.get::<f32>(2)?, 2.5);
    assert_eq!(table.get::<i64>(2)?, 2);
    assert!(table.get::<bool>(3)?);
    assert!(table.get::<i64>(3).is_err());
    assert!(table.get::<i64>(4).is_err());
    assert_eq!(table.get::<u8>("n")?, 3);
    assert!(table.get::<i32>("f").is_err());
    assert!(!table.get::<bool>("b")?);
    assert!(table.get::<bool>("absent")?, "__index is asked");
    assert_eq!(table.get::<String>("absent")?, "absent");
    assert_eq!(table.raw_get::<Option<i64>>("absent")?, None);
    assert!(table.get::<i8>(String::from("n"))? == 3 && table.get::<i64>('n')? == 3);
    assert_eq!(table.get::<i64>(7)?, 7);
    table.set("big", 1000)?;
    assert!(table.get::<u8>("big").is_err());
    // Inside a call of the state, and after its end.
    let inner = table.clone();
    let read = lua.create_function(move |_, ()| inner.get::<i64>("n"))?;
    assert_eq!(read.call::<i64>(())?, 3);
    drop((lua, read));
    assert!(table.get::<i64>("n").is_err());
    Ok(())
}

#[test]
fn types_in_functions_have_short_names() -> Result<()> {
    let made = || {
        struct Local(i64);
        impl UserData for Local {
            fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
                methods.add_method_once("take", |_, this, ()| Ok(this.0));
            }
        }
        Local(1)
    };
    let lua = Lua::new();
    let take = lua.load("local u = ... local take = u.take return u:take(), select(2, pcall(take, u))");
    let (value, error): (i64, Error) = take.call(made())?;
    assert_eq!(value, 1);
    assert!(
        error.to_string().contains("bad argument `self` to `Local.take`"),
        "{error}"
    );
    Ok(())
}

#[test]
fn libraries_may_be_opened_over_what_scripts_left() -> Result<()> {
    let lua = Lua::new_with(StdLib::NONE, LuaOptions::default())?;
    lua.load("string = {len = 1}; math = 5; type = nil; select = function() end")
        .exec()?;
    lua.load_std_libs(StdLib::STRING | StdLib::MATH | StdLib::TABLE)?;
    assert_eq!(
        lua.load("return string.len('abc') + math.abs(-1) + #table.pack(1, 2)")
            .eval::<i64>()?,
        6
    );
    Ok(())
}
