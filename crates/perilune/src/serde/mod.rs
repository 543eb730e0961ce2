//! Rust values to Lua values and back by serde, and Lua values to other formats.
//!
//! `push` builds Lua values on the VM's stack, and `read` takes them apart there, without handles for what lies inside.
//! `write` hands Lua values to any serializer, which may be `push` in the middle of its work: so it leaves the stack alone.

pub mod de;
mod error;
mod options;
mod push;
mod read;
pub mod ser;
mod userdata;
mod walk;
mod write;

pub use de::{Deserializer, Options as DeserializeOptions};
pub use ser::{Options as SerializeOptions, Serializer};
pub(crate) use userdata::{Serialized, Shows};
pub use write::SerializableValue;

use crate::error::Result;
use crate::handle::Ref;
use crate::lua::Lua;
use crate::table::Table;
use crate::traits::Fault;
use crate::value::Value;
use ::serde::de::DeserializeOwned;
use ::serde::ser::Serialize;
use perilune_vm::{Ctx, Table as RawTable, Val};

/// Conversions of anything that serde knows.
///
/// ```
/// use perilune::{Lua, LuaSerdeExt, Result};
/// use std::collections::BTreeMap;
///
/// # fn main() -> Result<()> {
/// let lua = Lua::new();
/// let ports = BTreeMap::from([("http", 80), ("https", 443)]);
/// lua.globals().set("ports", lua.to_value(&ports)?)?;
/// let open: Vec<u16> = lua.from_value(lua.load("{ports.http, ports.https, 8080}").eval()?)?;
/// assert_eq!(open, [80, 443, 8080]);
/// # Ok(())
/// # }
/// ```
pub trait LuaSerdeExt: sealed::Sealed {
    /// What stands for a missing value in tables, where `nil` cannot stand: [`Value::NULL`].
    fn null(&self) -> Value;

    /// The metatable by which a table is a list, even if it is empty or has other keys too.
    fn array_metatable(&self) -> Table;

    /// Converts to a Lua value.
    ///
    /// # Errors
    /// What the value's implementation says; out of memory.
    fn to_value<T: Serialize + ?Sized>(&self, value: &T) -> Result<Value>;

    /// Converts to a Lua value, with options.
    ///
    /// # Errors
    /// As [`LuaSerdeExt::to_value`].
    fn to_value_with<T: Serialize + ?Sized>(&self, value: &T, options: SerializeOptions) -> Result<Value>;

    /// Converts from a Lua value.
    ///
    /// # Errors
    /// The value has another form; the message begins with the path to the field.
    #[allow(clippy::wrong_self_convention)]
    fn from_value<T: DeserializeOwned>(&self, value: Value) -> Result<T>;

    /// Converts from a Lua value, with options.
    ///
    /// # Errors
    /// As [`LuaSerdeExt::from_value`].
    #[allow(clippy::wrong_self_convention)]
    fn from_value_with<T: DeserializeOwned>(&self, value: Value, options: DeserializeOptions) -> Result<T>;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for crate::Lua {}
}

impl LuaSerdeExt for Lua {
    fn null(&self) -> Value {
        Value::NULL
    }

    fn array_metatable(&self) -> Table {
        let made = self.enter(|ctx| {
            let meta = array_metatable(ctx)?;
            Ok(Table(Ref::keep(ctx, meta.as_val())))
        });
        match made {
            Ok(meta) => meta,
            Err(error) => panic!("{error}"),
        }
    }

    fn to_value<T: Serialize + ?Sized>(&self, value: &T) -> Result<Value> {
        self.to_value_with(value, SerializeOptions::new())
    }

    fn to_value_with<T: Serialize + ?Sized>(&self, value: &T, options: SerializeOptions) -> Result<Value> {
        push::to_value(self, value, options)
    }

    fn from_value<T: DeserializeOwned>(&self, value: Value) -> Result<T> {
        T::deserialize(Deserializer::new(value))
    }

    fn from_value_with<T: DeserializeOwned>(&self, value: Value, options: DeserializeOptions) -> Result<T> {
        T::deserialize(Deserializer::new_with_options(value, options))
    }
}

const ARRAY_METATABLE: &[u8] = b"perilune.array";

/// The metatable of lists, if it was made already.
fn known_array_metatable<'a>(ctx: &'a Ctx<'_>) -> std::result::Result<Option<RawTable<'a>>, Fault> {
    Ok(ctx.registry().get_str(ctx, ARRAY_METATABLE)?.as_table())
}

/// The metatable of lists.
fn array_metatable<'a>(ctx: &'a Ctx<'_>) -> std::result::Result<RawTable<'a>, Fault> {
    if let Some(known) = known_array_metatable(ctx)? {
        return Ok(known);
    }
    let meta = ctx.new_table(0, 1)?;
    meta.set_str(ctx, "__metatable", Val::bool(false))?;
    ctx.registry().set_str(ctx, "perilune.array", meta.as_val())?;
    Ok(meta)
}
