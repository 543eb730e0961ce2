//! Tables.

use crate::error::{Error, Result};
use crate::handle::Ref;
use crate::lua::Lua;
use crate::object::ObjectLike;
use crate::traits::{Fault, FromLua, FromLuaMulti, IntoLua, IntoLuaMulti};
use crate::value::{Integer, Nil, Value};
use perilune_vm::{Ctx, State, Table as RawTable};
use std::ffi::c_void;
use std::fmt;
use std::marker::PhantomData;

/// A Lua table.
#[derive(Clone)]
pub struct Table(pub(crate) Ref);

type Outcome<T> = std::result::Result<T, Fault>;

/// The table in a slot.
#[inline]
pub(crate) fn table_at<'a>(ctx: &'a Ctx<'_>, slot: usize) -> RawTable<'a> {
    match ctx.slot(slot).as_table() {
        Some(table) => table,
        None => unreachable!("a table handle keeps a table"),
    }
}

impl Table {
    #[inline]
    fn with<R>(&self, f: impl FnOnce(&mut Ctx<'_>, &State) -> Outcome<R>) -> Result<R> {
        self.0.enter(|ctx| {
            self.0.push(ctx)?;
            f(ctx, self.0.state())
        })
    }

    /// A number or boolean that is there, whatever metamethods there are.
    #[inline(always)]
    fn plain<V: FromLua>(&self, key: &impl IntoLua) -> Option<V> {
        V::from_plain(self.0.0.plain(key.plain_key()?)?)
    }

    /// `table[key] = value`, with `__newindex`.
    ///
    /// # Errors
    /// A key that is nil or NaN; what `__newindex` raised.
    #[inline]
    pub fn set(&self, key: impl IntoLua, value: impl IntoLua) -> Result<()> {
        self.with(|ctx, host| {
            key.push_to_stack(ctx, host)?;
            value.push_to_stack(ctx, host)?;
            let table = table_at(ctx, 0);
            if table.has_metatable() {
                Ok(ctx.set_index(0, 1, 2)?)
            } else {
                Ok(table.set(ctx, ctx.slot(1), ctx.slot(2))?)
            }
        })
    }

    /// `table[key]`, with `__index`.
    ///
    /// # Errors
    /// What `__index` raised; the value does not convert.
    #[inline]
    pub fn get<V: FromLua>(&self, key: impl IntoLua) -> Result<V> {
        if let Some(value) = self.plain(&key) {
            return Ok(value);
        }
        self.with(|ctx, host| {
            key.push_to_stack(ctx, host)?;
            let table = table_at(ctx, 0);
            let v = table.get(ctx.slot(1));
            if v.is_nil() && table.has_metatable() {
                ctx.index(0, 1)?;
                let top = ctx.top() - 1;
                return Ok(V::from_slot(ctx, top, host)?);
            }
            ctx.set_slot(1, v);
            Ok(V::from_slot(ctx, 1, host)?)
        })
    }

    /// Whether `table[key]` is not nil, with `__index`.
    ///
    /// # Errors
    /// What `__index` raised.
    pub fn contains_key(&self, key: impl IntoLua) -> Result<bool> {
        Ok(!self.get::<Value>(key)?.is_nil())
    }

    /// Appends a value, with metamethods.
    ///
    /// # Errors
    /// What metamethods raised.
    pub fn push(&self, value: impl IntoLua) -> Result<()> {
        self.with(|ctx, host| {
            let n = ctx.len(0)?;
            value.push_to_stack(ctx, host)?;
            Ok(ctx.set_index_int(0, n.wrapping_add(1))?)
        })
    }

    /// Removes the last value, with metamethods.
    ///
    /// # Errors
    /// What metamethods raised.
    pub fn pop<V: FromLua>(&self) -> Result<V> {
        self.with(|ctx, host| {
            let n = ctx.len(0)?;
            ctx.index_int(0, n)?;
            ctx.push(perilune_vm::Val::NIL)?;
            ctx.set_index_int(0, n)?;
            Ok(V::from_slot(ctx, 1, host)?)
        })
    }

    /// Equality, with `__eq`.
    ///
    /// # Errors
    /// What `__eq` raised.
    pub fn equals(&self, other: &Table) -> Result<bool> {
        self.0.equals(&other.0)
    }

    /// `table[key] = value`, without metamethods.
    ///
    /// # Errors
    /// A key that is nil or NaN.
    #[inline]
    pub fn raw_set(&self, key: impl IntoLua, value: impl IntoLua) -> Result<()> {
        self.with(|ctx, host| {
            key.push_to_stack(ctx, host)?;
            value.push_to_stack(ctx, host)?;
            Ok(table_at(ctx, 0).set(ctx, ctx.slot(1), ctx.slot(2))?)
        })
    }

    /// `table[key]`, without metamethods.
    ///
    /// # Errors
    /// The value does not convert.
    #[inline]
    pub fn raw_get<V: FromLua>(&self, key: impl IntoLua) -> Result<V> {
        if let Some(value) = self.plain(&key) {
            return Ok(value);
        }
        self.with(|ctx, host| {
            key.push_to_stack(ctx, host)?;
            let v = table_at(ctx, 0).get(ctx.slot(1));
            ctx.set_slot(1, v);
            Ok(V::from_slot(ctx, 1, host)?)
        })
    }

    /// Moves the elements from `index` on up by one and puts a value there.
    ///
    /// # Errors
    /// The index is outside of `1..=raw_len() + 1`.
    pub fn raw_insert(&self, index: Integer, value: impl IntoLua) -> Result<()> {
        self.with(|ctx, host| {
            value.push_to_stack(ctx, host)?;
            let table = table_at(ctx, 0);
            let n = table.len(ctx);
            if index < 1 || index > n + 1 {
                return Err(Error::runtime("index out of bounds").into());
            }
            for i in (index..=n).rev() {
                table.set_int(ctx, i + 1, table.get_int(i))?;
            }
            Ok(table.set_int(ctx, index, ctx.slot(1))?)
        })
    }

    /// Appends a value, without metamethods.
    ///
    /// # Errors
    /// Out of memory.
    pub fn raw_push(&self, value: impl IntoLua) -> Result<()> {
        self.with(|ctx, host| {
            value.push_to_stack(ctx, host)?;
            let table = table_at(ctx, 0);
            Ok(table.set_int(ctx, table.len(ctx) + 1, ctx.slot(1))?)
        })
    }

    /// Removes the last value, without metamethods.
    ///
    /// # Errors
    /// The value does not convert.
    pub fn raw_pop<V: FromLua>(&self) -> Result<V> {
        self.with(|ctx, host| {
            let table = table_at(ctx, 0);
            let n = table.len(ctx);
            ctx.push(table.get_int(n))?;
            if n > 0 {
                table_at(ctx, 0).set_int(ctx, n, perilune_vm::Val::NIL)?;
            }
            Ok(V::from_slot(ctx, 1, host)?)
        })
    }

    /// Removes a key; removing an integer key in the sequence closes the gap.
    ///
    /// # Errors
    /// An integer key is outside of the sequence.
    pub fn raw_remove(&self, key: impl IntoLua) -> Result<()> {
        let lua = self.0.lua();
        let index = match key.into_lua(&lua)? {
            Value::Integer(index) => index,
            other => return self.raw_set(other, Nil),
        };
        self.with(|ctx, _| {
            let table = table_at(ctx, 0);
            let n = table.len(ctx);
            if index < 1 || index > n {
                return Err(Error::runtime("index out of bounds").into());
            }
            for i in index..n {
                table.set_int(ctx, i, table.get_int(i + 1))?;
            }
            Ok(table.set_int(ctx, n, perilune_vm::Val::NIL)?)
        })
    }

    /// Removes all entries; the metatable stays.
    ///
    /// # Errors
    /// Out of memory.
    pub fn clear(&self) -> Result<()> {
        self.with(|ctx, _| Ok(ctx.clear_table(table_at(ctx, 0))?))
    }

    /// `#table`, with `__len`.
    ///
    /// # Errors
    /// What `__len` raised.
    pub fn len(&self) -> Result<Integer> {
        self.with(|ctx, _| Ok(ctx.len(0)?))
    }

    /// `#table`, without `__len`; 0 when the state is gone.
    pub fn raw_len(&self) -> usize {
        self.with(|ctx, _| Ok(table_at(ctx, 0).len(ctx) as usize)).unwrap_or(0)
    }

    /// Whether it has no entries at all; true when the state is gone.
    pub fn is_empty(&self) -> bool {
        self.with(|ctx, _| Ok(table_at(ctx, 0).next(ctx, perilune_vm::Val::NIL)?.is_none()))
            .unwrap_or(true)
    }

    /// The metatable.
    pub fn metatable(&self) -> Option<Table> {
        self.with(|ctx, _| {
            Ok(ctx
                .metatable(ctx.slot(0))
                .map(|meta| Table(Ref::keep(ctx, meta.as_val()))))
        })
        .ok()
        .flatten()
    }

    /// Sets or takes the metatable, whatever `__metatable` says.
    ///
    /// # Errors
    /// Out of memory.
    pub fn set_metatable(&self, metatable: Option<Table>) -> Result<()> {
        self.with(|ctx, _| {
            let meta = match &metatable {
                Some(meta) => {
                    meta.0.push(ctx)?;
                    Some(table_at(ctx, 1))
                }
                None => None,
            };
            Ok(ctx.set_metatable(ctx.slot(0), meta)?)
        })
    }

    /// Whether it has a metatable.
    #[doc(hidden)]
    pub fn has_metatable(&self) -> bool {
        self.metatable().is_some()
    }

    /// See [`Value::to_pointer`].
    pub fn to_pointer(&self) -> *const c_void {
        self.0.pointer()
    }

    /// The entries, in the order of `next`; the table may change only as in a Lua traversal.
    pub fn pairs<K: FromLua, V: FromLua>(&self) -> TablePairs<'_, K, V> {
        TablePairs {
            table: self,
            key: Place::Start,
            position: 0,
            types: PhantomData,
        }
    }

    /// Calls `f` with each entry.
    ///
    /// # Errors
    /// A key or value that does not convert; what `f` returned.
    pub fn for_each<K: FromLua, V: FromLua>(&self, mut f: impl FnMut(K, V) -> Result<()>) -> Result<()> {
        self.with(|ctx, host| {
            ctx.push(perilune_vm::Val::NIL)?;
            loop {
                let Some((k, v)) = table_at(ctx, 0).next(ctx, ctx.slot(1))? else {
                    return Ok(());
                };
                ctx.set_slot(1, k);
                ctx.push(v)?;
                let key = K::from_slot(ctx, 1, host)?;
                let value = V::from_slot(ctx, 2, host)?;
                ctx.pop(1);
                ctx.lend(|| f(key, value))?;
            }
        })
    }

    /// The values under 1, 2 and so on, to the first nil, without metamethods.
    pub fn sequence_values<V: FromLua>(&self) -> TableSequence<'_, V> {
        TableSequence {
            table: self,
            index: 1,
            end: None,
            types: PhantomData,
        }
    }

    #[doc(hidden)]
    pub fn for_each_value<V: FromLua>(&self, mut f: impl FnMut(V) -> Result<()>) -> Result<()> {
        for value in self.sequence_values() {
            f(value?)?;
        }
        Ok(())
    }

    /// Stores without metamethods.
    #[doc(hidden)]
    pub fn raw_seti(&self, index: usize, value: impl IntoLua) -> Result<()> {
        self.raw_set(index, value)
    }
}

impl PartialEq for Table {
    fn eq(&self, other: &Table) -> bool {
        self.0.same(&other.0)
    }
}

impl<T: IntoLua + Clone> PartialEq<[T]> for Table {
    fn eq(&self, other: &[T]) -> bool {
        let lua = self.0.lua();
        let mut index = 0;
        for value in self.sequence_values::<Value>() {
            match (value, other.get(index).map(|v| v.clone().into_lua(&lua))) {
                (Ok(mine), Some(Ok(yours))) if mine == yours => index += 1,
                _ => return false,
            }
        }
        index == other.len()
    }
}

impl<T: IntoLua + Clone> PartialEq<&[T]> for Table {
    fn eq(&self, other: &&[T]) -> bool {
        self == *other
    }
}

impl<T: IntoLua + Clone, const N: usize> PartialEq<[T; N]> for Table {
    fn eq(&self, other: &[T; N]) -> bool {
        self == &other[..]
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            return crate::pretty::table(f, self, 0, &mut Vec::new());
        }
        write!(f, "Table(Ref({:p}))", self.to_pointer())
    }
}

/// How far a traversal is.
enum Place {
    Start,
    /// Behind this key.
    Behind(Ref),
    End,
}

/// See [`Table::pairs`].
pub struct TablePairs<'a, K, V> {
    table: &'a Table,
    key: Place,
    /// Where the key was found.
    position: usize,
    types: PhantomData<(K, V)>,
}

impl<K: FromLua, V: FromLua> Iterator for TablePairs<'_, K, V> {
    type Item = Result<(K, V)>;

    fn next(&mut self) -> Option<Self::Item> {
        let (place, position) = (&mut self.key, &mut self.position);
        let step = self.table.with(|ctx, host| {
            let last = match place {
                Place::Start => perilune_vm::Val::NIL,
                Place::Behind(key) => ctx.kept(&key.0).unwrap_or(perilune_vm::Val::NIL),
                Place::End => return Ok(None),
            };
            let Some((at, k, v)) = table_at(ctx, 0).next_from(ctx, *position, last)? else {
                return Ok(None);
            };
            *position = at;
            match place {
                Place::Behind(key) => ctx.keep_in(&mut key.0, k),
                _ => *place = Place::Behind(Ref::keep(ctx, k)),
            }
            ctx.push(k)?;
            ctx.push(v)?;
            Ok(Some((K::from_slot(ctx, 1, host)?, V::from_slot(ctx, 2, host)?)))
        });
        if !matches!(step, Ok(Some(_))) {
            *place = Place::End;
        }
        step.transpose()
    }
}

/// See [`Table::sequence_values`].
pub struct TableSequence<'a, V> {
    table: &'a Table,
    index: Integer,
    end: Option<Integer>,
    types: PhantomData<V>,
}

impl<V: FromLua> Iterator for TableSequence<'_, V> {
    type Item = Result<V>;

    #[inline]
    fn next(&mut self) -> Option<Result<V>> {
        let (index, end) = (self.index, self.end);
        if end.is_some_and(|end| index > end) {
            return None;
        }
        self.index += 1;
        if let Some(value) = self.table.plain(&index) {
            return Some(Ok(value));
        }
        self.table
            .with(|ctx, host| {
                let v = table_at(ctx, 0).get_int(index);
                if v.is_nil() && end.is_none() {
                    return Ok(None);
                }
                ctx.push(v)?;
                Ok(Some(V::from_slot(ctx, 1, host)?))
            })
            .transpose()
    }
}

impl ObjectLike for Table {
    fn get<V: FromLua>(&self, key: impl IntoLua) -> Result<V> {
        Table::get(self, key)
    }

    fn set(&self, key: impl IntoLua, value: impl IntoLua) -> Result<()> {
        Table::set(self, key, value)
    }

    fn call<R: FromLuaMulti>(&self, args: impl IntoLuaMulti) -> Result<R> {
        crate::function::call(&self.0, args)
    }

    #[cfg(feature = "async")]
    fn call_async<R: FromLuaMulti>(&self, args: impl IntoLuaMulti) -> crate::AsyncCallFuture<R> {
        crate::function::call_async(&self.0, args)
    }

    #[cfg(feature = "async")]
    fn call_async_method<R: FromLuaMulti>(&self, name: &str, args: impl IntoLuaMulti) -> crate::AsyncCallFuture<R> {
        self.call_async_function(name, (self, args))
    }

    fn call_method<R: FromLuaMulti>(&self, name: &str, args: impl IntoLuaMulti) -> Result<R> {
        self.call_function(name, (self, args.into_lua_multi(&self.0.lua())?))
    }

    fn call_function<R: FromLuaMulti>(&self, name: &str, args: impl IntoLuaMulti) -> Result<R> {
        crate::object::function_in(Table::get(self, name)?, name)?.call(args)
    }

    fn to_string(&self) -> Result<String> {
        self.0.to_text()
    }

    fn to_value(&self) -> Value {
        Value::Table(self.clone())
    }

    fn lua_of(&self) -> Lua {
        self.0.lua()
    }
}
