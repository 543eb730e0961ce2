//! The operations by `luars`.

use crate::Operation;
use crate::alike::{ENTRIES, METHOD, NATIVE, TEXT};
use luars::{Lua, LuaApi as _, LuaFunction, LuaUserData, SafeOption, Stdlib, lua_methods};
use std::cell::RefCell;
use std::hint::black_box;
use std::rc::Rc;

#[derive(LuaUserData)]
struct Counter {
    pub count: i64,
}

#[lua_methods]
impl Counter {
    pub fn inc(&mut self, by: i64) -> i64 {
        self.count += by;
        self.count
    }
}

fn state() -> Lua {
    let mut lua = Lua::new(SafeOption::default());
    lua.open_stdlib(Stdlib::All).expect("the libraries open");
    lua
}

type Shared = Rc<RefCell<Lua>>;

fn repeated(lua: &Shared, mut f: impl FnMut() + 'static) -> Operation {
    let lua = lua.clone();
    Box::new(move |times| {
        let _lives = &lua;
        for _ in 0..times {
            f();
        }
    })
}

pub fn operations() -> Vec<(&'static str, Operation)> {
    let mut lua = state();
    let function = |lua: &mut Lua, source: &str| -> LuaFunction {
        lua.load(&format!("return {source}")).eval().expect("the source is right")
    };
    let call0 = function(&mut lua, "function() end");
    let call3 = function(&mut lua, "function(a, b, c) return a + b + c end");
    let add = lua.create_function(|a: i64, b: i64| a + b).expect("memory");
    let native: LuaFunction = lua.load(NATIVE).call1(add).expect("the source is right");
    let counter = lua.create_userdata(Counter { count: 0 }).expect("memory");
    let method: LuaFunction = lua.load(METHOD).call1(counter).expect("the source is right");
    let fields = lua.create_table().expect("memory");
    fields.set("x", 1).expect("memory");
    let written = fields.clone();
    let list = lua.create_sequence_from(0..ENTRIES as i64).expect("memory");
    let map = lua
        .create_table_from((0..ENTRIES as i64).map(|i| (format!("key{i}"), i)))
        .expect("memory");
    let echo = function(&mut lua, "function(s) return s end");
    let document = std::cell::LazyCell::new(crate::document::document);
    let lua = Rc::new(RefCell::new(lua));
    let for_serde = lua.clone();
    vec![
        ("call0", repeated(&lua, move || call0.call::<_, ()>(()).expect("it runs"))),
        (
            "call3",
            repeated(&lua, move || {
                black_box(call3.call1::<_, i64>(black_box((1, 2, 3))).expect("it runs"));
            }),
        ),
        (
            "native",
            repeated(&lua, move || {
                black_box(native.call1::<_, i64>(()).expect("it runs"));
            }),
        ),
        ("method", repeated(&lua, move || method.call::<_, ()>(()).expect("it runs"))),
        (
            "get",
            repeated(&lua, move || {
                black_box(fields.get::<i64>(black_box("x")).expect("it is there"));
            }),
        ),
        (
            "set",
            repeated(&lua, move || written.set(black_box("x"), black_box(2)).expect("memory")),
        ),
        (
            "list",
            repeated(&lua, move || {
                let sum: i64 = list.sequence_values::<i64>().expect("integers").into_iter().sum();
                black_box(sum);
            }),
        ),
        (
            "map",
            repeated(&lua, move || {
                let entries = map.pairs::<luars::LuaString, i64>().expect("texts and integers");
                black_box(entries.into_iter().map(|(_, v)| v).sum::<i64>());
            }),
        ),
        (
            "string",
            repeated(&lua, move || {
                black_box(echo.call1::<_, String>(black_box(TEXT)).expect("it runs"));
            }),
        ),
        ("state", repeated(&lua, || drop(black_box(state())))),
        (
            "serde",
            repeated(&lua, move || {
                let value = luars::Value::from_serde(&mut for_serde.borrow_mut(), &*document).expect("it converts");
                let back: serde_json::Value = value.to_serde().expect("it converts");
                drop(black_box(back));
            }),
        ),
    ]
}
