//! `MetaMethod`: the events that a type can define.

use crate::error::{Error, Result};
use std::fmt;

macro_rules! events {
    ($($(#[$doc:meta])* $variant:ident $name:literal)*) => {
        /// An event that a userdata type can define.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum MetaMethod {
            $($(#[$doc])* $variant,)*
        }

        impl MetaMethod {
            /// Its key in a metatable.
            pub const fn name(self) -> &'static str {
                match self {
                    $(MetaMethod::$variant => $name,)*
                }
            }
        }
    };
}

events! {
    /// `+`
    Add "__add"
    /// `-`
    Sub "__sub"
    /// `*`
    Mul "__mul"
    /// `/`
    Div "__div"
    /// `%`
    Mod "__mod"
    /// `^`
    Pow "__pow"
    /// Unary `-`
    Unm "__unm"
    /// `//`
    IDiv "__idiv"
    /// `&`
    BAnd "__band"
    /// `|`
    BOr "__bor"
    /// `~`
    BXor "__bxor"
    /// Unary `~`
    BNot "__bnot"
    /// `<<`
    Shl "__shl"
    /// `>>`
    Shr "__shr"
    /// `..`
    Concat "__concat"
    /// `#`
    Len "__len"
    /// `==`
    Eq "__eq"
    /// `<`
    Lt "__lt"
    /// `<=`
    Le "__le"
    /// `object[key]`, for keys that are neither fields nor methods
    Index "__index"
    /// `object[key] = value`
    NewIndex "__newindex"
    /// `object(...)`
    Call "__call"
    /// `tostring`
    ToString "__tostring"
    /// `{:#?}`
    ToDebugString "__todebugstring"
    /// `pairs`
    Pairs "__pairs"
    /// The end of a to-be-closed variable
    Close "__close"
    #[doc(hidden)]
    Type "__name"
}

impl MetaMethod {
    /// Refuses what belongs to the implementation.
    pub(crate) fn check(name: &str) -> Result<()> {
        if matches!(name, "__gc" | "__metatable") || name.starts_with("__mlua") {
            return Err(Error::MetaMethodRestricted(name.to_string()));
        }
        Ok(())
    }
}

impl PartialEq<MetaMethod> for &str {
    fn eq(&self, other: &MetaMethod) -> bool {
        *self == other.name()
    }
}

impl PartialEq<MetaMethod> for String {
    fn eq(&self, other: &MetaMethod) -> bool {
        self == other.name()
    }
}

impl fmt::Display for MetaMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl AsRef<str> for MetaMethod {
    fn as_ref(&self) -> &str {
        self.name()
    }
}

impl From<MetaMethod> for String {
    fn from(event: MetaMethod) -> String {
        event.name().to_string()
    }
}
