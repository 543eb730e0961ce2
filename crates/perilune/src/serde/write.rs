//! Lua values as something to serialize, into any format.

use super::Serialized;
use super::de::Options;
use super::error::{Step as PathStep, path_text};
use super::walk::{MAX_DEPTH, TOO_DEEP, list_len, sorted_keys};
use crate::error::Result;
use crate::string::LuaString;
use crate::table::{Table, table_at};
use crate::userdata::AnyUserData;
use crate::value::Value;
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use std::fmt;

type Written<S> = std::result::Result<<S as Serializer>::Ok, <S as Serializer>::Error>;

/// A value that serializes with options: see [`Value::to_serializable`].
#[derive(Debug)]
pub struct SerializableValue<'a> {
    value: &'a Value,
    options: Options,
}

macro_rules! setters {
    ($($name:ident)*) => {
        impl SerializableValue<'_> {
            $(
                #[doc = concat!("Sets [`Options::", stringify!($name), "`].")]
                #[must_use]
                pub fn $name(mut self, enabled: bool) -> Self {
                    self.options.$name = enabled;
                    self
                }
            )*
        }
    };
}

setters!(deny_unsupported_types deny_recursive_tables sort_keys encode_empty_tables_as_array detect_mixed_tables);

impl Value {
    /// The value as something to serialize with options.
    pub fn to_serializable(&self) -> SerializableValue<'_> {
        SerializableValue {
            value: self,
            options: Options::new(),
        }
    }
}

impl Serialize for SerializableValue<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Written<S> {
        Writer::of(self.value, self.options).serialize(serializer)
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Written<S> {
        Writer::of(self, Options::new()).serialize(serializer)
    }
}

impl Serialize for Table {
    fn serialize<S: Serializer>(&self, serializer: S) -> Written<S> {
        Value::Table(self.clone()).serialize(serializer)
    }
}

impl Serialize for LuaString {
    fn serialize<S: Serializer>(&self, serializer: S) -> Written<S> {
        let bytes = self.as_bytes();
        match std::str::from_utf8(&bytes) {
            Ok(text) => serializer.serialize_str(text),
            Err(_) => serializer.serialize_bytes(&bytes),
        }
    }
}

/// How a value was come to from the table around it.
#[derive(Clone, Copy)]
enum Step<'a> {
    Root,
    /// It is this key.
    Key,
    Field(&'a Value),
    Element(usize),
}

/// Writes a value; by the tables around it, it knows its place.
struct Writer<'a> {
    value: &'a Value,
    step: Step<'a>,
    around: Option<&'a Writer<'a>>,
    depth: usize,
    options: Options,
}

impl<'a> Writer<'a> {
    fn of(value: &'a Value, options: Options) -> Writer<'a> {
        Writer {
            value,
            step: Step::Root,
            around: None,
            depth: 0,
            options,
        }
    }

    fn inner(&'a self, value: &'a Value, step: Step<'a>) -> Writer<'a> {
        Writer {
            value,
            step,
            around: Some(self),
            depth: self.depth + 1,
            options: self.options,
        }
    }

    /// This and what is around it, outwards.
    fn outwards(&self) -> impl Iterator<Item = &Writer<'a>> {
        std::iter::successors(Some(self), |writer| writer.around)
    }

    /// An error, with the place in front.
    #[cold]
    fn fails<E: serde::ser::Error>(&self, message: impl fmt::Display) -> E {
        let mut path = Vec::new();
        for writer in self.outwards() {
            match writer.step {
                Step::Root | Step::Key => {}
                Step::Field(key) => path.push(PathStep::Field(key.to_string().unwrap_or_default())),
                Step::Element(index) => path.push(PathStep::Index(index)),
            }
        }
        match path_text(path.iter().rev()) {
            path if path.is_empty() => E::custom(message),
            path => E::custom(format_args!("{path}: {message}")),
        }
    }

    /// Whether this is to be left out.
    fn is_skipped<E: serde::ser::Error>(&self) -> std::result::Result<bool, E> {
        match self.value {
            Value::Table(table) => {
                let inside_itself = self.outwards().skip(1).any(|w| w.value.as_table() == Some(table));
                if inside_itself && self.options.deny_recursive_tables {
                    return Err(self.fails("recursive table detected"));
                }
                Ok(inside_itself)
            }
            Value::LightUserData(p) if p.0.is_null() => Ok(false),
            Value::UserData(data) if !self.options.deny_unsupported_types => Ok(serialized(data).is_none()),
            Value::Function(_) | Value::Thread(_) | Value::LightUserData(_) | Value::Error(_) => {
                Ok(!self.options.deny_unsupported_types)
            }
            _ => Ok(false),
        }
    }
}

/// The value of a userdata, if it serializes.
fn serialized(data: &AnyUserData) -> Option<Serialized> {
    let found = data.0.enter(|ctx| {
        data.0.push(ctx)?;
        Ok(Serialized::of(ctx, 0))
    });
    found.ok().flatten()
}

impl Serialize for Writer<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Written<S> {
        match self.value {
            Value::Nil => serializer.serialize_unit(),
            Value::Boolean(b) => serializer.serialize_bool(*b),
            Value::Integer(i) => serializer.serialize_i64(*i),
            Value::Number(n) => serializer.serialize_f64(*n),
            Value::String(s) => s.serialize(serializer),
            Value::Table(table) => self.table(table, serializer),
            Value::LightUserData(p) if p.0.is_null() => serializer.serialize_none(),
            Value::UserData(data) if let Some(value) = serialized(data) => value.serialize(serializer),
            other if self.options.deny_unsupported_types => {
                Err(self.fails(format_args!("cannot serialize <{}>", other.type_name())))
            }
            _ => serializer.serialize_unit(),
        }
    }
}

impl Writer<'_> {
    fn table<S: Serializer>(&self, table: &Table, serializer: S) -> Written<S> {
        if self.depth >= MAX_DEPTH {
            return Err(self.fails(TOO_DEEP));
        }
        let form = table.0.enter(|ctx| {
            table.0.push(ctx)?;
            let len = list_len(ctx, 0, self.options)?;
            let keys = match self.options.sort_keys && len.is_none() {
                true => Some(sorted_keys(ctx, 0)?),
                false => None,
            };
            Ok((len, keys))
        });
        match form.map_err(|e| self.fails(e))? {
            (Some(len), _) => self.list(table, len, serializer),
            (None, Some(keys)) => {
                let entries = keys.into_iter().rev().map(|key| Ok((key.clone(), table.raw_get(key)?)));
                self.map(entries, serializer)
            }
            (None, None) => self.map(table.pairs(), serializer),
        }
    }

    fn list<S: Serializer>(&self, table: &Table, len: usize, serializer: S) -> Written<S> {
        let mut list = serializer.serialize_seq(Some(len))?;
        for index in 1..=len {
            let value = table.0.enter(|ctx| {
                table.0.push(ctx)?;
                Ok(Value::of(ctx, table_at(ctx, 0).get_int(index as i64)))
            });
            let value = value.map_err(|e| self.fails(e))?;
            let element = self.inner(&value, Step::Element(index));
            if !element.is_skipped()? {
                list.serialize_element(&element)?;
            }
        }
        list.end()
    }

    fn map<S: Serializer>(&self, entries: impl Iterator<Item = Result<(Value, Value)>>, serializer: S) -> Written<S> {
        let mut map = serializer.serialize_map(None)?;
        for entry in entries {
            let (key, value) = entry.map_err(|e| self.fails(e))?;
            let (k, v) = (self.inner(&key, Step::Key), self.inner(&value, Step::Field(&key)));
            if !k.is_skipped()? && !v.is_skipped()? {
                map.serialize_entry(&k, &v)?;
            }
        }
        map.end()
    }
}
