//! Builds Lua values from Rust values on the VM's stack.

use super::error::{Outcome, Trace, settle};
use super::ser::{Options, number_of_text};
use crate::error::{Error, Result};
use crate::lua::Lua;
use crate::table::table_at;
use crate::traits::Fault;
use crate::value::Value;
use perilune_vm::{Ctx, Lending, Val};
use serde::ser::{self, Serialize};

/// The slot of the metatable of lists, if there is one.
const ARRAY: usize = 0;

/// The name by which `serde_json` passes numbers of any precision, as text.
pub(super) const JSON_NUMBER: &str = "$serde_json::private::Number";

/// Pushes exactly one value.
#[derive(Clone, Copy)]
pub(super) struct Pusher<'a> {
    stack: &'a Lending<'a>,
    options: Options,
}

/// Converts a value.
pub(super) fn to_value<T: Serialize + ?Sized>(lua: &Lua, value: &T, options: Options) -> Result<Value> {
    lua.enter(|ctx| {
        let meta = match options.set_array_metatable {
            true => super::array_metatable(ctx)?.as_val(),
            false => Val::NIL,
        };
        ctx.push(meta)?;
        debug_assert_eq!(ctx.top() - 1, ARRAY, "the metatable is in the first slot");
        ctx.lend_out(|stack| value.serialize(Pusher { stack, options }))
            .map_err(Trace::into_error)?;
        Ok(Value::read(ctx, ctx.top() - 1))
    })
}

impl<'a> Pusher<'a> {
    #[inline]
    fn with<R>(&self, f: impl FnOnce(&mut Ctx<'_>) -> std::result::Result<R, Fault>) -> Outcome<R> {
        match self.stack.with(|ctx| f(ctx).map_err(|fault| settle(ctx, fault))) {
            Ok(Ok(result)) => Ok(result),
            Ok(Err(error)) => Err(Trace::new(error)),
            Err(busy) => Err(busy.into()),
        }
    }

    #[inline]
    fn push(&self, v: Val<'static>) -> Outcome<()> {
        self.with(|ctx| Ok(ctx.push(v)?))
    }

    fn push_null(&self, null: bool) -> Outcome<()> {
        self.push(if null { Val::light(0) } else { Val::NIL })
    }

    /// Pushes an empty table; its slot.
    #[inline]
    fn table(&self, elements: usize, fields: usize) -> Outcome<usize> {
        self.with(|ctx| {
            let table = ctx.new_table(elements.min(1 << 16), fields.min(1 << 16))?.as_val();
            ctx.push(table)?;
            Ok(ctx.top() - 1)
        })
    }

    /// Wraps the value on top in a table with one field.
    fn wrap(&self, variant: &'static str) -> Outcome<()> {
        self.with(|ctx| {
            let at = ctx.top() - 1;
            let table = ctx.new_table(0, 1)?;
            table.set_str(ctx, variant, ctx.slot(at))?;
            ctx.set_slot(at, table.as_val());
            Ok(())
        })
    }
}

macro_rules! integers {
    ($($name:ident $ty:ty),*) => {
        $(
            #[inline]
            fn $name(self, v: $ty) -> Outcome<()> {
                self.push(match i64::try_from(v) {
                    Ok(i) => Val::int(i),
                    Err(_) => Val::float(v as f64),
                })
            }
        )*
    };
}

impl<'a> ser::Serializer for Pusher<'a> {
    type Ok = ();
    type Error = Trace;
    type SerializeSeq = List<'a>;
    type SerializeTuple = List<'a>;
    type SerializeTupleStruct = List<'a>;
    type SerializeTupleVariant = Variant<List<'a>>;
    type SerializeMap = Map<'a>;
    type SerializeStruct = Fields<'a>;
    type SerializeStructVariant = Variant<Fields<'a>>;

    integers! {
        serialize_i8 i8, serialize_i16 i16, serialize_i32 i32, serialize_i64 i64, serialize_i128 i128,
        serialize_u8 u8, serialize_u16 u16, serialize_u32 u32, serialize_u64 u64, serialize_u128 u128
    }

    #[inline]
    fn serialize_bool(self, v: bool) -> Outcome<()> {
        self.push(Val::bool(v))
    }

    #[inline]
    fn serialize_f32(self, v: f32) -> Outcome<()> {
        self.push(Val::float(f64::from(v)))
    }

    #[inline]
    fn serialize_f64(self, v: f64) -> Outcome<()> {
        self.push(Val::float(v))
    }

    fn serialize_char(self, v: char) -> Outcome<()> {
        self.serialize_str(v.encode_utf8(&mut [0; 4]))
    }

    #[inline]
    fn serialize_str(self, v: &str) -> Outcome<()> {
        self.serialize_bytes(v.as_bytes())
    }

    #[inline]
    fn serialize_bytes(self, v: &[u8]) -> Outcome<()> {
        self.with(|ctx| Ok(ctx.push_str(v)?))
    }

    fn serialize_none(self) -> Outcome<()> {
        self.push_null(self.options.serialize_none_to_null)
    }

    #[inline]
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Outcome<()> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Outcome<()> {
        self.push_null(self.options.serialize_unit_to_null)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Outcome<()> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Outcome<()> {
        self.serialize_str(variant)
    }

    #[inline]
    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Outcome<()> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Outcome<()> {
        value.serialize(self).map_err(|e| e.in_field(variant))?;
        self.wrap(variant)
    }

    #[inline]
    fn serialize_seq(self, len: Option<usize>) -> Outcome<List<'a>> {
        let at = self.table(len.unwrap_or(0), 0)?;
        if self.options.set_array_metatable {
            self.with(|ctx| Ok(ctx.set_metatable(ctx.slot(at), ctx.slot(ARRAY).as_table())?))?;
        }
        Ok(List {
            pusher: self,
            at,
            len: 0,
        })
    }

    fn serialize_tuple(self, len: usize) -> Outcome<List<'a>> {
        self.serialize_seq(Some(len))
    }

    fn serialize_tuple_struct(self, _: &'static str, len: usize) -> Outcome<List<'a>> {
        self.serialize_seq(Some(len))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        len: usize,
    ) -> Outcome<Variant<List<'a>>> {
        let at = self.table(len, 0)?;
        let pusher = self;
        Ok(Variant {
            variant,
            inner: List { pusher, at, len: 0 },
        })
    }

    #[inline]
    fn serialize_map(self, len: Option<usize>) -> Outcome<Map<'a>> {
        let at = self.table(0, len.unwrap_or(0))?;
        Ok(Map { pusher: self, at })
    }

    #[inline]
    fn serialize_struct(self, name: &'static str, len: usize) -> Outcome<Fields<'a>> {
        let as_number = self.options.detect_serde_json_arbitrary_precision && name == JSON_NUMBER && len == 1;
        let at = if as_number { None } else { Some(self.table(0, len)?) };
        Ok(Fields { pusher: self, at })
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        len: usize,
    ) -> Outcome<Variant<Fields<'a>>> {
        let at = Some(self.table(0, len)?);
        let pusher = self;
        Ok(Variant {
            variant,
            inner: Fields { pusher, at },
        })
    }
}

/// A list in a slot.
pub(super) struct List<'a> {
    pusher: Pusher<'a>,
    at: usize,
    len: usize,
}

impl List<'_> {
    #[inline]
    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Outcome<()> {
        self.len += 1;
        let (at, index) = (self.at, self.len);
        value.serialize(self.pusher).map_err(|e| e.in_element(index))?;
        self.pusher.with(|ctx| {
            table_at(ctx, at).set_int(ctx, index as i64, ctx.slot(at + 1))?;
            ctx.pop(1);
            Ok(())
        })
    }
}

impl ser::SerializeSeq for List<'_> {
    type Ok = ();
    type Error = Trace;
    #[inline]
    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Outcome<()> {
        self.element(value)
    }
    fn end(self) -> Outcome<()> {
        Ok(())
    }
}

impl ser::SerializeTuple for List<'_> {
    type Ok = ();
    type Error = Trace;
    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Outcome<()> {
        self.element(value)
    }
    fn end(self) -> Outcome<()> {
        Ok(())
    }
}

impl ser::SerializeTupleStruct for List<'_> {
    type Ok = ();
    type Error = Trace;
    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Outcome<()> {
        self.element(value)
    }
    fn end(self) -> Outcome<()> {
        Ok(())
    }
}

/// A table with any keys, in a slot.
pub(super) struct Map<'a> {
    pusher: Pusher<'a>,
    at: usize,
}

impl ser::SerializeMap for Map<'_> {
    type Ok = ();
    type Error = Trace;

    #[inline]
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Outcome<()> {
        key.serialize(self.pusher)
    }

    #[inline]
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Outcome<()> {
        let at = self.at;
        if let Err(trace) = value.serialize(self.pusher) {
            let name = super::walk::key_text(self.pusher.stack, at + 1);
            return Err(trace.in_field(name));
        }
        self.pusher.with(|ctx| {
            if ctx.top() < at + 3 {
                return Err(Error::SerializeError("a map's value came before its key".to_string()).into());
            }
            table_at(ctx, at).set(ctx, ctx.slot(at + 1), ctx.slot(at + 2))?;
            ctx.pop(2);
            Ok(())
        })
    }

    fn end(self) -> Outcome<()> {
        Ok(())
    }
}

/// A table with fields, in a slot; without one, a number as text that is yet to come.
pub(super) struct Fields<'a> {
    pusher: Pusher<'a>,
    at: Option<usize>,
}

impl Fields<'_> {
    #[inline]
    fn field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Outcome<()> {
        value.serialize(self.pusher).map_err(|e| e.in_field(key))?;
        let Some(at) = self.at else { return Ok(()) };
        self.pusher.with(|ctx| {
            table_at(ctx, at).set_str(ctx, key, ctx.slot(at + 1))?;
            ctx.pop(1);
            Ok(())
        })
    }

    fn done(self) -> Outcome<()> {
        if self.at.is_some() {
            return Ok(());
        }
        self.pusher.with(|ctx| {
            let at = ctx.top() - 1;
            let number = ctx.slot(at).as_str().and_then(number_of_text);
            if let Some(number) = number {
                ctx.set_slot(at, Val::num(number));
            }
            Ok(())
        })
    }
}

impl ser::SerializeStruct for Fields<'_> {
    type Ok = ();
    type Error = Trace;
    #[inline]
    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Outcome<()> {
        self.field(key, value)
    }
    fn end(self) -> Outcome<()> {
        self.done()
    }
}

/// What is wrapped in a table under the name of a variant.
pub(super) struct Variant<T> {
    variant: &'static str,
    inner: T,
}

impl ser::SerializeTupleVariant for Variant<List<'_>> {
    type Ok = ();
    type Error = Trace;
    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Outcome<()> {
        self.inner.element(value).map_err(|e| e.in_field(self.variant))
    }
    fn end(self) -> Outcome<()> {
        self.inner.pusher.wrap(self.variant)
    }
}

impl ser::SerializeStructVariant for Variant<Fields<'_>> {
    type Ok = ();
    type Error = Trace;
    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Outcome<()> {
        self.inner.field(key, value).map_err(|e| e.in_field(self.variant))
    }
    fn end(self) -> Outcome<()> {
        self.inner.pusher.wrap(self.variant)
    }
}
