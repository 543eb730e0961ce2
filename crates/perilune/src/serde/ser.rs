//! To Lua values: options, and a serializer that gives a [`Value`].

use super::LuaSerdeExt;
use super::options::setters;
use super::push::JSON_NUMBER;
use crate::error::{Error, Result};
use crate::lua::Lua;
use crate::table::Table;
use crate::traits::IntoLua;
use crate::value::Value;
use perilune_lang::Num;
use serde::ser::{self, Error as _, Serialize};

/// How Rust values become Lua values.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Options {
    /// Lists get the [metatable of lists](LuaSerdeExt::array_metatable), so that they are told from maps on the way back. Default: true.
    pub set_array_metatable: bool,
    /// `None` becomes [null](LuaSerdeExt::null), else `nil`. Default: true.
    pub serialize_none_to_null: bool,
    /// The unit and unit structs become [null](LuaSerdeExt::null), else `nil`. Default: true.
    pub serialize_unit_to_null: bool,
    /// Numbers of `serde_json` with its feature `arbitrary_precision` become numbers; else they are what it makes of them, tables.
    /// Default: false.
    pub detect_serde_json_arbitrary_precision: bool,
}

setters!(set_array_metatable serialize_none_to_null serialize_unit_to_null detect_serde_json_arbitrary_precision);

impl Options {
    /// The defaults.
    pub const fn new() -> Options {
        Options {
            set_array_metatable: true,
            serialize_none_to_null: true,
            serialize_unit_to_null: true,
            detect_serde_json_arbitrary_precision: false,
        }
    }
}

/// The number that a text in the form of JSON is.
pub(super) fn number_of_text(text: &[u8]) -> Option<Num> {
    let text = std::str::from_utf8(text).ok()?;
    let integer = if text.contains(['.', 'e', 'E']) {
        None
    } else {
        text.parse().ok().map(Num::Int)
    };
    integer.or_else(|| text.parse().ok().map(Num::Float))
}

/// Makes one Lua value. [`LuaSerdeExt::to_value`] does the same with less work.
#[derive(Debug)]
pub struct Serializer<'a> {
    lua: &'a Lua,
    options: Options,
}

impl<'a> Serializer<'a> {
    /// For a state.
    pub fn new(lua: &'a Lua) -> Serializer<'a> {
        Serializer::new_with_options(lua, Options::new())
    }

    /// For a state, with options.
    pub fn new_with_options(lua: &'a Lua, options: Options) -> Serializer<'a> {
        Serializer { lua, options }
    }

    fn value<T: Serialize + ?Sized>(&self, value: &T) -> Result<Value> {
        self.lua.to_value_with(value, self.options)
    }

    fn null(&self, null: bool) -> Value {
        if null { Value::NULL } else { Value::Nil }
    }

    fn compound(self, variant: Option<&'static str>, elements: usize, fields: usize) -> Result<Compound<'a>> {
        let room = 1 << 16;
        let table = self
            .lua
            .create_table_with_capacity(elements.min(room), fields.min(room))?;
        Ok(Compound {
            serializer: self,
            variant,
            table,
            number: None,
            key: None,
            len: 0,
        })
    }

    fn list(self, len: usize) -> Result<Compound<'a>> {
        let meta = self.options.set_array_metatable.then(|| self.lua.array_metatable());
        let list = self.compound(None, len, 0)?;
        if meta.is_some() {
            list.table.set_metatable(meta)?;
        }
        Ok(list)
    }
}

macro_rules! numbers {
    ($($name:ident $ty:ty),*) => {
        $(
            fn $name(self, v: $ty) -> Result<Value> {
                v.into_lua(self.lua)
            }
        )*
    };
}

impl<'a> ser::Serializer for Serializer<'a> {
    type Ok = Value;
    type Error = Error;
    type SerializeSeq = Compound<'a>;
    type SerializeTuple = Compound<'a>;
    type SerializeTupleStruct = Compound<'a>;
    type SerializeTupleVariant = Compound<'a>;
    type SerializeMap = Compound<'a>;
    type SerializeStruct = Compound<'a>;
    type SerializeStructVariant = Compound<'a>;

    numbers! {
        serialize_bool bool, serialize_f32 f32, serialize_f64 f64,
        serialize_i8 i8, serialize_i16 i16, serialize_i32 i32, serialize_i64 i64, serialize_i128 i128,
        serialize_u8 u8, serialize_u16 u16, serialize_u32 u32, serialize_u64 u64, serialize_u128 u128
    }

    fn serialize_char(self, v: char) -> Result<Value> {
        self.serialize_str(v.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, v: &str) -> Result<Value> {
        self.serialize_bytes(v.as_bytes())
    }

    fn serialize_bytes(self, v: &[u8]) -> Result<Value> {
        self.lua.create_string(v).map(Value::String)
    }

    fn serialize_none(self) -> Result<Value> {
        Ok(self.null(self.options.serialize_none_to_null))
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Value> {
        self.value(value)
    }

    fn serialize_unit(self) -> Result<Value> {
        Ok(self.null(self.options.serialize_unit_to_null))
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<Value> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<Value> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<Value> {
        self.value(value)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Value> {
        let value = self.value(value)?;
        let table = self.lua.create_table_with_capacity(0, 1)?;
        table.raw_set(variant, value)?;
        Ok(Value::Table(table))
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<Compound<'a>> {
        self.list(len.unwrap_or(0))
    }

    fn serialize_tuple(self, len: usize) -> Result<Compound<'a>> {
        self.list(len)
    }

    fn serialize_tuple_struct(self, _: &'static str, len: usize) -> Result<Compound<'a>> {
        self.list(len)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Compound<'a>> {
        self.compound(Some(variant), len, 0)
    }

    fn serialize_map(self, len: Option<usize>) -> Result<Compound<'a>> {
        self.compound(None, 0, len.unwrap_or(0))
    }

    fn serialize_struct(self, _: &'static str, len: usize) -> Result<Compound<'a>> {
        self.compound(None, 0, len)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Compound<'a>> {
        self.compound(Some(variant), 0, len)
    }
}

/// A table that is being filled.
#[doc(hidden)]
#[derive(Debug)]
pub struct Compound<'a> {
    serializer: Serializer<'a>,
    /// The table will be wrapped under this name.
    variant: Option<&'static str>,
    table: Table,
    /// A number came instead of fields.
    number: Option<Value>,
    key: Option<Value>,
    len: usize,
}

impl Compound<'_> {
    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.len += 1;
        self.table.raw_set(self.len, self.serializer.value(value)?)
    }

    fn field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<()> {
        let value = self.serializer.value(value)?;
        if key == JSON_NUMBER && self.serializer.options.detect_serde_json_arbitrary_precision {
            let number = value.as_string().and_then(|text| number_of_text(&text.as_bytes()));
            self.number = Some(match number {
                Some(Num::Int(i)) => Value::Integer(i),
                Some(Num::Float(f)) => Value::Number(f),
                None => value,
            });
            return Ok(());
        }
        self.table.raw_set(key, value)
    }

    fn done(self) -> Result<Value> {
        let inner = self.number.unwrap_or(Value::Table(self.table));
        let Some(variant) = self.variant else { return Ok(inner) };
        let outer = self.serializer.lua.create_table_with_capacity(0, 1)?;
        outer.raw_set(variant, inner)?;
        Ok(Value::Table(outer))
    }
}

macro_rules! lists {
    ($($name:ident $method:ident;)*) => {
        $(
            impl ser::$name for Compound<'_> {
                type Ok = Value;
                type Error = Error;
                fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
                    self.element(value)
                }
                fn end(self) -> Result<Value> {
                    self.done()
                }
            }
        )*
    };
}

lists! {
    SerializeSeq serialize_element;
    SerializeTuple serialize_element;
    SerializeTupleStruct serialize_field;
    SerializeTupleVariant serialize_field;
}

macro_rules! structs {
    ($($name:ident)*) => {
        $(
            impl ser::$name for Compound<'_> {
                type Ok = Value;
                type Error = Error;
                fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<()> {
                    self.field(key, value)
                }
                fn end(self) -> Result<Value> {
                    self.done()
                }
            }
        )*
    };
}

structs!(SerializeStruct SerializeStructVariant);

impl ser::SerializeMap for Compound<'_> {
    type Ok = Value;
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<()> {
        self.key = Some(self.serializer.value(key)?);
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        let Some(key) = self.key.take() else {
            return Err(Error::custom("a map's value came before its key"));
        };
        self.table.raw_set(key, self.serializer.value(value)?)
    }

    fn end(self) -> Result<Value> {
        self.done()
    }
}
