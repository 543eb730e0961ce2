//! From Lua values: options, and the deserializer of a [`Value`].

use super::error::{Outcome, Trace};
use super::options::setters;
use super::read::Reader;
use super::walk::{Seen, Walk};
use crate::error::{Error, Result};
use crate::value::Value;
use serde::de::Visitor;

/// How Lua values are read, and how they are written by a [`SerializableValue`](super::SerializableValue).
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Options {
    /// Functions, coroutines, other userdata and addresses are errors; else they are left out, or stand for the unit. Default: true.
    pub deny_unsupported_types: bool,
    /// A table inside of itself is an error; else it is left out there. Default: true.
    pub deny_recursive_tables: bool,
    /// The keys of tables come in order: booleans, numbers, strings. Default: false.
    pub sort_keys: bool,
    /// An empty table is a list, not a map. Default: false.
    pub encode_empty_tables_as_array: bool,
    /// All keys of a table are looked at: it is a list if they are positive integers without large gaps. Else a table is a list
    /// if its length is not 0, and its other keys are lost. Default: false.
    pub detect_mixed_tables: bool,
}

setters!(deny_unsupported_types deny_recursive_tables sort_keys encode_empty_tables_as_array detect_mixed_tables);

impl Options {
    /// The defaults.
    pub const fn new() -> Options {
        Options {
            deny_unsupported_types: true,
            deny_recursive_tables: true,
            sort_keys: false,
            encode_empty_tables_as_array: false,
            detect_mixed_tables: false,
        }
    }
}

/// Reads one Lua value.
#[derive(Debug, Default)]
pub struct Deserializer {
    value: Value,
    options: Options,
}

impl Deserializer {
    /// Of a value.
    pub fn new(value: Value) -> Deserializer {
        Deserializer::new_with_options(value, Options::new())
    }

    /// Of a value, with options.
    pub fn new_with_options(value: Value, options: Options) -> Deserializer {
        Deserializer { value, options }
    }

    fn run<R>(self, f: impl FnOnce(Reader<'_>) -> Outcome<R>) -> Result<R> {
        let options = self.options;
        let Some(reference) = self.value.reference() else {
            let seen = match self.value {
                Value::Boolean(b) => Seen::Bool(b),
                Value::Integer(i) => Seen::Int(i),
                Value::Number(n) => Seen::Float(n),
                Value::LightUserData(p) if p.0.is_null() => Seen::Null,
                Value::Nil => Seen::Nil,
                other => Seen::Other(other.type_name()),
            };
            return f(Reader::new(&Walk::new(None, options), 0, seen)).map_err(Trace::into_error);
        };
        reference.enter(|ctx| {
            reference.push(ctx)?;
            let seen = Seen::of(ctx, 0);
            ctx.lend_out(|stack| f(Reader::new(&Walk::new(Some(stack), options), 0, seen)))
                .map_err(|e| e.into_error().into())
        })
    }
}

macro_rules! by_reader {
    ($($name:ident($($arg:ident: $ty:ty),*);)*) => {
        impl<'de> serde::Deserializer<'de> for Deserializer {
            type Error = Error;
            $(
                fn $name<V: Visitor<'de>>(self, $($arg: $ty,)* visitor: V) -> Result<V::Value> {
                    self.run(|reader| reader.$name($($arg,)* visitor))
                }
            )*
            serde::forward_to_deserialize_any! {
                bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf identifier ignored_any
            }
        }
    };
}

by_reader! {
    deserialize_any();
    deserialize_option();
    deserialize_unit();
    deserialize_unit_struct(name: &'static str);
    deserialize_newtype_struct(name: &'static str);
    deserialize_seq();
    deserialize_tuple(len: usize);
    deserialize_tuple_struct(name: &'static str, len: usize);
    deserialize_map();
    deserialize_struct(name: &'static str, fields: &'static [&'static str]);
    deserialize_enum(name: &'static str, variants: &'static [&'static str]);
}
