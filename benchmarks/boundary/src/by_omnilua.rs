//! The operations by `omnilua`.

use crate::Operation;
use crate::alike::{ENTRIES, METHOD, NATIVE, TEXT};
use omnilua::{Function, Lua, LuaVersion, Table, UserData, UserDataMethods, Value};
use std::hint::black_box;

struct Counter(i64);

impl UserData for Counter {
    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        methods.add_method_mut("inc", |_, this, by: i64| {
            this.0 += by;
            Ok(this.0)
        });
    }
}

fn repeated(lua: &Lua, mut f: impl FnMut() + 'static) -> Operation {
    let lua = lua.clone();
    Box::new(move |times| {
        let _lives = &lua;
        for _ in 0..times {
            f();
        }
    })
}

pub fn operations() -> Vec<(&'static str, Operation)> {
    let lua = Lua::new_versioned(LuaVersion::V55);
    let function = |source: &str| -> Function {
        lua.load(format!("return {source}")).eval().expect("the source is right")
    };
    let call0 = function("function() end");
    let call3 = function("function(a, b, c) return a + b + c end");
    let add = lua.create_function(|_, (a, b): (i64, i64)| Ok(a + b)).expect("memory");
    let loaded = |source: &str| lua.load(source).into_function().expect("the source is right");
    let native: Function = loaded(NATIVE).call(add).expect("it runs");
    let counter = lua.create_userdata(Counter(0)).expect("memory");
    let method: Function = loaded(METHOD).call(counter).expect("it runs");
    let fields: Table = lua.create_table().expect("memory");
    fields.set("x", 1i64).expect("memory");
    let written = fields.clone();
    let list = lua.create_table().expect("memory");
    let map = lua.create_table().expect("memory");
    for i in 0..ENTRIES as i64 {
        list.raw_set(i + 1, i).expect("memory");
        map.raw_set(format!("key{i}"), i).expect("memory");
    }
    let echo = function("function(s) return s end");
    let sum = |table: &Table| -> i64 {
        let entries = table.raw_pairs().expect("integers");
        entries
            .into_iter()
            .map(|(_, v)| match v {
                Value::Integer(i) => i,
                _ => 0,
            })
            .sum()
    };
    vec![
        ("call0", repeated(&lua, move || call0.call::<_, ()>(()).expect("it runs"))),
        (
            "call3",
            repeated(&lua, move || {
                black_box(call3.call::<_, i64>(black_box((1i64, 2i64, 3i64))).expect("it runs"));
            }),
        ),
        (
            "native",
            repeated(&lua, move || {
                black_box(native.call::<_, i64>(()).expect("it runs"));
            }),
        ),
        ("method", repeated(&lua, move || method.call::<_, ()>(()).expect("it runs"))),
        (
            "get",
            repeated(&lua, move || {
                black_box(fields.get::<_, i64>(black_box("x")).expect("it is there"));
            }),
        ),
        (
            "set",
            repeated(&lua, move || written.set(black_box("x"), black_box(2i64)).expect("memory")),
        ),
        (
            "list",
            repeated(&lua, move || {
                black_box(sum(&list));
            }),
        ),
        (
            "map",
            repeated(&lua, move || {
                black_box(sum(&map));
            }),
        ),
        (
            "string",
            repeated(&lua, move || {
                black_box(echo.call::<_, String>(black_box(TEXT)).expect("it runs"));
            }),
        ),
        ("state", repeated(&lua, || drop(black_box(Lua::new_versioned(LuaVersion::V55))))),
        // No row for documents: version 0.7.1 ends with a segmentation fault in `to_value` of a megabyte.
    ]
}
