//! `Value`: any Lua value, held by Rust.

use crate::error::{Error, Result};
use crate::failure::Failure;
use crate::function::Function;
use crate::handle::Ref;
use crate::string::LuaString;
use crate::table::Table;
use crate::thread::Thread;
use crate::traits::Fault;
use crate::userdata::AnyUserData;
use perilune_vm::{Ctx, Type, Val};
use std::ffi::c_void;
use std::fmt;

/// A Lua integer.
pub type Integer = i64;
/// A Lua float.
pub type Number = f64;

/// An address that scripts can pass around and compare.
#[derive(Debug, Copy, Clone, Eq, PartialEq)]
pub struct LightUserData(pub *mut c_void);

/// A Lua value. Those that live in the state are handles: cheap to clone, and roots of the collector while they exist.
#[derive(Clone, Default)]
pub enum Value {
    /// `nil`
    #[default]
    Nil,
    /// `true` or `false`
    Boolean(bool),
    /// An address.
    LightUserData(LightUserData),
    /// An integer.
    Integer(Integer),
    /// A float.
    Number(Number),
    /// A string.
    String(LuaString),
    /// A table.
    Table(Table),
    /// A function of Lua or of the host.
    Function(Function),
    /// A coroutine.
    Thread(Thread),
    /// A userdata.
    UserData(AnyUserData),
    /// An error of the host that travels through Lua.
    Error(Box<Error>),
    /// No value of this implementation: for matches that name it.
    #[doc(hidden)]
    Other(std::convert::Infallible),
}

pub use Value::Nil;

impl Value {
    /// The null that stands for missing values in serialized data: a light userdata with address 0.
    pub const NULL: Value = Value::LightUserData(LightUserData(std::ptr::null_mut()));

    /// The value in a slot, nil past the top. A panic that travels through Lua is resumed here.
    #[inline]
    pub(crate) fn read(ctx: &Ctx<'_>, slot: usize) -> Value {
        Value::of(ctx, ctx.slot(slot))
    }

    pub(crate) fn of(ctx: &Ctx<'_>, v: Val<'_>) -> Value {
        match v.ty() {
            Type::Nil => Value::Nil,
            Type::Boolean => Value::Boolean(v.truthy()),
            Type::LightUserdata => Value::LightUserData(LightUserData(v.as_light().unwrap_or(0) as *mut c_void)),
            Type::Number => match v.as_int() {
                Some(i) => Value::Integer(i),
                None => Value::Number(v.as_num().map_or(0.0, perilune_lang::Num::to_float)),
            },
            Type::String => Value::String(LuaString(Ref::keep(ctx, v))),
            Type::Table => Value::Table(Table(Ref::keep(ctx, v))),
            Type::Function => Value::Function(Function(Ref::keep(ctx, v))),
            Type::Thread => Value::Thread(Thread(Ref::keep(ctx, v))),
            Type::Userdata => match Failure::of(v) {
                Some(failure) => match failure.resume() {
                    Some(error) => Value::Error(Box::new(error)),
                    None => Value::Nil,
                },
                None => Value::UserData(AnyUserData(Ref::keep(ctx, v))),
            },
        }
    }

    pub(crate) fn push_to(&self, ctx: &mut Ctx<'_>) -> std::result::Result<(), Fault> {
        let v = match self {
            Value::Nil => Val::NIL,
            Value::Boolean(b) => Val::bool(*b),
            Value::LightUserData(p) => Val::light(p.0 as u64),
            Value::Integer(i) => Val::int(*i),
            Value::Number(n) => Val::float(*n),
            Value::String(LuaString(r))
            | Value::Table(Table(r))
            | Value::Function(Function(r))
            | Value::Thread(Thread(r))
            | Value::UserData(AnyUserData(r)) => return r.push(ctx),
            Value::Error(e) => return Failure::Error((**e).clone()).push(ctx),
            Value::Other(never) => match *never {},
        };
        ctx.push(v)?;
        Ok(())
    }

    /// The handle behind a value that lives in the state.
    pub(crate) fn reference(&self) -> Option<&Ref> {
        match self {
            Value::String(LuaString(r))
            | Value::Table(Table(r))
            | Value::Function(Function(r))
            | Value::Thread(Thread(r))
            | Value::UserData(AnyUserData(r)) => Some(r),
            _ => None,
        }
    }

    /// The name of its type; integers, light userdata and errors have their own.
    pub fn type_name(&self) -> &'static str {
        match self {
            Value::Nil => "nil",
            Value::Boolean(_) => "boolean",
            Value::LightUserData(_) => "lightuserdata",
            Value::Integer(_) => "integer",
            Value::Number(_) => "number",
            Value::String(_) => "string",
            Value::Table(_) => "table",
            Value::Function(_) => "function",
            Value::Thread(_) => "thread",
            Value::UserData(_) => "userdata",
            Value::Error(_) => "error",
            Value::Other(never) => match *never {},
        }
    }

    /// Whether two values are equal, by `__eq` if they are tables or userdata.
    ///
    /// # Errors
    /// What `__eq` raised.
    pub fn equals(&self, other: &Value) -> Result<bool> {
        match (self, other) {
            (Value::Table(a), Value::Table(b)) => a.0.equals(&b.0),
            (Value::UserData(a), Value::UserData(b)) => a.0.equals(&b.0),
            _ => Ok(self == other),
        }
    }

    /// A number that tells an object from all others, as a pointer for `{:p}`; null for values that are no objects.
    pub fn to_pointer(&self) -> *const c_void {
        match self {
            Value::LightUserData(p) => p.0,
            _ => self.reference().map_or(std::ptr::null(), Ref::pointer),
        }
    }

    /// The value as text; `__tostring` and `__name` count.
    ///
    /// # Errors
    /// What `__tostring` raised; a string that is not UTF-8.
    pub fn to_string(&self) -> Result<String> {
        match self {
            Value::Nil => Ok("nil".to_string()),
            Value::Boolean(b) => Ok(b.to_string()),
            Value::LightUserData(p) if p.0.is_null() => Ok("null".to_string()),
            Value::LightUserData(p) => Ok(format!("lightuserdata: {:p}", p.0)),
            Value::Integer(i) => Ok(i.to_string()),
            Value::Number(n) => Ok(n.to_string()),
            Value::String(s) => Ok(s.to_str()?.to_string()),
            Value::Error(e) => Ok(e.to_string()),
            Value::Other(never) => match *never {},
            Value::Table(Table(r))
            | Value::Function(Function(r))
            | Value::Thread(Thread(r))
            | Value::UserData(AnyUserData(r)) => r.to_text(),
        }
    }

    /// Whether it is [`Value::NULL`].
    pub fn is_null(&self) -> bool {
        *self == Value::NULL
    }

    /// Whether it is an integer.
    pub fn is_integer(&self) -> bool {
        self.as_integer().is_some()
    }

    /// The integer, if it is one.
    #[inline]
    pub fn as_integer(&self) -> Option<Integer> {
        match self {
            Value::Integer(i) => Some(*i),
            _ => None,
        }
    }

    /// The float, if it is one.
    #[inline]
    pub fn as_number(&self) -> Option<Number> {
        match self {
            Value::Number(n) => Some(*n),
            _ => None,
        }
    }

    /// The number as `f64`.
    pub fn as_f64(&self) -> Option<f64> {
        self.as_number()
    }

    /// The number as `f32`.
    pub fn as_f32(&self) -> Option<f32> {
        self.as_number().map(|n| n as f32)
    }

    /// Whether it is an error of the host.
    pub fn is_error(&self) -> bool {
        self.as_error().is_some()
    }

    /// The error, if it is one of the host.
    pub fn as_error(&self) -> Option<&Error> {
        match self {
            Value::Error(e) => Some(e),
            _ => None,
        }
    }

    #[doc(hidden)]
    pub fn as_str(&self) -> Option<crate::string::BorrowedStr> {
        self.as_string().and_then(|s| s.to_str().ok())
    }
}

macro_rules! integers {
    ($($name:ident $ty:ty),*) => {
        impl Value {
            $(
                /// The integer, if it is one and fits.
                pub fn $name(&self) -> Option<$ty> {
                    self.as_integer().and_then(|i| i.try_into().ok())
                }
            )*
        }
    };
}

integers!(as_i32 i32, as_u32 u32, as_i64 i64, as_u64 u64, as_isize isize, as_usize usize);

macro_rules! variants {
    ($($is:ident $as:ident $variant:ident $ty:ty = $out:expr;)*) => {
        impl Value {
            $(
                /// Whether it is of this type.
                #[inline]
                pub fn $is(&self) -> bool {
                    matches!(self, Value::$variant(_))
                }
                /// The value, if it is of this type.
                #[inline]
                pub fn $as(&self) -> Option<$ty> {
                    match self {
                        Value::$variant(v) => Some($out(v)),
                        _ => None,
                    }
                }
            )*
            /// Whether it is `nil`.
            #[inline]
            pub fn is_nil(&self) -> bool {
                matches!(self, Value::Nil)
            }
            /// Whether it is a float.
            #[inline]
            pub fn is_number(&self) -> bool {
                matches!(self, Value::Number(_))
            }
        }
    };
}

variants! {
    is_boolean as_boolean Boolean bool = |v: &bool| *v;
    is_light_userdata as_light_userdata LightUserData LightUserData = |v: &LightUserData| *v;
    is_string as_string String &LuaString = std::convert::identity;
    is_table as_table Table &Table = std::convert::identity;
    is_function as_function Function &Function = std::convert::identity;
    is_thread as_thread Thread &Thread = std::convert::identity;
    is_userdata as_userdata UserData &AnyUserData = std::convert::identity;
}

impl PartialEq for Value {
    fn eq(&self, other: &Value) -> bool {
        match (self, other) {
            (Value::Nil, Value::Nil) => true,
            (Value::Boolean(a), Value::Boolean(b)) => a == b,
            (Value::LightUserData(a), Value::LightUserData(b)) => a == b,
            (Value::Integer(a), Value::Integer(b)) => a == b,
            (Value::Number(a), Value::Number(b)) => a == b,
            // As Rust compares them when one is cast, not as Lua does: both sides are rounded.
            (Value::Integer(i), Value::Number(n)) | (Value::Number(n), Value::Integer(i)) => *i as f64 == *n,
            (Value::String(a), Value::String(b)) => a == b,
            (Value::Table(a), Value::Table(b)) => a == b,
            (Value::Function(a), Value::Function(b)) => a == b,
            (Value::Thread(a), Value::Thread(b)) => a == b,
            (Value::UserData(a), Value::UserData(b)) => a == b,
            _ => false,
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            return crate::pretty::value(f, self, true, 0, &mut Vec::new());
        }
        match self {
            Value::Nil => f.write_str("Nil"),
            Value::Boolean(b) => write!(f, "Boolean({b})"),
            Value::LightUserData(p) => write!(f, "{p:?}"),
            Value::Integer(i) => write!(f, "Integer({i})"),
            Value::Number(n) => write!(f, "Number({n})"),
            Value::String(s) => write!(f, "String({s:?})"),
            Value::Table(t) => write!(f, "{t:?}"),
            Value::Function(v) => write!(f, "{v:?}"),
            Value::Thread(v) => write!(f, "{v:?}"),
            Value::UserData(v) => write!(f, "{v:?}"),
            Value::Error(e) => write!(f, "Error({e:?})"),
            Value::Other(never) => match *never {},
        }
    }
}
