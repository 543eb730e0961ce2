//! Any number of values: `MultiValue`, `Variadic`, tuples.

use crate::error::Result;
use crate::lua::Lua;
use crate::traits::{Fault, FromLua, FromLuaMulti, IntoLua, IntoLuaMulti};
use crate::value::{Nil, Value};
use perilune_vm::{Ctx, State};
use std::collections::{VecDeque, vec_deque};
use std::ops::{Deref, DerefMut};

/// Any number of Lua values.
#[derive(Default, Debug, Clone, PartialEq)]
pub struct MultiValue(VecDeque<Value>);

impl MultiValue {
    /// No values.
    #[inline]
    pub const fn new() -> MultiValue {
        MultiValue(VecDeque::new())
    }

    /// No values, with room for some.
    pub fn with_capacity(capacity: usize) -> MultiValue {
        MultiValue(VecDeque::with_capacity(capacity))
    }

    /// These values.
    #[inline]
    pub fn from_vec(values: Vec<Value>) -> MultiValue {
        MultiValue(values.into())
    }

    /// The values.
    #[inline]
    pub fn into_vec(self) -> Vec<Value> {
        self.0.into()
    }

    pub(crate) fn read(ctx: &Ctx<'_>, first: usize, count: usize) -> MultiValue {
        (first..first + count).map(|i| Value::read(ctx, i)).collect()
    }
}

impl Deref for MultiValue {
    type Target = VecDeque<Value>;
    #[inline]
    fn deref(&self) -> &VecDeque<Value> {
        &self.0
    }
}

impl DerefMut for MultiValue {
    #[inline]
    fn deref_mut(&mut self) -> &mut VecDeque<Value> {
        &mut self.0
    }
}

impl From<Vec<Value>> for MultiValue {
    fn from(values: Vec<Value>) -> MultiValue {
        MultiValue(values.into())
    }
}

impl From<MultiValue> for Vec<Value> {
    fn from(values: MultiValue) -> Vec<Value> {
        values.0.into()
    }
}

impl FromIterator<Value> for MultiValue {
    fn from_iter<I: IntoIterator<Item = Value>>(values: I) -> MultiValue {
        MultiValue(values.into_iter().collect())
    }
}

impl IntoIterator for MultiValue {
    type Item = Value;
    type IntoIter = vec_deque::IntoIter<Value>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a MultiValue {
    type Item = &'a Value;
    type IntoIter = vec_deque::Iter<'a, Value>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl IntoLuaMulti for MultiValue {
    fn into_lua_multi(self, _: &Lua) -> Result<MultiValue> {
        Ok(self)
    }
}

impl IntoLuaMulti for &MultiValue {
    fn into_lua_multi(self, _: &Lua) -> Result<MultiValue> {
        Ok(self.clone())
    }
}

impl FromLuaMulti for MultiValue {
    fn from_lua_multi(values: MultiValue, _: &Lua) -> Result<MultiValue> {
        Ok(values)
    }
}

/// Any number of values of one type, as the last of arguments or results.
#[derive(Default, Debug, Clone, PartialEq)]
pub struct Variadic<T>(Vec<T>);

impl<T> Variadic<T> {
    /// No values.
    pub const fn new() -> Variadic<T> {
        Variadic(Vec::new())
    }

    /// No values, with room for some.
    pub fn with_capacity(capacity: usize) -> Variadic<T> {
        Variadic(Vec::with_capacity(capacity))
    }
}

impl<T> Deref for Variadic<T> {
    type Target = Vec<T>;
    fn deref(&self) -> &Vec<T> {
        &self.0
    }
}

impl<T> DerefMut for Variadic<T> {
    fn deref_mut(&mut self) -> &mut Vec<T> {
        &mut self.0
    }
}

impl<T> From<Vec<T>> for Variadic<T> {
    fn from(values: Vec<T>) -> Variadic<T> {
        Variadic(values)
    }
}

impl<T> From<Variadic<T>> for Vec<T> {
    fn from(values: Variadic<T>) -> Vec<T> {
        values.0
    }
}

impl<T> FromIterator<T> for Variadic<T> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Variadic<T> {
        Variadic(values.into_iter().collect())
    }
}

impl<T> IntoIterator for Variadic<T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<T: IntoLua> IntoLuaMulti for Variadic<T> {
    fn into_lua_multi(self, lua: &Lua) -> Result<MultiValue> {
        self.0.into_iter().map(|v| v.into_lua(lua)).collect()
    }

    fn push_all_to_stack(self, ctx: &mut Ctx<'_>, host: &State) -> std::result::Result<usize, Fault> {
        let n = self.0.len();
        ctx.reserve(n)?;
        for value in self.0 {
            value.push_to_stack(ctx, host)?;
        }
        Ok(n)
    }
}

impl<T: FromLua> FromLuaMulti for Variadic<T> {
    fn from_lua_multi(values: MultiValue, lua: &Lua) -> Result<Variadic<T>> {
        values.into_iter().map(|v| T::from_lua(v, lua)).collect()
    }

    fn from_slots(ctx: &mut Ctx<'_>, first: usize, count: usize, host: &State) -> Result<Variadic<T>> {
        (first..first + count).map(|i| T::from_slot(ctx, i, host)).collect()
    }

    fn from_arg_slots(
        ctx: &mut Ctx<'_>,
        first: usize,
        count: usize,
        _: usize,
        _: Option<&str>,
        host: &State,
    ) -> Result<Variadic<T>> {
        Self::from_slots(ctx, first, count, host)
    }
}

/// A result of the script's kind: `Err` is nil and the error.
impl<T: IntoLua, E: IntoLua> IntoLuaMulti for std::result::Result<T, E> {
    fn into_lua_multi(self, lua: &Lua) -> Result<MultiValue> {
        match self {
            Ok(value) => value.into_lua_multi(lua),
            Err(error) => (Nil, error).into_lua_multi(lua),
        }
    }

    fn push_all_to_stack(self, ctx: &mut Ctx<'_>, host: &State) -> std::result::Result<usize, Fault> {
        match self {
            Ok(value) => value.push_all_to_stack(ctx, host),
            Err(error) => (Nil, error).push_all_to_stack(ctx, host),
        }
    }
}

impl<E: IntoLua> IntoLuaMulti for std::result::Result<(), E> {
    fn into_lua_multi(self, lua: &Lua) -> Result<MultiValue> {
        match self {
            Ok(()) => Ok(MultiValue::new()),
            Err(error) => (Nil, error).into_lua_multi(lua),
        }
    }
}

impl<T: IntoLua> IntoLuaMulti for T {
    fn into_lua_multi(self, lua: &Lua) -> Result<MultiValue> {
        Ok(MultiValue(VecDeque::from([self.into_lua(lua)?])))
    }

    #[inline]
    fn push_all_to_stack(self, ctx: &mut Ctx<'_>, host: &State) -> std::result::Result<usize, Fault> {
        self.push_to_stack(ctx, host)?;
        Ok(1)
    }
}

impl<T: FromLua> FromLuaMulti for T {
    fn from_lua_multi(mut values: MultiValue, lua: &Lua) -> Result<T> {
        T::from_lua(values.pop_front().unwrap_or(Nil), lua)
    }

    fn from_lua_args(mut args: MultiValue, i: usize, to: Option<&str>, lua: &Lua) -> Result<T> {
        T::from_lua_arg(args.pop_front().unwrap_or(Nil), i, to, lua)
    }

    #[inline]
    fn from_slots(ctx: &mut Ctx<'_>, first: usize, count: usize, host: &State) -> Result<T> {
        if count == 0 {
            return ctx.lend(|| T::from_lua(Nil, &Lua::borrowed(host)));
        }
        T::from_slot(ctx, first, host)
    }

    #[inline]
    fn from_arg_slots(
        ctx: &mut Ctx<'_>,
        first: usize,
        count: usize,
        i: usize,
        to: Option<&str>,
        host: &State,
    ) -> Result<T> {
        if count == 0 {
            return ctx.lend(|| T::from_lua_arg(Nil, i, to, &Lua::borrowed(host)));
        }
        T::from_arg_slot(ctx, first, i, to, host)
    }
}

impl IntoLuaMulti for () {
    fn into_lua_multi(self, _: &Lua) -> Result<MultiValue> {
        Ok(MultiValue::new())
    }

    #[inline]
    fn push_all_to_stack(self, _: &mut Ctx<'_>, _: &State) -> std::result::Result<usize, Fault> {
        Ok(0)
    }
}

impl FromLuaMulti for () {
    fn from_lua_multi(_: MultiValue, _: &Lua) -> Result<()> {
        Ok(())
    }

    #[inline]
    fn from_slots(_: &mut Ctx<'_>, _: usize, _: usize, _: &State) -> Result<()> {
        Ok(())
    }

    #[inline]
    fn from_arg_slots(_: &mut Ctx<'_>, _: usize, _: usize, _: usize, _: Option<&str>, _: &State) -> Result<()> {
        Ok(())
    }
}

macro_rules! tuples {
    () => {};
    ($first:ident $($rest:ident)*) => {
        tuples!(@one [] $first $($rest)*);
        tuples!($($rest)*);
    };
    (@one [$($head:ident)*] $last:ident) => {
        #[allow(non_snake_case, unused_mut, unused_assignments)]
        impl<$($head: IntoLua,)* $last: IntoLuaMulti> IntoLuaMulti for ($($head,)* $last,) {
            fn into_lua_multi(self, lua: &Lua) -> Result<MultiValue> {
                let ($($head,)* $last,) = self;
                let mut values = MultiValue::new();
                $(values.push_back($head.into_lua(lua)?);)*
                values.extend($last.into_lua_multi(lua)?);
                Ok(values)
            }

            #[inline]
            fn push_all_to_stack(self, ctx: &mut Ctx<'_>, host: &State) -> std::result::Result<usize, Fault> {
                let ($($head,)* $last,) = self;
                let mut n = 0;
                $(
                    $head.push_to_stack(ctx, host)?;
                    n += 1;
                )*
                Ok(n + $last.push_all_to_stack(ctx, host)?)
            }
        }

        #[allow(non_snake_case, unused_mut, unused_assignments)]
        impl<$($head: FromLua,)* $last: FromLuaMulti> FromLuaMulti for ($($head,)* $last,) {
            fn from_lua_multi(mut values: MultiValue, lua: &Lua) -> Result<Self> {
                $(let $head = $head::from_lua(values.pop_front().unwrap_or(Nil), lua)?;)*
                Ok(($($head,)* $last::from_lua_multi(values, lua)?,))
            }

            fn from_lua_args(mut args: MultiValue, mut i: usize, to: Option<&str>, lua: &Lua) -> Result<Self> {
                $(
                    let $head = $head::from_lua_arg(args.pop_front().unwrap_or(Nil), i, to, lua)?;
                    i += 1;
                )*
                Ok(($($head,)* $last::from_lua_args(args, i, to, lua)?,))
            }

            #[inline]
            fn from_slots(ctx: &mut Ctx<'_>, mut first: usize, mut count: usize, host: &State) -> Result<Self> {
                $(
                    let $head = <$head as FromLuaMulti>::from_slots(ctx, first, count.min(1), host)?;
                    first += 1;
                    count = count.saturating_sub(1);
                )*
                Ok(($($head,)* $last::from_slots(ctx, first, count, host)?,))
            }

            #[inline]
            fn from_arg_slots(
                ctx: &mut Ctx<'_>, mut first: usize, mut count: usize, mut i: usize, to: Option<&str>, host: &State,
            ) -> Result<Self> {
                $(
                    let $head = <$head as FromLuaMulti>::from_arg_slots(ctx, first, count.min(1), i, to, host)?;
                    first += 1;
                    count = count.saturating_sub(1);
                    i += 1;
                )*
                Ok(($($head,)* $last::from_arg_slots(ctx, first, count, i, to, host)?,))
            }
        }
    };
    (@one [$($head:ident)*] $next:ident $($rest:ident)+) => {
        tuples!(@one [$($head)* $next] $($rest)+);
    };
}

tuples!(A B C D E F G H I J K L M N O P);
