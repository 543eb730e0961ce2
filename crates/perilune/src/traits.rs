//! The conversion traits.
//!
//! Each has a method in terms of [`Value`], which is what users implement, and hidden ones in terms of slots of the VM's stack,
//! with defaults: numbers, strings and handles cross the border by those, without a `Value` or a handle in between.

use crate::error::{Error, Result};
use crate::lua::Lua;
use crate::multi::MultiValue;
use crate::value::Value;
use perilune_vm::{Ctx, Plain, PlainKey, Raised, State};

/// Why an operation on the stack failed: with an error of Lua, which the VM keeps, or of the host.
#[doc(hidden)]
#[derive(Debug)]
pub enum Fault {
    Raised(Raised),
    Host(Error),
}

impl From<Raised> for Fault {
    fn from(raised: Raised) -> Fault {
        Fault::Raised(raised)
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Fault {
        Fault::Host(error)
    }
}

/// Rust values that convert to a Lua value.
pub trait IntoLua: Sized {
    /// Converts.
    ///
    /// # Errors
    /// There is no such Lua value, or no memory for it.
    fn into_lua(self, lua: &Lua) -> Result<Value>;

    /// The key that this is, if the state is not needed to make it.
    #[doc(hidden)]
    #[inline]
    fn plain_key(&self) -> Option<PlainKey<'_>> {
        None
    }

    /// Pushes the value.
    #[doc(hidden)]
    #[inline]
    fn push_to_stack(self, ctx: &mut Ctx<'_>, host: &State) -> std::result::Result<(), Fault> {
        let value = ctx.lend(|| self.into_lua(&Lua::borrowed(host)))?;
        value.push_to(ctx)
    }
}

/// Rust types that Lua values convert to.
pub trait FromLua: Sized {
    /// Converts.
    ///
    /// # Errors
    /// The value does not convert.
    fn from_lua(value: Value, lua: &Lua) -> Result<Self>;

    /// Converts argument `i` of the host function `to`.
    ///
    /// # Errors
    /// [`Error::BadArgument`]
    #[doc(hidden)]
    #[inline]
    fn from_lua_arg(arg: Value, i: usize, to: Option<&str>, lua: &Lua) -> Result<Self> {
        Self::from_lua(arg, lua).map_err(|e| e.bad_argument(to, i))
    }

    /// Converts a value that refers to nothing, if that needs no more.
    #[doc(hidden)]
    #[inline]
    fn from_plain(_: Plain) -> Option<Self> {
        None
    }

    /// Converts the value in a slot, nil past the top.
    #[doc(hidden)]
    #[inline]
    fn from_slot(ctx: &mut Ctx<'_>, slot: usize, host: &State) -> Result<Self> {
        let value = Value::read(ctx, slot);
        ctx.lend(|| Self::from_lua(value, &Lua::borrowed(host)))
    }

    /// Converts the argument in a slot.
    #[doc(hidden)]
    #[inline]
    fn from_arg_slot(ctx: &mut Ctx<'_>, slot: usize, i: usize, to: Option<&str>, host: &State) -> Result<Self> {
        match Self::from_slot(ctx, slot, host) {
            Ok(value) => Ok(value),
            Err(error) => Err(of_argument(error, to, i)),
        }
    }
}

/// The error of a conversion, as that of an argument.
#[cold]
fn of_argument(error: Error, to: Option<&str>, i: usize) -> Error {
    error.bad_argument(to, i)
}

/// Rust values that convert to any number of Lua values: results, arguments.
pub trait IntoLuaMulti: Sized {
    /// Converts.
    ///
    /// # Errors
    /// As [`IntoLua::into_lua`].
    fn into_lua_multi(self, lua: &Lua) -> Result<MultiValue>;

    /// Pushes the values; their number.
    #[doc(hidden)]
    #[inline]
    fn push_all_to_stack(self, ctx: &mut Ctx<'_>, host: &State) -> std::result::Result<usize, Fault> {
        let values = ctx.lend(|| self.into_lua_multi(&Lua::borrowed(host)))?;
        let n = values.len();
        ctx.reserve(n)?;
        for value in &values {
            value.push_to(ctx)?;
        }
        Ok(n)
    }
}

/// Rust types that any number of Lua values convert to: arguments, results. Missing values are nil, those too many are dropped.
pub trait FromLuaMulti: Sized {
    /// Converts.
    ///
    /// # Errors
    /// As [`FromLua::from_lua`].
    fn from_lua_multi(values: MultiValue, lua: &Lua) -> Result<Self>;

    /// Converts the arguments from number `i` on of the host function `to`.
    ///
    /// # Errors
    /// [`Error::BadArgument`]
    #[doc(hidden)]
    #[inline]
    fn from_lua_args(args: MultiValue, i: usize, to: Option<&str>, lua: &Lua) -> Result<Self> {
        let _ = (i, to);
        Self::from_lua_multi(args, lua)
    }

    /// Converts the values in `count` slots.
    #[doc(hidden)]
    #[inline]
    fn from_slots(ctx: &mut Ctx<'_>, first: usize, count: usize, host: &State) -> Result<Self> {
        let values = MultiValue::read(ctx, first, count);
        ctx.lend(|| Self::from_lua_multi(values, &Lua::borrowed(host)))
    }

    /// Converts the arguments in `count` slots.
    #[doc(hidden)]
    #[inline]
    fn from_arg_slots(
        ctx: &mut Ctx<'_>,
        first: usize,
        count: usize,
        i: usize,
        to: Option<&str>,
        host: &State,
    ) -> Result<Self> {
        let values = MultiValue::read(ctx, first, count);
        ctx.lend(|| Self::from_lua_args(values, i, to, &Lua::borrowed(host)))
    }
}

/// Values that a state may hold: all of them, since a state stays in its thread. Bounds of this name keep programs that are
/// generic over it compiling.
pub trait MaybeSend {}
impl<T> MaybeSend for T {}

/// As [`MaybeSend`], for shared references.
pub trait MaybeSync {}
impl<T> MaybeSync for T {}
