//! What tables and userdata have in common: fields and methods.

#[cfg(feature = "async")]
use crate::asynchronous::AsyncCallFuture;
use crate::error::{Error, Result};
use crate::function::Function;
use crate::lua::Lua;
use crate::path::lookup_path;
use crate::traits::{FromLua, FromLuaMulti, IntoLua, IntoLuaMulti};
use crate::value::Value;

mod sealed {
    pub trait Sealed {}
    impl Sealed for crate::table::Table {}
    impl Sealed for crate::userdata::AnyUserData {}
}

/// Objects with fields and methods: tables and userdata.
pub trait ObjectLike: sealed::Sealed {
    /// `object[key]`, with `__index`.
    ///
    /// # Errors
    /// What `__index` raised; the value does not convert.
    fn get<V: FromLua>(&self, key: impl IntoLua) -> Result<V>;

    /// `object[key] = value`, with `__newindex`.
    ///
    /// # Errors
    /// What `__newindex` raised.
    fn set(&self, key: impl IntoLua, value: impl IntoLua) -> Result<()>;

    /// Calls the object, by `__call`.
    ///
    /// # Errors
    /// What the call raised.
    fn call<R: FromLuaMulti>(&self, args: impl IntoLuaMulti) -> Result<R>;

    /// `object:name(...)`
    ///
    /// # Errors
    /// What the call raised.
    fn call_method<R: FromLuaMulti>(&self, name: &str, args: impl IntoLuaMulti) -> Result<R>;

    /// `object.name(...)`
    ///
    /// # Errors
    /// What the call raised.
    fn call_function<R: FromLuaMulti>(&self, name: &str, args: impl IntoLuaMulti) -> Result<R>;

    /// As [`ObjectLike::call`], in a coroutine of its own.
    #[cfg(feature = "async")]
    fn call_async<R: FromLuaMulti>(&self, args: impl IntoLuaMulti) -> AsyncCallFuture<R>;

    /// As [`ObjectLike::call_method`], in a coroutine of its own.
    #[cfg(feature = "async")]
    fn call_async_method<R: FromLuaMulti>(&self, name: &str, args: impl IntoLuaMulti) -> AsyncCallFuture<R>;

    /// As [`ObjectLike::call_function`], in a coroutine of its own.
    #[cfg(feature = "async")]
    fn call_async_function<R: FromLuaMulti>(&self, name: &str, args: impl IntoLuaMulti) -> AsyncCallFuture<R> {
        match self.get(name).and_then(|field| function_in(field, name)) {
            Ok(function) => function.call_async(args),
            Err(error) => AsyncCallFuture::failed(error),
        }
    }

    /// The value at the end of a path like `a.b[3]?.c["d"]`; a `?` ends the walk where there is nil.
    ///
    /// # Errors
    /// The path is wrong; something on the way cannot be indexed; the value does not convert.
    fn get_path<V: FromLua>(&self, path: &str) -> Result<V> {
        let mut current = self.to_value();
        for (key, stops_at_nil) in lookup_path(path)? {
            current = match &current {
                Value::Table(table) => table.get(key)?,
                Value::UserData(userdata) => userdata.get(key)?,
                other => {
                    return Err(Error::runtime(format!(
                        "attempt to index a {} value with key '{key}'",
                        other.type_name()
                    )));
                }
            };
            if stops_at_nil && (current.is_nil() || current.is_null()) {
                break;
            }
        }
        V::from_lua(current, &self.lua_of())
    }

    /// As `tostring`.
    ///
    /// # Errors
    /// What `__tostring` raised.
    fn to_string(&self) -> Result<String>;

    /// As a value.
    fn to_value(&self) -> Value;

    /// A state for conversions; it does not own.
    #[doc(hidden)]
    fn lua_of(&self) -> Lua;
}

/// The function that a field holds.
pub(crate) fn function_in(field: Value, name: &str) -> Result<Function> {
    match field {
        Value::Function(function) => Ok(function),
        other => Err(Error::runtime(format!(
            "attempt to call a {} value (function '{name}')",
            other.type_name()
        ))),
    }
}
