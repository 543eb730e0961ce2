//! Conversions of the standard library's types.

use crate::error::{Error, Result};
use crate::function::Function;
use crate::handle::Ref;
use crate::lua::Lua;
use crate::string::{BorrowedBytes, BorrowedStr, LuaString};
use crate::table::Table;
use crate::thread::Thread;
use crate::traits::{Fault, FromLua, IntoLua, MaybeSend, MaybeSync};
use crate::userdata::{AnyUserData, UserData};
use crate::value::{LightUserData, Nil, Value};
use bstr::{BStr, BString};
use either::Either;
use perilune_lang::{Num, parse_number, to_integer};
use perilune_vm::{Ctx, Plain, PlainKey, State, Val};
use std::borrow::Cow;
use std::ffi::{CStr, CString, OsStr, OsString};
use std::path::{Path, PathBuf};

type Pushed = std::result::Result<(), Fault>;

/// The name of a Rust type without the paths.
pub(crate) fn short_type_name<T: ?Sized>() -> String {
    let mut short = String::new();
    let mut word = String::new();
    // Of a type in a closure or in an implementation, `{{closure}}` and `{impl#0}` are parts of the path.
    let mut braces = 0;
    for c in std::any::type_name::<T>().chars() {
        if c == '{' || c == '}' {
            braces += if c == '{' { 1 } else { -1 };
        } else if braces > 0 {
        } else if c.is_alphanumeric() || c == '_' {
            word.push(c);
        } else if c == ':' {
            word.clear();
        } else {
            short.push_str(&word);
            word.clear();
            short.push(c);
        }
    }
    // A lifetime says nothing at run time.
    (short + &word).replace("<'_>", "")
}

pub(crate) fn mismatch<T>(value: &Value, message: &str) -> Error {
    let message = (!message.is_empty()).then(|| message.to_string());
    Error::from_lua_conversion(value.type_name(), short_type_name::<T>(), message)
}

const NOT_TEXT: &str = "expected string or number";
const NOT_NUMBER: &str = "expected number or string coercible to number";

// ---- values and handles ----

impl IntoLua for Value {
    fn into_lua(self, _: &Lua) -> Result<Value> {
        Ok(self)
    }
    fn push_to_stack(self, ctx: &mut Ctx<'_>, _: &State) -> Pushed {
        self.push_to(ctx)
    }
}

impl IntoLua for &Value {
    fn into_lua(self, _: &Lua) -> Result<Value> {
        Ok(self.clone())
    }
    fn push_to_stack(self, ctx: &mut Ctx<'_>, _: &State) -> Pushed {
        self.push_to(ctx)
    }
}

impl FromLua for Value {
    fn from_lua(value: Value, _: &Lua) -> Result<Value> {
        Ok(value)
    }
    fn from_slot(ctx: &mut Ctx<'_>, slot: usize, _: &State) -> Result<Value> {
        Ok(Value::read(ctx, slot))
    }
}

macro_rules! handles {
    ($($ty:ident $name:literal $matches:ident;)*) => {
        $(
            impl IntoLua for $ty {
                fn into_lua(self, _: &Lua) -> Result<Value> {
                    Ok(Value::$matches(self))
                }
                #[inline]
                fn push_to_stack(self, ctx: &mut Ctx<'_>, _: &State) -> Pushed {
                    self.0.push(ctx)
                }
            }

            impl IntoLua for &$ty {
                fn into_lua(self, _: &Lua) -> Result<Value> {
                    Ok(Value::$matches(self.clone()))
                }
                #[inline]
                fn push_to_stack(self, ctx: &mut Ctx<'_>, _: &State) -> Pushed {
                    self.0.push(ctx)
                }
            }
        )*
    };
}

handles! {
    LuaString "string" String;
    Table "table" Table;
    Function "function" Function;
    Thread "thread" Thread;
    AnyUserData "userdata" UserData;
}

macro_rules! from_handles {
    ($($ty:ident $name:literal $variant:ident;)*) => {
        $(
            impl FromLua for $ty {
                fn from_lua(value: Value, _: &Lua) -> Result<$ty> {
                    match value {
                        Value::$variant(handle) => Ok(handle),
                        other => Err(Error::from_lua_conversion(other.type_name(), $name, None)),
                    }
                }
                #[inline]
                fn from_slot(ctx: &mut Ctx<'_>, slot: usize, host: &State) -> Result<$ty> {
                    let value = Value::read(ctx, slot);
                    match value {
                        Value::$variant(handle) => Ok(handle),
                        other => <$ty>::from_lua(other, &Lua::borrowed(host)),
                    }
                }
            }
        )*
    };
}

from_handles! {
    Table "table" Table;
    Function "function" Function;
    Thread "thread" Thread;
    AnyUserData "userdata" UserData;
}

impl FromLua for LuaString {
    fn from_lua(value: Value, lua: &Lua) -> Result<LuaString> {
        let from = value.type_name();
        lua.coerce_string(value)?
            .ok_or_else(|| Error::from_lua_conversion(from, "string", NOT_TEXT.to_string()))
    }
    #[inline]
    fn from_slot(ctx: &mut Ctx<'_>, slot: usize, host: &State) -> Result<LuaString> {
        if ctx.slot(slot).as_str().is_some() {
            return Ok(LuaString(Ref::keep(ctx, ctx.slot(slot))));
        }
        let value = Value::read(ctx, slot);
        ctx.lend(|| LuaString::from_lua(value, &Lua::borrowed(host)))
    }
}

impl<T: UserData + MaybeSend + MaybeSync + 'static> IntoLua for T {
    fn into_lua(self, lua: &Lua) -> Result<Value> {
        Ok(Value::UserData(lua.create_userdata(self)?))
    }
}

impl IntoLua for Error {
    fn into_lua(self, _: &Lua) -> Result<Value> {
        Ok(Value::Error(Box::new(self)))
    }
}

impl FromLua for Error {
    fn from_lua(value: Value, _: &Lua) -> Result<Error> {
        match value {
            Value::Error(error) => Ok(*error),
            other => Ok(Error::RuntimeError(other.to_string()?)),
        }
    }
}

#[cfg(feature = "anyhow")]
impl IntoLua for anyhow::Error {
    fn into_lua(self, _: &Lua) -> Result<Value> {
        Ok(Value::Error(Box::new(Error::from(self))))
    }
}

impl IntoLua for LightUserData {
    fn into_lua(self, _: &Lua) -> Result<Value> {
        Ok(Value::LightUserData(self))
    }
}

impl FromLua for LightUserData {
    fn from_lua(value: Value, _: &Lua) -> Result<LightUserData> {
        match value {
            Value::LightUserData(p) => Ok(p),
            other => Err(Error::from_lua_conversion(other.type_name(), "lightuserdata", None)),
        }
    }
}

impl IntoLua for bool {
    fn into_lua(self, _: &Lua) -> Result<Value> {
        Ok(Value::Boolean(self))
    }
    #[inline]
    fn push_to_stack(self, ctx: &mut Ctx<'_>, _: &State) -> Pushed {
        Ok(ctx.push(Val::bool(self))?)
    }
}

impl FromLua for bool {
    fn from_lua(value: Value, _: &Lua) -> Result<bool> {
        Ok(!matches!(value, Value::Nil | Value::Boolean(false)))
    }
    #[inline]
    fn from_plain(plain: Plain) -> Option<bool> {
        match plain {
            Plain::Bool(b) => Some(b),
            _ => None,
        }
    }
    #[inline]
    fn from_slot(ctx: &mut Ctx<'_>, slot: usize, _: &State) -> Result<bool> {
        Ok(ctx.slot(slot).truthy())
    }
}

// ---- numbers ----

/// The number that a value is or, for a string, denotes.
pub(crate) fn number_of(value: &Value) -> Option<Num> {
    match value {
        Value::Integer(i) => Some(Num::Int(*i)),
        Value::Number(n) => Some(Num::Float(*n)),
        Value::String(s) => parse_number(&s.as_bytes()),
        _ => None,
    }
}

/// An argument that is not simply a number of the type.
#[cold]
fn converted_argument<T: FromLua>(
    ctx: &mut Ctx<'_>,
    slot: usize,
    i: usize,
    to: Option<&str>,
    host: &State,
) -> Result<T> {
    T::from_slot(ctx, slot, host).map_err(|e| e.bad_argument(to, i))
}

macro_rules! integers {
    ($($ty:ident)*) => {
        $(
            impl IntoLua for $ty {
                fn into_lua(self, _: &Lua) -> Result<Value> {
                    Ok(match i64::try_from(self) {
                        Ok(i) => Value::Integer(i),
                        Err(_) => Value::Number(self as f64),
                    })
                }
                #[inline]
                fn plain_key(&self) -> Option<PlainKey<'_>> {
                    i64::try_from(*self).ok().map(PlainKey::Index)
                }
                #[inline]
                fn push_to_stack(self, ctx: &mut Ctx<'_>, _: &State) -> Pushed {
                    Ok(ctx.push(match i64::try_from(self) {
                        Ok(i) => Val::int(i),
                        Err(_) => Val::float(self as f64),
                    })?)
                }
            }

            impl FromLua for $ty {
                fn from_lua(value: Value, _: &Lua) -> Result<$ty> {
                    let Some(number) = number_of(&value) else {
                        return Err(Error::from_lua_conversion(
                            value.type_name(), stringify!($ty), NOT_NUMBER.to_string()));
                    };
                    let converted = match (to_integer(number), number) {
                        (Some(i), _) => <$ty>::try_from(i).ok(),
                        // The fraction goes, as in a cast; what is left has to be in range.
                        (None, Num::Float(f)) => {
                            let whole = f.trunc();
                            (whole >= <$ty>::MIN as f64 && whole < <$ty>::MAX as f64 + 1.0).then_some(whole as $ty)
                        }
                        (None, Num::Int(_)) => None,
                    };
                    converted.ok_or_else(|| {
                        Error::from_lua_conversion(value.type_name(), stringify!($ty), "out of range".to_string())
                    })
                }
                #[inline]
                fn from_plain(plain: Plain) -> Option<$ty> {
                    match plain {
                        Plain::Int(i) => <$ty>::try_from(i).ok(),
                        _ => None,
                    }
                }
                #[inline(always)]
                fn from_arg_slot(
                    ctx: &mut Ctx<'_>, slot: usize, i: usize, to: Option<&str>, host: &State,
                ) -> Result<$ty> {
                    match ctx.slot(slot).as_int().map(<$ty>::try_from) {
                        Some(Ok(i)) => Ok(i),
                        _ => converted_argument(ctx, slot, i, to, host),
                    }
                }
                #[inline]
                fn from_slot(ctx: &mut Ctx<'_>, slot: usize, host: &State) -> Result<$ty> {
                    if let Some(i) = ctx.slot(slot).as_int()
                        && let Ok(i) = <$ty>::try_from(i)
                    {
                        return Ok(i);
                    }
                    let value = Value::read(ctx, slot);
                    <$ty>::from_lua(value, &Lua::borrowed(host))
                }
            }
        )*
    };
}

integers!(i8 u8 i16 u16 i32 u32 i64 u64 i128 u128 isize usize);

macro_rules! floats {
    ($($ty:ident)*) => {
        $(
            impl IntoLua for $ty {
                fn into_lua(self, _: &Lua) -> Result<Value> {
                    Ok(Value::Number(f64::from(self)))
                }
                #[inline]
                fn push_to_stack(self, ctx: &mut Ctx<'_>, _: &State) -> Pushed {
                    Ok(ctx.push(Val::float(f64::from(self)))?)
                }
            }

            impl FromLua for $ty {
                fn from_lua(value: Value, _: &Lua) -> Result<$ty> {
                    match number_of(&value) {
                        Some(number) => Ok(number.to_float() as $ty),
                        None => Err(Error::from_lua_conversion(
                            value.type_name(), stringify!($ty), NOT_NUMBER.to_string())),
                    }
                }
                #[inline]
                fn from_plain(plain: Plain) -> Option<$ty> {
                    match plain {
                        Plain::Int(i) => Some(i as $ty),
                        Plain::Float(f) => Some(f as $ty),
                        Plain::Bool(_) => None,
                    }
                }
                #[inline(always)]
                fn from_arg_slot(
                    ctx: &mut Ctx<'_>, slot: usize, i: usize, to: Option<&str>, host: &State,
                ) -> Result<$ty> {
                    match ctx.slot(slot).as_num() {
                        Some(number) => Ok(number.to_float() as $ty),
                        None => converted_argument(ctx, slot, i, to, host),
                    }
                }
                #[inline]
                fn from_slot(ctx: &mut Ctx<'_>, slot: usize, host: &State) -> Result<$ty> {
                    if let Some(number) = ctx.slot(slot).as_num() {
                        return Ok(number.to_float() as $ty);
                    }
                    let value = Value::read(ctx, slot);
                    <$ty>::from_lua(value, &Lua::borrowed(host))
                }
            }
        )*
    };
}

floats!(f32 f64);

// ---- text ----

macro_rules! texts_into {
    ($($ty:ty, |$this:ident| $bytes:expr;)*) => {
        $(
            impl IntoLua for $ty {
                fn into_lua(self, lua: &Lua) -> Result<Value> {
                    let $this = self;
                    Ok(Value::String(lua.create_string($bytes)?))
                }
                #[inline]
                fn plain_key(&self) -> Option<PlainKey<'_>> {
                    let $this = self;
                    Some(PlainKey::Name(AsRef::<[u8]>::as_ref($bytes)))
                }
                #[inline]
                fn push_to_stack(self, ctx: &mut Ctx<'_>, _: &State) -> Pushed {
                    let $this = self;
                    Ok(ctx.push_str(AsRef::<[u8]>::as_ref($bytes))?)
                }
            }
        )*
    };
}

texts_into! {
    String, |s| s.as_bytes();
    &String, |s| s.as_bytes();
    &str, |s| s.as_bytes();
    Box<str>, |s| s.as_bytes();
    Cow<'_, str>, |s| s.as_bytes();
    CString, |s| s.as_bytes();
    &CStr, |s| s.to_bytes();
    Cow<'_, CStr>, |s| s.to_bytes();
    BString, |s| s.as_slice();
    &BStr, |s| &**s;
    OsString, |s| s.as_encoded_bytes();
    &OsStr, |s| s.as_encoded_bytes();
    PathBuf, |s| s.as_os_str().as_encoded_bytes();
    &Path, |s| s.as_os_str().as_encoded_bytes();
}

impl IntoLua for char {
    fn into_lua(self, lua: &Lua) -> Result<Value> {
        (&*self.encode_utf8(&mut [0; 4])).into_lua(lua)
    }
    #[inline]
    fn push_to_stack(self, ctx: &mut Ctx<'_>, host: &State) -> Pushed {
        (&*self.encode_utf8(&mut [0; 4])).push_to_stack(ctx, host)
    }
}

impl IntoLua for BorrowedStr {
    fn into_lua(self, _: &Lua) -> Result<Value> {
        Ok(Value::String(self.string))
    }
}

impl IntoLua for &BorrowedStr {
    fn into_lua(self, _: &Lua) -> Result<Value> {
        Ok(Value::String(self.string.clone()))
    }
}

impl IntoLua for BorrowedBytes {
    fn into_lua(self, _: &Lua) -> Result<Value> {
        Ok(Value::String(self.string))
    }
}

impl IntoLua for &BorrowedBytes {
    fn into_lua(self, _: &Lua) -> Result<Value> {
        Ok(Value::String(self.string.clone()))
    }
}

impl FromLua for BorrowedStr {
    fn from_lua(value: Value, lua: &Lua) -> Result<BorrowedStr> {
        LuaString::from_lua(value, lua)?.to_str()
    }
}

impl FromLua for BorrowedBytes {
    fn from_lua(value: Value, lua: &Lua) -> Result<BorrowedBytes> {
        Ok(LuaString::from_lua(value, lua)?.as_bytes())
    }
}

/// The bytes of a string or number.
fn bytes_of<T>(value: Value, lua: &Lua) -> Result<Vec<u8>> {
    match &value {
        Value::String(s) => Ok(s.as_bytes().to_vec()),
        Value::Integer(_) | Value::Number(_) => match lua.coerce_string(value)? {
            Some(s) => Ok(s.as_bytes().to_vec()),
            None => Err(Error::RuntimeError(NOT_TEXT.to_string())),
        },
        _ => Err(mismatch::<T>(&value, NOT_TEXT)),
    }
}

impl FromLua for String {
    fn from_lua(value: Value, lua: &Lua) -> Result<String> {
        let from = value.type_name();
        String::from_utf8(bytes_of::<String>(value, lua)?)
            .map_err(|e| Error::from_lua_conversion(from, "String", e.utf8_error().to_string()))
    }
    #[inline]
    fn from_slot(ctx: &mut Ctx<'_>, slot: usize, host: &State) -> Result<String> {
        if let Some(bytes) = ctx.slot(slot).as_str()
            && let Ok(text) = std::str::from_utf8(bytes)
        {
            return Ok(text.to_string());
        }
        let value = Value::read(ctx, slot);
        ctx.lend(|| String::from_lua(value, &Lua::borrowed(host)))
    }
}

impl FromLua for Box<str> {
    fn from_lua(value: Value, lua: &Lua) -> Result<Box<str>> {
        let from = value.type_name();
        String::from_utf8(bytes_of::<Box<str>>(value, lua)?)
            .map(String::into_boxed_str)
            .map_err(|e| Error::from_lua_conversion(from, "Box<str>", e.utf8_error().to_string()))
    }
}

impl FromLua for CString {
    fn from_lua(value: Value, lua: &Lua) -> Result<CString> {
        let from = value.type_name();
        CString::new(bytes_of::<CString>(value, lua)?)
            .map_err(|e| Error::from_lua_conversion(from, "CString", e.to_string()))
    }
}

impl FromLua for BString {
    fn from_lua(value: Value, lua: &Lua) -> Result<BString> {
        Ok(BString::from(bytes_of::<BString>(value, lua)?))
    }
}

impl FromLua for OsString {
    fn from_lua(value: Value, lua: &Lua) -> Result<OsString> {
        let from = value.type_name();
        let bytes = bytes_of::<BString>(value, lua)?;
        #[cfg(unix)]
        {
            let _ = from;
            use std::os::unix::ffi::OsStringExt;
            Ok(OsString::from_vec(bytes))
        }
        #[cfg(not(unix))]
        String::from_utf8(bytes)
            .map(OsString::from)
            .map_err(|e| Error::from_lua_conversion(from, "OsString", e.to_string()))
    }
}

impl FromLua for PathBuf {
    fn from_lua(value: Value, lua: &Lua) -> Result<PathBuf> {
        OsString::from_lua(value, lua).map(PathBuf::from)
    }
}

impl FromLua for char {
    fn from_lua(value: Value, _: &Lua) -> Result<char> {
        let wrong = |message: &str| {
            Err(Error::from_lua_conversion(
                value.type_name(),
                "char",
                message.to_string(),
            ))
        };
        match &value {
            Value::Integer(i) => match u32::try_from(*i).ok().and_then(char::from_u32) {
                Some(c) => Ok(c),
                None => wrong("integer out of range when converting to char"),
            },
            Value::String(s) => {
                let text = s.to_str()?;
                let mut chars = text.chars();
                match (chars.next(), chars.next()) {
                    (Some(c), None) => Ok(c),
                    _ => wrong("expected string to have exactly one char when converting to char"),
                }
            }
            _ => wrong("expected string or integer"),
        }
    }
}

// ---- containers ----

impl<T: IntoLua + Clone> IntoLua for &[T] {
    fn into_lua(self, lua: &Lua) -> Result<Value> {
        Ok(Value::Table(lua.create_sequence_from(self.iter().cloned())?))
    }
}

impl<T: IntoLua, const N: usize> IntoLua for [T; N] {
    fn into_lua(self, lua: &Lua) -> Result<Value> {
        Ok(Value::Table(lua.create_sequence_from(self)?))
    }
}

impl<T: FromLua, const N: usize> FromLua for [T; N] {
    fn from_lua(value: Value, _: &Lua) -> Result<[T; N]> {
        let Value::Table(table) = &value else {
            return Err(mismatch::<[T; N]>(&value, &format!("expected table of length {N}")));
        };
        let values = table.sequence_values().collect::<Result<Vec<T>>>()?;
        values.try_into().map_err(|values: Vec<T>| {
            mismatch::<[T; N]>(&value, &format!("expected table of length {N}, got {}", values.len()))
        })
    }
}

impl<T: IntoLua> IntoLua for Vec<T> {
    fn into_lua(self, lua: &Lua) -> Result<Value> {
        Ok(Value::Table(lua.create_sequence_from(self)?))
    }
}

impl<T: FromLua> FromLua for Vec<T> {
    fn from_lua(value: Value, _: &Lua) -> Result<Vec<T>> {
        match &value {
            Value::Table(table) => table.sequence_values().collect(),
            _ => Err(mismatch::<Vec<T>>(&value, "expected table")),
        }
    }
}

impl<T: IntoLua> IntoLua for Box<[T]> {
    fn into_lua(self, lua: &Lua) -> Result<Value> {
        self.into_vec().into_lua(lua)
    }
}

impl<T: FromLua> FromLua for Box<[T]> {
    fn from_lua(value: Value, lua: &Lua) -> Result<Box<[T]>> {
        Vec::from_lua(value, lua).map(Vec::into_boxed_slice)
    }
}

impl<T: IntoLua> IntoLua for Option<T> {
    fn into_lua(self, lua: &Lua) -> Result<Value> {
        match self {
            Some(value) => value.into_lua(lua),
            None => Ok(Nil),
        }
    }
    #[inline]
    fn push_to_stack(self, ctx: &mut Ctx<'_>, host: &State) -> Pushed {
        match self {
            Some(value) => value.push_to_stack(ctx, host),
            None => Ok(ctx.push(Val::NIL)?),
        }
    }
}

impl<T: FromLua> FromLua for Option<T> {
    fn from_lua(value: Value, lua: &Lua) -> Result<Option<T>> {
        match value {
            Nil => Ok(None),
            value => T::from_lua(value, lua).map(Some),
        }
    }
    #[inline]
    fn from_slot(ctx: &mut Ctx<'_>, slot: usize, host: &State) -> Result<Option<T>> {
        if ctx.slot(slot).is_nil() {
            Ok(None)
        } else {
            T::from_slot(ctx, slot, host).map(Some)
        }
    }
}

impl<L: IntoLua, R: IntoLua> IntoLua for Either<L, R> {
    fn into_lua(self, lua: &Lua) -> Result<Value> {
        match self {
            Either::Left(value) => value.into_lua(lua),
            Either::Right(value) => value.into_lua(lua),
        }
    }
}

impl<L: FromLua, R: FromLua> FromLua for Either<L, R> {
    fn from_lua(value: Value, lua: &Lua) -> Result<Either<L, R>> {
        let from = value.type_name();
        match L::from_lua(value.clone(), lua) {
            Ok(left) => Ok(Either::Left(left)),
            Err(_) => match R::from_lua(value, lua) {
                Ok(right) => Ok(Either::Right(right)),
                Err(_) => Err(Error::from_lua_conversion(from, short_type_name::<Self>(), None)),
            },
        }
    }
}
