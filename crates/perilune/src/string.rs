//! Strings of Lua, and borrows of their bytes.

use crate::error::{Error, Result};
use crate::handle::Ref;
use crate::lua::Lua;
use crate::traits::IntoLua;
use crate::value::Value;
use perilune_vm::{HandleBytes, HandleStr};
use std::borrow::Borrow;
use std::cmp::Ordering;
use std::ffi::c_void;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;

/// A Lua string: any bytes.
#[derive(Clone)]
pub struct LuaString(pub(crate) Ref);

impl LuaString {
    /// The text, if it is UTF-8.
    ///
    /// # Errors
    /// It is not.
    pub fn to_str(&self) -> Result<BorrowedStr> {
        BorrowedStr::try_from(self)
    }

    /// The text, with replacement characters for what is not UTF-8.
    pub fn to_string_lossy(&self) -> String {
        String::from_utf8_lossy(&self.as_bytes()).into_owned()
    }

    /// For `{}`: as [`LuaString::to_string_lossy`].
    pub fn display(&self) -> impl fmt::Display + '_ {
        self.to_string_lossy()
    }

    /// The bytes, which stay as long as the borrow does.
    ///
    /// # Panics
    /// If the state is gone.
    #[inline]
    pub fn as_bytes(&self) -> BorrowedBytes {
        match self.0.0.bytes() {
            Some(bytes) => BorrowedBytes {
                bytes,
                string: self.clone(),
            },
            None => panic!("the Lua state is gone"),
        }
    }

    /// The bytes and a zero.
    pub fn as_bytes_with_nul(&self) -> Vec<u8> {
        let mut bytes = self.as_bytes().to_vec();
        bytes.push(0);
        bytes
    }

    /// Bytes that become a string where they are converted.
    pub fn wrap(data: impl AsRef<[u8]>) -> impl IntoLua {
        Wrapped(data)
    }

    /// See [`Value::to_pointer`](crate::Value::to_pointer).
    pub fn to_pointer(&self) -> *const c_void {
        self.0.pointer()
    }
}

impl fmt::Debug for LuaString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.as_bytes();
        match std::str::from_utf8(&bytes) {
            Ok(text) => text.fmt(f),
            Err(_) => write!(f, "b{:?}", bstr::BStr::new(&*bytes)),
        }
    }
}

struct Wrapped<T>(T);

impl<T: AsRef<[u8]>> IntoLua for Wrapped<T> {
    fn into_lua(self, lua: &Lua) -> Result<Value> {
        lua.create_string(self.0).map(Value::String)
    }
}

/// The bytes of a string.
pub struct BorrowedBytes {
    bytes: HandleBytes,
    pub(crate) string: LuaString,
}

impl Deref for BorrowedBytes {
    type Target = [u8];
    #[inline]
    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl fmt::Debug for BorrowedBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<'a> IntoIterator for &'a BorrowedBytes {
    type Item = &'a u8;
    type IntoIter = std::slice::Iter<'a, u8>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl From<&LuaString> for BorrowedBytes {
    fn from(string: &LuaString) -> BorrowedBytes {
        string.as_bytes()
    }
}

/// The text of a string.
pub struct BorrowedStr {
    text: HandleStr,
    pub(crate) string: LuaString,
}

impl TryFrom<&LuaString> for BorrowedStr {
    type Error = Error;
    fn try_from(string: &LuaString) -> Result<BorrowedStr> {
        let BorrowedBytes { bytes, string } = string.as_bytes();
        match bytes.into_str() {
            Ok(text) => Ok(BorrowedStr { text, string }),
            Err(e) => Err(Error::from_lua_conversion("string", "&str", e.to_string())),
        }
    }
}

impl Deref for BorrowedStr {
    type Target = str;
    #[inline]
    fn deref(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for BorrowedStr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl fmt::Debug for BorrowedStr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

macro_rules! borrows {
    ($name:ident, $target:ty) => {
        impl Borrow<$target> for $name {
            fn borrow(&self) -> &$target {
                self
            }
        }
        impl AsRef<$target> for $name {
            fn as_ref(&self) -> &$target {
                self
            }
        }
        impl Hash for $name {
            fn hash<H: Hasher>(&self, state: &mut H) {
                (**self).hash(state);
            }
        }
        impl<T: AsRef<$target>> PartialEq<T> for $name {
            fn eq(&self, other: &T) -> bool {
                **self == *other.as_ref()
            }
        }
        impl Eq for $name {}
        impl<T: AsRef<$target>> PartialOrd<T> for $name {
            fn partial_cmp(&self, other: &T) -> Option<Ordering> {
                (**self).partial_cmp(other.as_ref())
            }
        }
        impl Ord for $name {
            fn cmp(&self, other: &$name) -> Ordering {
                (**self).cmp(&**other)
            }
        }
    };
}

borrows!(BorrowedBytes, [u8]);
borrows!(BorrowedStr, str);

impl<T: AsRef<[u8]> + ?Sized> PartialEq<T> for LuaString {
    fn eq(&self, other: &T) -> bool {
        *self.as_bytes() == *other.as_ref()
    }
}

impl PartialEq for LuaString {
    fn eq(&self, other: &LuaString) -> bool {
        self.0.same(&other.0) || *self.as_bytes() == *other.as_bytes()
    }
}

impl Eq for LuaString {}

impl<T: AsRef<[u8]> + ?Sized> PartialOrd<T> for LuaString {
    fn partial_cmp(&self, other: &T) -> Option<Ordering> {
        (*self.as_bytes()).partial_cmp(other.as_ref())
    }
}

impl PartialOrd for LuaString {
    fn partial_cmp(&self, other: &LuaString) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for LuaString {
    fn cmp(&self, other: &LuaString) -> Ordering {
        (*self.as_bytes()).cmp(&*other.as_bytes())
    }
}

impl Hash for LuaString {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (*self.as_bytes()).hash(state);
    }
}
