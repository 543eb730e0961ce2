//! `Value`: a Lua value in 16 bytes, a payload and a tag.

use crate::object::{Cell, Closure, Native, Str, Table, Thread, Userdata};
use perilune_gc::raw::{Header, Ptr};
use perilune_lang::Num;

/// The type of a value as one byte. `INT | INT == 0` and `FLOAT` is the only other tag below `NIL`, so that
/// one compare of `a | b` tells int-int from the rest.
pub mod tag {
    /// A 64-bit integer.
    pub const INT: u8 = 0;
    /// A 64-bit float.
    pub const FLOAT: u8 = 1;
    /// `nil`.
    pub const NIL: u8 = 2;
    /// `false`: next to `NIL`, so that one range check decides truth.
    pub const FALSE: u8 = 3;
    /// `true`.
    pub const TRUE: u8 = 4;
    /// A light userdata: an opaque number of the host.
    pub const LIGHT: u8 = 5;
    /// The bit that all collectable tags share.
    pub const COLLECTABLE: u8 = 0x10;
    /// A string.
    pub const STR: u8 = 0x10;
    /// A table.
    pub const TABLE: u8 = 0x11;
    /// A Lua function.
    pub const CLOSURE: u8 = 0x12;
    /// A function of the host.
    pub const NATIVE: u8 = 0x13;
    /// A full userdata.
    pub const USERDATA: u8 = 0x14;
    /// A coroutine.
    pub const THREAD: u8 = 0x15;
    /// The cell of a captured local: never seen by a script.
    pub const CELL: u8 = 0x16;
}

/// A Lua value. The seven bytes behind the tag belong to the frame header when the value is a callee
/// (see `frame`), so values are copied as two scalars: payload and tag.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Value {
    /// Integer, float bits, or the address of an object.
    pub payload: u64,
    /// One of [`tag`].
    pub tag: u8,
}

const _: () = assert!(size_of::<Value>() == 16);

impl Value {
    /// `nil`
    pub const NIL: Value = Value {
        payload: 0,
        tag: tag::NIL,
    };
    /// `true`
    pub const TRUE: Value = Value {
        payload: 1,
        tag: tag::TRUE,
    };
    /// `false`
    pub const FALSE: Value = Value {
        payload: 0,
        tag: tag::FALSE,
    };

    /// An integer.
    #[inline(always)]
    pub const fn int(i: i64) -> Value {
        Value {
            payload: i as u64,
            tag: tag::INT,
        }
    }
    /// A float.
    #[inline(always)]
    pub const fn float(f: f64) -> Value {
        Value {
            payload: f.to_bits(),
            tag: tag::FLOAT,
        }
    }
    /// A boolean.
    #[inline(always)]
    pub const fn bool(b: bool) -> Value {
        if b { Value::TRUE } else { Value::FALSE }
    }
    /// A number.
    #[inline(always)]
    pub const fn num(n: Num) -> Value {
        match n {
            Num::Int(i) => Value::int(i),
            Num::Float(f) => Value::float(f),
        }
    }
    #[inline(always)]
    fn object(p: *mut u8, tag: u8) -> Value {
        Value { payload: p as u64, tag }
    }
    /// A string object.
    #[inline(always)]
    pub fn str(p: *mut Str) -> Value {
        Value::object(p.cast(), tag::STR)
    }
    /// A table object.
    #[inline(always)]
    pub fn table(p: *mut Table) -> Value {
        Value::object(p.cast(), tag::TABLE)
    }
    /// A Lua function.
    #[inline(always)]
    pub fn closure(p: *mut Closure) -> Value {
        Value::object(p.cast(), tag::CLOSURE)
    }
    /// A host function.
    #[inline(always)]
    pub fn native(p: *mut Native) -> Value {
        Value::object(p.cast(), tag::NATIVE)
    }
    /// A captured variable's cell.
    #[inline(always)]
    pub fn cell(p: *mut Cell) -> Value {
        Value::object(p.cast(), tag::CELL)
    }
    /// A coroutine.
    #[inline(always)]
    pub fn thread(p: *mut Thread) -> Value {
        Value::object(p.cast(), tag::THREAD)
    }
    /// A full userdata.
    #[inline(always)]
    pub fn userdata(p: *mut Userdata) -> Value {
        Value::object(p.cast(), tag::USERDATA)
    }

    /// The payload as an integer; meaningful for `INT`.
    #[inline(always)]
    pub const fn as_i64(self) -> i64 {
        self.payload as i64
    }
    /// The payload as a float; meaningful for `FLOAT`.
    #[inline(always)]
    pub const fn as_f64(self) -> f64 {
        f64::from_bits(self.payload)
    }
    /// The payload as an object's address.
    #[inline(always)]
    pub fn as_ptr<T>(self) -> *mut T {
        self.payload as *mut T
    }
    /// The header of a collectable value.
    #[inline(always)]
    pub fn header(self) -> Option<Ptr> {
        if self.is_collectable() {
            Ptr::new(self.payload as *mut Header)
        } else {
            None
        }
    }
    /// Whether the payload is the address of an object.
    #[inline(always)]
    pub const fn is_collectable(self) -> bool {
        self.tag & tag::COLLECTABLE != 0
    }
    /// Whether it is `nil`.
    #[inline(always)]
    pub const fn is_nil(self) -> bool {
        self.tag == tag::NIL
    }
    /// Whether it is neither `nil` nor `false`.
    #[inline(always)]
    pub const fn truthy(self) -> bool {
        self.tag.wrapping_sub(tag::NIL) > 1
    }
    /// Whether it is a string.
    #[inline(always)]
    pub const fn is_str(self) -> bool {
        self.tag == tag::STR
    }
    /// Whether it is a table.
    #[inline(always)]
    pub const fn is_table(self) -> bool {
        self.tag == tag::TABLE
    }
    /// Whether it is a function, Lua's or the host's.
    #[inline(always)]
    pub const fn is_function(self) -> bool {
        matches!(self.tag, tag::CLOSURE | tag::NATIVE)
    }
    /// The number, without any conversion.
    #[inline(always)]
    pub const fn to_num(self) -> Option<Num> {
        match self.tag {
            tag::INT => Some(Num::Int(self.as_i64())),
            tag::FLOAT => Some(Num::Float(self.as_f64())),
            _ => None,
        }
    }
    /// The bytes of a string value.
    ///
    /// # Safety
    /// A string value must point to a live string that outlives `'a`.
    #[inline(always)]
    pub unsafe fn str_bytes<'a>(self) -> Option<&'a [u8]> {
        if self.is_str() {
            Some((*self.as_ptr::<Str>()).bytes())
        } else {
            None
        }
    }
    /// The name of the value's basic type, as `type` returns it.
    pub const fn type_name(self) -> &'static str {
        match self.tag {
            tag::INT | tag::FLOAT => "number",
            tag::NIL => "nil",
            tag::FALSE | tag::TRUE => "boolean",
            tag::LIGHT | tag::USERDATA => "userdata",
            tag::STR => "string",
            tag::TABLE => "table",
            tag::CLOSURE | tag::NATIVE => "function",
            tag::THREAD => "thread",
            _ => "no value",
        }
    }
}

/// Raw equality: no metamethods. Numbers compare by mathematical value, strings by content.
///
/// # Safety
/// Collectable values must point to live objects.
#[inline]
pub unsafe fn raw_equal(a: Value, b: Value) -> bool {
    if a.tag == b.tag {
        match a.tag {
            tag::FLOAT => a.as_f64() == b.as_f64(),
            tag::NIL | tag::FALSE | tag::TRUE => true,
            tag::STR => a.payload == b.payload || Str::equal(a.as_ptr(), b.as_ptr()),
            _ => a.payload == b.payload,
        }
    } else {
        match (a.tag, b.tag) {
            (tag::INT, tag::FLOAT) => int_equals_float(a.as_i64(), b.as_f64()),
            (tag::FLOAT, tag::INT) => int_equals_float(b.as_i64(), a.as_f64()),
            _ => false,
        }
    }
}

/// Exact comparison of an integer with a float.
#[inline]
pub fn int_equals_float(i: i64, f: f64) -> bool {
    // A float that is integral and in range converts exactly; all others differ from every integer.
    (-9223372036854775808.0..9223372036854775808.0).contains(&f) && f as i64 == i && (f as i64) as f64 == f
}
