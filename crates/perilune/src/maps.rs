//! Conversions of the standard library's maps and sets.
//!
//! Users have hash maps, so tidy lets this file name them; the order in which one is walked decides the order of a new table's entries
//! and nothing else.
#![allow(clippy::disallowed_types)]

use crate::convert::mismatch;
use crate::error::Result;
use crate::lua::Lua;
use crate::table::Table;
use crate::traits::{FromLua, IntoLua};
use crate::value::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::{BuildHasher, Hash};

impl<K: Eq + Hash + IntoLua, V: IntoLua, S: BuildHasher> IntoLua for HashMap<K, V, S> {
    fn into_lua(self, lua: &Lua) -> Result<Value> {
        Ok(Value::Table(lua.create_table_from(self)?))
    }
}

impl<K: Eq + Hash + FromLua, V: FromLua, S: BuildHasher + Default> FromLua for HashMap<K, V, S> {
    fn from_lua(value: Value, _: &Lua) -> Result<Self> {
        match &value {
            Value::Table(table) => table.pairs().collect(),
            _ => Err(mismatch::<Self>(&value, "expected table")),
        }
    }
}

impl<K: Ord + IntoLua, V: IntoLua> IntoLua for BTreeMap<K, V> {
    fn into_lua(self, lua: &Lua) -> Result<Value> {
        Ok(Value::Table(lua.create_table_from(self)?))
    }
}

impl<K: Ord + FromLua, V: FromLua> FromLua for BTreeMap<K, V> {
    fn from_lua(value: Value, _: &Lua) -> Result<Self> {
        match &value {
            Value::Table(table) => table.pairs().collect(),
            _ => Err(mismatch::<Self>(&value, "expected table")),
        }
    }
}

impl<T: Eq + Hash + IntoLua, S: BuildHasher> IntoLua for HashSet<T, S> {
    fn into_lua(self, lua: &Lua) -> Result<Value> {
        Ok(Value::Table(
            lua.create_table_from(self.into_iter().map(|v| (v, true)))?,
        ))
    }
}

impl<T: Eq + Hash + FromLua, S: BuildHasher + Default> FromLua for HashSet<T, S> {
    fn from_lua(value: Value, _: &Lua) -> Result<Self> {
        match &value {
            Value::Table(table) => set_of(table),
            _ => Err(mismatch::<Self>(&value, "expected table")),
        }
    }
}

impl<T: Ord + IntoLua> IntoLua for BTreeSet<T> {
    fn into_lua(self, lua: &Lua) -> Result<Value> {
        Ok(Value::Table(
            lua.create_table_from(self.into_iter().map(|v| (v, true)))?,
        ))
    }
}

impl<T: Ord + FromLua> FromLua for BTreeSet<T> {
    fn from_lua(value: Value, _: &Lua) -> Result<Self> {
        match &value {
            Value::Table(table) => set_of(table),
            _ => Err(mismatch::<Self>(&value, "expected table")),
        }
    }
}

/// The elements of a table used as a set: the values of a sequence, else the keys.
fn set_of<T: FromLua, C: FromIterator<T>>(table: &Table) -> Result<C> {
    if table.raw_len() > 0 {
        table.sequence_values().collect()
    } else {
        table.pairs::<T, Value>().map(|entry| entry.map(|(k, _)| k)).collect()
    }
}
