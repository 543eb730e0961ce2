//! Conversions by serde, both ways.

use perilune::{
    DeserializeOptions, Error, Lua, LuaOptions, LuaSerdeExt, Options, Result, SerializeOptions, StdLib, Table, Value,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Debug;

fn stressed() -> Lua {
    let options = Options {
        gc_stress: true,
        stack_stress: true,
        ..Options::default()
    };
    Lua::with_options(StdLib::ALL, LuaOptions::default(), &options).expect("there is memory")
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Shape {
    Point,
    Circle(f64),
    Segment((i32, i32), (i32, i32)),
    Rect { w: u32, h: u32 },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Unit;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Meters(f32);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Everything {
    flag: bool,
    letter: char,
    small: i8,
    large: u64,
    ratio: f64,
    text: String,
    none: Option<i32>,
    some: Option<Meters>,
    unit: (),
    unit_struct: Unit,
    shapes: Vec<Shape>,
    by_name: BTreeMap<String, Vec<u8>>,
    by_number: BTreeMap<i64, String>,
    nested: Vec<Vec<Option<bool>>>,
}

fn everything() -> Everything {
    Everything {
        flag: true,
        letter: 'ß',
        small: -128,
        large: 1 << 60,
        ratio: 0.1,
        text: "with a \0 and ünïcödé, longer than what is interned".to_string(),
        none: None,
        some: Some(Meters(1.5)),
        unit: (),
        unit_struct: Unit,
        shapes: vec![
            Shape::Point,
            Shape::Circle(2.0),
            Shape::Segment((0, 1), (-2, 3)),
            Shape::Rect { w: 3, h: 4 },
        ],
        by_name: BTreeMap::from([("a".to_string(), vec![1, 2]), ("empty".to_string(), vec![])]),
        by_number: BTreeMap::from([(-1, "minus".to_string()), (7, "seven".to_string())]),
        nested: vec![vec![], vec![Some(true), None, Some(false)]],
    }
}

/// What a value is after a way through Lua.
fn round_trip<T: Serialize + DeserializeOwned + PartialEq + Debug>(lua: &Lua, value: &T) {
    let there = lua.to_value(value).expect("it becomes a Lua value");
    let back: T = lua.from_value(there).expect("it becomes a Rust value");
    assert_eq!(&back, value);
}

#[test]
fn values_survive_the_way_through_lua() {
    for lua in [Lua::new(), stressed()] {
        round_trip(&lua, &everything());
        round_trip(&lua, &vec![everything(), everything()]);
        round_trip(&lua, &i64::MIN);
        round_trip(&lua, &Some("text".to_string()));
        round_trip(&lua, &(1, 'x', Unit, [1.5, 2.5]));
    }
}

#[test]
fn tables_have_the_form_that_scripts_expect() -> Result<()> {
    let lua = stressed();
    lua.globals().set("v", lua.to_value(&everything())?)?;
    lua.globals().set("null", lua.null())?;
    lua.load(
        r#"
        assert(v.flag == true and v.letter == "ß" and v.small == -128 and math.type(v.large) == "integer")
        assert(v.none == null and v.none ~= nil and v.some == 1.5 and v.unit == null and v.unit_struct == null)
        assert(v.shapes[1] == "Point" and v.shapes[2].Circle == 2.0 and v.shapes[3].Segment[2][1] == -2)
        assert(v.shapes[4].Rect.w == 3 and #v.by_name.a == 2 and next(v.by_name.empty) == nil)
        assert(v.by_number[-1] == "minus" and #v.nested == 2 and v.nested[2][2] == null)
        assert(getmetatable(v.by_name.empty) == false and getmetatable(v) == nil)
        "#,
    )
    .exec()?;
    // Numbers that no integer holds become floats.
    assert_eq!(lua.to_value(&u64::MAX)?, Value::Number(u64::MAX as f64));
    assert_eq!(lua.to_value(&i128::from(i64::MIN))?, Value::Integer(i64::MIN));
    assert_eq!(lua.to_value(&(-1i128 << 100))?, Value::Number(-(2f64.powi(100))));
    Ok(())
}

#[test]
fn the_serializer_and_to_value_agree() -> Result<()> {
    let lua = Lua::new();
    let text = |v: &Value| serde_json::to_string(&v.to_serializable().sort_keys(true)).expect("it is plain data");
    for options in [
        SerializeOptions::new(),
        SerializeOptions::new()
            .set_array_metatable(false)
            .serialize_none_to_null(false),
    ] {
        let by_serializer = everything().serialize(perilune::serde::Serializer::new_with_options(&lua, options))?;
        let by_value = lua.to_value_with(&everything(), options)?;
        assert_eq!(text(&by_serializer), text(&by_value));
    }
    Ok(())
}

fn message<T: DeserializeOwned + Debug>(lua: &Lua, source: &str) -> String {
    let value: Value = lua.load(source).eval().expect("the source is right");
    match lua.from_value::<T>(value) {
        Err(Error::DeserializeError(text)) => text,
        other => panic!("not an error of the kind: {other:?}"),
    }
}

#[test]
fn errors_begin_with_the_path() {
    #[derive(Debug, Deserialize)]
    #[allow(dead_code)]
    struct Server {
        name: String,
        ports: Vec<u16>,
        shape: Option<Shape>,
    }
    type Config = BTreeMap<String, Vec<Server>>;
    let lua = stressed();
    let cases = [
        (
            "{servers = {{name = 'a', ports = {1}}, {name = 'b', ports = {80, -1}}}}",
            "servers[2].ports[2]: invalid value: integer `-1`, expected u16",
        ),
        (
            "{servers = {{name = 1, ports = {}}}}",
            "servers[1].name: invalid type: integer `1`, expected a string",
        ),
        ("{servers = {{name = 'a'}}}", "servers[1]: missing field `ports`"),
        (
            "{servers = {{name = 'a', ports = {}, shape = {Circle = 'x'}}}}",
            "servers[1].shape.Circle: invalid type: string \"x\", expected f64",
        ),
        (
            "{servers = {{name = 'a', ports = {print}}}}",
            "servers[1].ports[1]: unsupported value type `function`",
        ),
        ("1", "invalid type: integer, expected table"),
    ];
    for (source, expected) in cases {
        let text = message::<Config>(&lua, source);
        assert!(text.starts_with(expected), "{source}: {text}");
    }
    let recursive = message::<serde_json::Value>(&lua, "(function() local t = {1} t[2] = {x = t} return t end)()");
    assert_eq!(recursive, "[2].x: recursive table detected");
    // The other way.
    struct Refuses;
    impl Serialize for Refuses {
        fn serialize<S: serde::Serializer>(&self, _: S) -> std::result::Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("never"))
        }
    }
    let value = BTreeMap::from([("a", vec![None, Some(Refuses)])]);
    match lua.to_value(&value) {
        Err(Error::SerializeError(text)) => assert_eq!(text, "a[2]: never"),
        other => panic!("{other:?}"),
    }
    let table: Table = lua.load("{list = {1, {f = print}}}").eval().expect("it is right");
    let error = serde_json::to_string(&table).expect_err("functions do not serialize");
    assert_eq!(error.to_string(), "list[2].f: cannot serialize <function>");
}

#[test]
fn nesting_ends_before_the_stack_does() -> Result<()> {
    let lua = Lua::new();
    let deep: Value = lua
        .load("local t = {} for _ = 1, 100000 do t = {t} end return t")
        .eval()?;
    assert!(
        matches!(lua.from_value::<serde_json::Value>(deep.clone()), Err(Error::DeserializeError(m)) if m.ends_with("too deep"))
    );
    assert!(serde_json::to_string(&deep).is_err());
    Ok(())
}

#[test]
fn sparse_tables_make_no_endless_lists() -> Result<()> {
    let lua = Lua::new();
    let table: Value = lua.load("{[1 << 53] = 'far'}").eval()?;
    let text = serde_json::to_string(&table.to_serializable().detect_mixed_tables(true)).expect("it is plain data");
    assert_eq!(text, r#"{"9007199254740992":"far"}"#);
    let options = DeserializeOptions::new().detect_mixed_tables(true);
    let map: BTreeMap<i64, String> = lua.from_value_with(table, options)?;
    assert_eq!(map[&(1 << 53)], "far");
    Ok(())
}

thread_local! {
    static CURRENT: RefCell<Option<Lua>> = const { RefCell::new(None) };
}

fn current<R>(f: impl FnOnce(&Lua) -> R) -> R {
    CURRENT.with_borrow(|lua| f(lua.as_ref().expect("a state is set")))
}

/// A type whose implementations use the state that they are converted for.
#[derive(Debug, PartialEq)]
struct Meddler(String);

impl Serialize for Meddler {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let text = current(|lua| {
            lua.load("local s = ... collectgarbage() return s:upper()")
                .call::<String>(self.0.as_str())
        });
        serializer.serialize_str(&text.map_err(serde::ser::Error::custom)?)
    }
}

impl<'de> Deserialize<'de> for Meddler {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Meddler, D::Error> {
        struct Text;
        impl serde::de::Visitor<'_> for Text {
            type Value = String;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("text")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> std::result::Result<String, E> {
                // The text must stay while the collector runs.
                current(|lua| lua.gc_collect()).map_err(E::custom)?;
                Ok(text.to_lowercase())
            }
        }
        deserializer.deserialize_str(Text).map(Meddler)
    }
}

#[test]
fn implementations_may_use_the_state() -> Result<()> {
    let lua = stressed();
    CURRENT.set(Some(lua.clone()));
    let long = "a text that is too long for the set of interned strings";
    let value = lua.to_value(&vec![Meddler("ab".to_string()), Meddler(long.to_string())])?;
    lua.globals().set("v", &value)?;
    lua.load("assert(v[1] == 'AB' and #v == 2)").exec()?;
    let back: Vec<Meddler> = lua.from_value(value)?;
    assert_eq!(back, [Meddler("ab".to_string()), Meddler(long.to_string())]);
    // Values of Lua inside of values of Rust.
    let inner: Value = lua.load("{1, {x = 'y'}}").eval()?;
    let both = lua.to_value(&BTreeMap::from([("inner", &inner)]))?;
    assert_eq!(
        serde_json::to_string(&both).expect("it is plain data"),
        r#"{"inner":[1,{"x":"y"}]}"#
    );
    CURRENT.set(None);
    Ok(())
}

#[test]
fn userdata_serialize_where_they_were_made_to() -> Result<()> {
    let lua = stressed();
    let data = lua.create_ser_any_userdata(everything())?;
    lua.globals().set("data", &data)?;
    let inside: Value = lua.load("{data, {data}}").eval()?;
    let back: (Everything, Vec<Everything>) = lua.from_value(inside)?;
    assert_eq!(back, (everything(), vec![everything()]));
    // While it is borrowed for writing it cannot be read.
    let guard = data.borrow_mut::<Everything>()?;
    assert!(serde_json::to_string(&data).is_err());
    drop(guard);
    assert!(serde_json::to_string(&data).is_ok());
    data.take::<Everything>()?;
    assert!(serde_json::to_string(&data).is_err());
    Ok(())
}
