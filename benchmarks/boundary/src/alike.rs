//! The operations by the crates that have the same API.

/// How often a loop in Lua calls.
pub const LOOP: u64 = 1000;
/// Entries of the tables that are visited.
pub const ENTRIES: u64 = 1000;

/// A text as long as the longest that is interned.
pub const TEXT: &str = "a text of forty bytes, as names can be..";

/// A loop that calls `f(s, 1)`; `c:inc(1)` in the other.
pub const NATIVE: &str = "local f = ... return function() local s = 0 for _ = 1, 1000 do s = f(s, 1) end return s end";
pub const METHOD: &str = "local c = ... return function() for _ = 1, 1000 do c:inc(1) end end";

macro_rules! operations {
    ($krate:ident) => {
        pub mod $krate {
            use crate::Operation;
            use crate::alike::{ENTRIES, METHOD, NATIVE, TEXT};
            use $krate::{Function, Lua, LuaSerdeExt, Table, UserData, UserDataMethods};
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

            fn function(lua: &Lua, source: &str) -> Function {
                lua.load(source).eval().expect("the source is right")
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
                let lua = Lua::new();
                let call0 = function(&lua, "function() end");
                let call3 = function(&lua, "function(a, b, c) return a + b + c end");
                let add = lua.create_function(|_, (a, b): (i64, i64)| Ok(a + b)).expect("memory");
                let native: Function = lua.load(NATIVE).call(add).expect("the source is right");
                let method: Function = lua.load(METHOD).call(Counter(0)).expect("the source is right");
                let fields: Table = lua.create_table().expect("memory");
                fields.set("x", 1).expect("memory");
                let written = fields.clone();
                let list = lua.create_sequence_from(0..ENTRIES as i64).expect("memory");
                let map = lua
                    .create_table_from((0..ENTRIES as i64).map(|i| (format!("key{i}"), i)))
                    .expect("memory");
                let echo = function(&lua, "function(s) return s end");
                let document = std::cell::LazyCell::new(crate::document::document);
                let for_serde = lua.clone();
                vec![
                    ("call0", repeated(&lua, move || call0.call::<()>(()).expect("it runs"))),
                    (
                        "call3",
                        repeated(&lua, move || {
                            black_box(call3.call::<i64>(black_box((1, 2, 3))).expect("it runs"));
                        }),
                    ),
                    ("native", repeated(&lua, move || native.call::<()>(()).expect("it runs"))),
                    ("method", repeated(&lua, move || method.call::<()>(()).expect("it runs"))),
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
                            let sum: i64 = list.sequence_values::<i64>().map(|v| v.expect("integers")).sum();
                            black_box(sum);
                        }),
                    ),
                    (
                        "map",
                        repeated(&lua, move || {
                            let mut sum = 0;
                            for entry in map.pairs::<$krate::LuaString, i64>() {
                                sum += entry.expect("texts and integers").1;
                            }
                            black_box(sum);
                        }),
                    ),
                    (
                        "string",
                        repeated(&lua, move || {
                            black_box(echo.call::<String>(black_box(TEXT)).expect("it runs"));
                        }),
                    ),
                    ("state", repeated(&lua, || drop(black_box(Lua::new())))),
                    (
                        "serde",
                        repeated(&lua, move || {
                            let value = for_serde.to_value(&*document).expect("it converts");
                            let back: serde_json::Value = for_serde.from_value(value).expect("it converts");
                            drop(black_box(back));
                        }),
                    ),
                ]
            }
        }
    };
}

operations!(perilune);
#[cfg(feature = "peers")]
operations!(mlua);
