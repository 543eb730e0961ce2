//! Takes Lua values apart on the VM's stack.

use super::error::{Outcome, Trace};
use super::ser::Options as SerializeOptions;
use super::userdata::Serialized;
use super::walk::{Seen, Walk, key_text, list_len, sorted_keys, step};
use crate::error::Error;
use crate::lua::Lua;
use crate::table::table_at;
use crate::traits::Fault;
use crate::value::Value;
use perilune_vm::Val;
use serde::de::{self, DeserializeSeed, Error as _, IntoDeserializer, Unexpected, Visitor};

/// Reads the value in a slot.
pub(super) struct Reader<'a> {
    walk: &'a Walk<'a>,
    slot: usize,
    seen: Seen,
}

impl<'a> Reader<'a> {
    #[inline]
    pub(super) fn new(walk: &'a Walk<'a>, slot: usize, seen: Seen) -> Reader<'a> {
        Reader { walk, slot, seen }
    }

    #[cold]
    fn wrong(&self, expected: &str) -> Trace {
        Trace::invalid_type(Unexpected::Other(self.seen.type_name()), &expected)
    }

    #[inline]
    fn text<'de, V: Visitor<'de>>(&self, visitor: V) -> Outcome<V::Value> {
        let read = self
            .walk
            .stack()
            .with_str(self.slot, |bytes| match std::str::from_utf8(bytes) {
                Ok(text) => visitor.visit_str(text),
                Err(_) => visitor.visit_bytes(bytes),
            })?;
        match read {
            Some(outcome) => outcome,
            None => Err(self.wrong("string")),
        }
    }

    fn list<'de, V: Visitor<'de>>(&self, len: usize, visitor: V) -> Outcome<V::Value> {
        let _inside = self.walk.enter(self.slot)?;
        let at = self.walk.with(|ctx| {
            ctx.push(Val::NIL)?;
            Ok(ctx.top() - 1)
        })?;
        let mut elements = Elements {
            walk: self.walk,
            table: self.slot,
            at,
            next: 0,
            len,
        };
        let value = visitor.visit_seq(&mut elements)?;
        if elements.step()?.is_some() {
            return Err(Trace::invalid_length(len, &"fewer elements in the table"));
        }
        self.walk.with(|ctx| Ok(ctx.set_top(at)?))?;
        Ok(value)
    }

    fn map<'de, V: Visitor<'de>>(&self, visitor: V) -> Outcome<V::Value> {
        let _inside = self.walk.enter(self.slot)?;
        let mut entries = Entries::of(self.walk, self.slot)?;
        let value = visitor.visit_map(&mut entries)?;
        let read = entries.read;
        let mut left = 0;
        while entries.step()?.is_some() {
            left += 1;
        }
        if left > 0 {
            return Err(Trace::invalid_length(read + left, &"fewer elements in the table"));
        }
        self.walk.with(|ctx| Ok(ctx.set_top(entries.at)?))?;
        Ok(value)
    }

    /// Reads what a userdata serializes to.
    fn data<R>(&self, f: impl FnOnce(Reader<'a>) -> Outcome<R>) -> Outcome<R> {
        let (value, lua) = self.walk.with(|ctx| {
            let state = ctx.shared_state();
            Ok((Serialized::of(ctx, self.slot), state.map(|s| Lua::borrowed(&s))))
        })?;
        let (Some(value), Some(lua)) = (value, lua) else {
            return Err(self.wrong("userdata that serializes"));
        };
        let value = super::push::to_value(&lua, &value, SerializeOptions::new())?;
        let (slot, seen) = self.walk.with(|ctx| {
            value.push_to(ctx)?;
            let slot = ctx.top() - 1;
            Ok((slot, Seen::of(ctx, slot)))
        })?;
        let result = f(Reader::new(self.walk, slot, seen))?;
        self.walk.with(|ctx| Ok(ctx.set_top(slot)?))?;
        Ok(result)
    }
}

impl<'de> de::Deserializer<'de> for Reader<'_> {
    type Error = Trace;

    #[inline]
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Outcome<V::Value> {
        match self.seen {
            Seen::Nil => visitor.visit_unit(),
            Seen::Null => visitor.visit_none(),
            Seen::Bool(b) => visitor.visit_bool(b),
            Seen::Int(i) => visitor.visit_i64(i),
            Seen::Float(f) => visitor.visit_f64(f),
            Seen::Text => self.text(visitor),
            Seen::Table => match self.walk.with(|ctx| list_len(ctx, self.slot, self.walk.options))? {
                Some(len) => self.list(len, visitor),
                None => self.map(visitor),
            },
            Seen::Data => self.data(|inner| inner.deserialize_any(visitor)),
            Seen::Other(name) if self.walk.options.deny_unsupported_types => {
                Err(Trace::custom(format!("unsupported value type `{name}`")))
            }
            Seen::Other(_) => visitor.visit_unit(),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Outcome<V::Value> {
        match self.seen {
            Seen::Nil | Seen::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Outcome<V::Value> {
        match self.seen {
            Seen::Null => visitor.visit_unit(),
            Seen::Data => self.data(|inner| inner.deserialize_unit(visitor)),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Outcome<V::Value> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Outcome<V::Value> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Outcome<V::Value> {
        match self.seen {
            Seen::Table => {
                let len = self.walk.with(|ctx| Ok(table_at(ctx, self.slot).len(ctx) as usize))?;
                self.list(len, visitor)
            }
            Seen::Data => self.data(|inner| inner.deserialize_seq(visitor)),
            _ => Err(self.wrong("table")),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Outcome<V::Value> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(self, _: &'static str, _: usize, visitor: V) -> Outcome<V::Value> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Outcome<V::Value> {
        match self.seen {
            Seen::Table => self.map(visitor),
            Seen::Data => self.data(|inner| inner.deserialize_map(visitor)),
            _ => Err(self.wrong("table")),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Outcome<V::Value> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Outcome<V::Value> {
        let text = |slot| {
            let text = self
                .walk
                .stack()
                .with_str(slot, |bytes| String::from_utf8(bytes.to_vec()))?;
            match text {
                Some(Ok(text)) => Ok(text),
                _ => Err(Trace::custom("the name of a variant is no text")),
            }
        };
        match self.seen {
            Seen::Text => visitor.visit_enum(Choice {
                variant: text(self.slot)?,
                content: None,
            }),
            Seen::Table => {
                let _inside = self.walk.enter(self.slot)?;
                let mut entries = Entries::of(self.walk, self.slot)?;
                if !entries.any()? {
                    return Err(Trace::invalid_value(Unexpected::Map, &"map with a single key"));
                }
                let variant = text(entries.at)?;
                let more = self.walk.with(|ctx| {
                    let table = table_at(ctx, self.slot);
                    Ok(table.next_from(ctx, entries.position, ctx.slot(entries.at))?.is_some())
                })?;
                if more {
                    return Err(Trace::invalid_value(Unexpected::Map, &"map with a single key"));
                }
                let value = entries.at + 1;
                let seen = self.walk.with(|ctx| {
                    let seen = Seen::of(ctx, value);
                    Ok((!self.walk.skips(ctx, value, seen)?).then_some(seen))
                })?;
                let Some(seen) = seen else {
                    return Err(Trace::custom("bad enum value"));
                };
                let content = Some(Reader::new(self.walk, value, seen));
                let name = variant.clone();
                let chosen = visitor
                    .visit_enum(Choice { variant, content })
                    .map_err(|e| e.in_field(name))?;
                self.walk.with(|ctx| Ok(ctx.set_top(entries.at)?))?;
                Ok(chosen)
            }
            Seen::Data => self.data(|inner| inner.deserialize_enum(name, variants, visitor)),
            _ => Err(Trace::custom("bad enum value")),
        }
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf identifier ignored_any
    }
}

/// The elements of the list in a slot, one after the other in another.
struct Elements<'a> {
    walk: &'a Walk<'a>,
    table: usize,
    at: usize,
    next: usize,
    len: usize,
}

impl<'a> Elements<'a> {
    /// Goes to the next element that is not left out.
    #[inline]
    fn step(&mut self) -> Outcome<Option<Reader<'a>>> {
        while self.next < self.len {
            self.next += 1;
            let (table, at, index) = (self.table, self.at, self.next as i64);
            let seen = self.walk.with(|ctx| {
                ctx.set_top(at + 1)?;
                ctx.set_slot(at, table_at(ctx, table).get_int(index));
                let seen = Seen::of(ctx, at);
                Ok((!self.walk.skips(ctx, at, seen)?).then_some(seen))
            });
            if let Some(seen) = seen.map_err(|e| e.in_element(self.next))? {
                return Ok(Some(Reader::new(self.walk, at, seen)));
            }
        }
        Ok(None)
    }
}

impl<'de> de::SeqAccess<'de> for Elements<'_> {
    type Error = Trace;

    #[inline]
    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Outcome<Option<T::Value>> {
        match self.step()? {
            None => Ok(None),
            Some(reader) => match seed.deserialize(reader) {
                Ok(value) => Ok(Some(value)),
                Err(trace) => Err(trace.in_element(self.next)),
            },
        }
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.len - self.next)
    }
}

/// The entries of the table in a slot, one after the other in two slots.
struct Entries<'a> {
    walk: &'a Walk<'a>,
    table: usize,
    /// The key's slot; the value's lies behind it.
    at: usize,
    position: usize,
    /// The keys that are left, if they come in order.
    keys: Option<Vec<Value>>,
    /// How many entries were given out.
    read: usize,
    /// What the current value is, until it is read.
    value: Option<Seen>,
}

impl<'a> Entries<'a> {
    fn of(walk: &'a Walk<'a>, table: usize) -> Outcome<Entries<'a>> {
        let (at, keys) = walk.with(|ctx| {
            let keys = match walk.options.sort_keys {
                true => Some(sorted_keys(ctx, table)?),
                false => None,
            };
            ctx.push(Val::NIL)?;
            ctx.push(Val::NIL)?;
            Ok((ctx.top() - 2, keys))
        })?;
        Ok(Entries {
            walk,
            table,
            at,
            position: 0,
            keys,
            read: 0,
            value: None,
        })
    }

    /// Goes to the next entry.
    #[inline]
    fn any(&mut self) -> Outcome<bool> {
        Ok(self.advance(|_, _| Ok(true))?.is_some())
    }

    /// Goes to the next entry that is not left out; what its key is.
    #[inline]
    fn step(&mut self) -> Outcome<Option<Seen>> {
        let walk = self.walk;
        let mut seen = (Seen::Nil, Seen::Nil);
        let found = self.advance(|ctx, at| {
            seen = (Seen::of(ctx, at), Seen::of(ctx, at + 1));
            Ok(!walk.skips(ctx, at, seen.0)? && !walk.skips(ctx, at + 1, seen.1)?)
        })?;
        self.value = found.map(|()| seen.1);
        Ok(found.map(|()| seen.0))
    }

    /// Goes to the next entry that `accept` accepts.
    #[inline]
    fn advance(
        &mut self,
        mut accept: impl FnMut(&perilune_vm::Ctx<'_>, usize) -> Result<bool, Error>,
    ) -> Outcome<Option<()>> {
        let (table, at) = (self.table, self.at);
        let (position, keys) = (&mut self.position, &mut self.keys);
        let found = self.walk.with(|ctx| {
            loop {
                match keys {
                    None => {
                        if !step(ctx, table, position, at)? {
                            return Ok(None);
                        }
                    }
                    Some(keys) => {
                        let Some(key) = keys.pop() else { return Ok(None) };
                        ctx.set_top(at)?;
                        key.push_to(ctx)?;
                        let value = table_at(ctx, table).get(ctx.slot(at));
                        ctx.push(value)?;
                    }
                }
                if accept(ctx, at).map_err(Fault::Host)? {
                    return Ok(Some(()));
                }
            }
        });
        match found {
            Ok(found) => Ok(found),
            Err(trace) => Err(trace.in_field(key_text(self.walk.stack(), at))),
        }
    }
}

impl<'de> de::MapAccess<'de> for Entries<'_> {
    type Error = Trace;

    #[inline]
    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Outcome<Option<K::Value>> {
        let Some(seen) = self.step()? else { return Ok(None) };
        self.read += 1;
        seed.deserialize(Reader::new(self.walk, self.at, seen)).map(Some)
    }

    #[inline]
    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Outcome<V::Value> {
        let Some(seen) = self.value.take() else {
            return Err(Trace::custom("value is missing"));
        };
        match seed.deserialize(Reader::new(self.walk, self.at + 1, seen)) {
            Ok(value) => Ok(value),
            Err(trace) => Err(trace.in_field(key_text(self.walk.stack(), self.at))),
        }
    }

    fn size_hint(&self) -> Option<usize> {
        self.keys.as_ref().map(Vec::len)
    }
}

/// A variant and what it holds.
struct Choice<'a> {
    variant: String,
    content: Option<Reader<'a>>,
}

impl<'de, 'a> de::EnumAccess<'de> for Choice<'a> {
    type Error = Trace;
    type Variant = Content<'a>;

    fn variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Outcome<(T::Value, Content<'a>)> {
        let variant = seed.deserialize(IntoDeserializer::<Trace>::into_deserializer(self.variant))?;
        Ok((variant, Content(self.content)))
    }
}

/// What a variant holds.
struct Content<'a>(Option<Reader<'a>>);

impl<'a> Content<'a> {
    fn get(self, expected: &str) -> Outcome<Reader<'a>> {
        self.0
            .ok_or_else(|| Trace::invalid_type(Unexpected::UnitVariant, &expected))
    }
}

impl<'de> de::VariantAccess<'de> for Content<'_> {
    type Error = Trace;

    fn unit_variant(self) -> Outcome<()> {
        match self.0 {
            None => Ok(()),
            Some(_) => Err(Trace::invalid_type(Unexpected::NewtypeVariant, &"unit variant")),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Outcome<T::Value> {
        seed.deserialize(self.get("newtype variant")?)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Outcome<V::Value> {
        de::Deserializer::deserialize_seq(self.get("tuple variant")?, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], visitor: V) -> Outcome<V::Value> {
        de::Deserializer::deserialize_map(self.get("struct variant")?, visitor)
    }
}
