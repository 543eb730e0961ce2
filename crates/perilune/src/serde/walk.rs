//! Looking at values in slots, and at the tables around them.

use super::de::Options;
use super::error::{Outcome, Trace, settle};
use super::userdata::Serialized;
use crate::error::Error;
use crate::failure::Failure;
use crate::table::table_at;
use crate::traits::Fault;
use perilune_lang::Num;
use perilune_vm::{Ctx, Lending, Type};
use std::cell::RefCell;

/// Tables may be nested this deep: the walk recurses.
pub(super) const MAX_DEPTH: usize = 200;

/// What is said of tables that are nested deeper.
pub(super) const TOO_DEEP: &str = "tables are nested too deep";

/// An array of few elements may have gaps up to this index.
const MAX_SPARSE: i64 = 1000;

/// What a value is, as far as serde is concerned.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Seen {
    Nil,
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text,
    Table,
    /// A userdata that serializes.
    Data,
    /// Anything else, by the name of its type.
    Other(&'static str),
}

impl Seen {
    /// The value in a slot.
    #[inline]
    pub(super) fn of(ctx: &Ctx<'_>, slot: usize) -> Seen {
        let v = ctx.slot(slot);
        match v.ty() {
            Type::Nil => Seen::Nil,
            Type::Boolean => Seen::Bool(v.truthy()),
            Type::Number => match v.as_num() {
                Some(Num::Int(i)) => Seen::Int(i),
                Some(Num::Float(f)) => Seen::Float(f),
                None => unreachable!("a number is an integer or a float"),
            },
            Type::String => Seen::Text,
            Type::Table => Seen::Table,
            Type::LightUserdata if v.as_light() == Some(0) => Seen::Null,
            Type::LightUserdata => Seen::Other("lightuserdata"),
            Type::Userdata if Failure::of(v).is_some() => Seen::Other("error"),
            Type::Userdata if Serialized::of(ctx, slot).is_some() => Seen::Data,
            other => Seen::Other(other.name()),
        }
    }

    /// The name that messages show.
    pub(super) fn type_name(self) -> &'static str {
        match self {
            Seen::Nil => "nil",
            Seen::Null => "lightuserdata",
            Seen::Bool(_) => "boolean",
            Seen::Int(_) => "integer",
            Seen::Float(_) => "number",
            Seen::Text => "string",
            Seen::Table => "table",
            Seen::Data => "userdata",
            Seen::Other(name) => name,
        }
    }
}

/// One walk through a value. Numbers and the like need no stack.
pub(super) struct Walk<'a> {
    pub(super) stack: Option<&'a Lending<'a>>,
    pub(super) options: Options,
    /// The slots of the tables that the walk is inside of.
    around: RefCell<Vec<usize>>,
}

/// Takes a table off the walk.
pub(super) struct Inside<'a>(&'a RefCell<Vec<usize>>);

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.0.borrow_mut().pop();
    }
}

impl<'a> Walk<'a> {
    pub(super) fn new(stack: Option<&'a Lending<'a>>, options: Options) -> Walk<'a> {
        Walk {
            stack,
            options,
            around: RefCell::default(),
        }
    }

    #[inline]
    pub(super) fn stack(&self) -> &'a Lending<'a> {
        match self.stack {
            Some(stack) => stack,
            None => unreachable!("only values of a state are looked into"),
        }
    }

    /// Runs an operation on the stack.
    #[inline]
    pub(super) fn with<R>(&self, f: impl FnOnce(&mut Ctx<'_>) -> Result<R, Fault>) -> Outcome<R> {
        match self.stack().with(|ctx| f(ctx).map_err(|fault| settle(ctx, fault))) {
            Ok(Ok(result)) => Ok(result),
            Ok(Err(error)) => Err(Trace::new(error)),
            Err(busy) => Err(busy.into()),
        }
    }

    /// Begins to walk the table in a slot.
    pub(super) fn enter(&self, slot: usize) -> Outcome<Inside<'_>> {
        let mut around = self.around.borrow_mut();
        if around.len() >= MAX_DEPTH {
            return Err(serde::de::Error::custom(TOO_DEEP));
        }
        around.push(slot);
        Ok(Inside(&self.around))
    }

    /// Whether an entry is to be left out because of this key or value.
    ///
    /// # Errors
    /// A table inside of itself.
    #[inline]
    pub(super) fn skips(&self, ctx: &Ctx<'_>, slot: usize, seen: Seen) -> Result<bool, Error> {
        match seen {
            Seen::Table => {
                let v = ctx.slot(slot);
                let inside_itself = self.around.borrow().iter().any(|&a| ctx.slot(a).raw_eq(v));
                if inside_itself && self.options.deny_recursive_tables {
                    return Err(Error::DeserializeError("recursive table detected".to_string()));
                }
                Ok(inside_itself)
            }
            Seen::Other(_) => Ok(!self.options.deny_unsupported_types),
            _ => Ok(false),
        }
    }
}

/// The length of the table in a slot, if it is to be a list.
pub(super) fn list_len(ctx: &Ctx<'_>, slot: usize, options: Options) -> Result<Option<usize>, Fault> {
    let table = table_at(ctx, slot);
    if table.has_metatable()
        && let Some(lists) = super::known_array_metatable(ctx)?
        && let Some(meta) = ctx.metatable(table.as_val())
        && meta.as_val().raw_eq(lists.as_val())
    {
        return Ok(Some(table.len(ctx) as usize));
    }
    if options.detect_mixed_tables {
        let (mut count, mut last) = (0i64, 0i64);
        let mut entry = table.next_from(ctx, 0, perilune_vm::Val::NIL)?;
        while let Some((at, key, _)) = entry {
            match key.as_int() {
                Some(index) if index > 0 => last = last.max(index),
                _ => return Ok(None),
            }
            count += 1;
            entry = table.next_from(ctx, at, key)?;
        }
        let dense = last / 2 <= count || (count < 10 && last <= MAX_SPARSE);
        let is_list = if count == 0 {
            options.encode_empty_tables_as_array
        } else {
            dense
        };
        return Ok(is_list.then_some(last as usize));
    }
    match table.len(ctx) {
        0 if options.encode_empty_tables_as_array => {
            let is_empty = table.next_from(ctx, 0, perilune_vm::Val::NIL)?.is_none();
            Ok(is_empty.then_some(0))
        }
        0 => Ok(None),
        len => Ok(Some(len as usize)),
    }
}

/// The next entry of the table in a slot, put into the two slots behind `at`; the first one if `at` holds nil.
#[inline]
pub(super) fn step(ctx: &mut Ctx<'_>, table: usize, position: &mut usize, at: usize) -> Result<bool, Fault> {
    ctx.set_top(at + 2)?;
    let Some((next, k, v)) = table_at(ctx, table).next_from(ctx, *position, ctx.slot(at))? else {
        return Ok(false);
    };
    *position = next;
    ctx.set_slot(at, k);
    ctx.set_slot(at + 1, v);
    Ok(true)
}

/// The keys of the table in a slot in order, the last first.
pub(super) fn sorted_keys(ctx: &mut Ctx<'_>, table: usize) -> Result<Vec<crate::Value>, Fault> {
    let (mut keys, mut position, at) = (Vec::new(), 0, ctx.top());
    while step(ctx, table, &mut position, at)? {
        keys.push(crate::Value::read(ctx, at));
    }
    ctx.set_top(at)?;
    keys.sort_by(|a, b| crate::pretty::order(b, a));
    Ok(keys)
}

/// A key for messages.
#[cold]
pub(super) fn key_text(stack: &Lending<'_>, slot: usize) -> String {
    let text = stack.with(|ctx| match Seen::of(ctx, slot) {
        Seen::Text => String::from_utf8_lossy(ctx.slot(slot).as_str().unwrap_or_default()).into_owned(),
        Seen::Int(i) => i.to_string(),
        Seen::Float(f) => f.to_string(),
        Seen::Bool(b) => b.to_string(),
        other => other.type_name().to_string(),
    });
    text.unwrap_or_default()
}
