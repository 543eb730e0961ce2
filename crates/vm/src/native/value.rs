//! The values that natives see: borrowed from their context, so none outlives what may collect.

use super::Ctx;
use crate::object::{Table as RawTable, Userdata, userdata_ref};
use crate::value::{Value, raw_equal, tag};
use crate::vm::{Raised, Vm};
use perilune_lang::{Num, parse_number, to_integer};
use std::any::Any;
use std::cell::RefCell;
use std::marker::PhantomData;
use std::rc::Rc;

/// The basic types of Lua.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Type {
    Nil,
    Boolean,
    LightUserdata,
    Number,
    String,
    Table,
    Function,
    Userdata,
    Thread,
}

/// How many basic types there are.
pub(crate) const TYPE_COUNT: usize = 9;

impl Type {
    pub(crate) const ALL: [Type; TYPE_COUNT] = [
        Type::Nil,
        Type::Boolean,
        Type::LightUserdata,
        Type::Number,
        Type::String,
        Type::Table,
        Type::Function,
        Type::Userdata,
        Type::Thread,
    ];
    /// The name that `type` returns.
    pub fn name(self) -> &'static str {
        match self {
            Type::Nil => "nil",
            Type::Boolean => "boolean",
            Type::LightUserdata | Type::Userdata => "userdata",
            Type::Number => "number",
            Type::String => "string",
            Type::Table => "table",
            Type::Function => "function",
            Type::Thread => "thread",
        }
    }
}

/// A Lua value that cannot outlive the next exclusive use of its context.
#[derive(Clone, Copy)]
pub struct Val<'a> {
    pub(crate) raw: Value,
    /// It stays in its thread (V1).
    life: PhantomData<&'a *mut ()>,
}

/// A table, as [`Val`].
#[derive(Clone, Copy)]
pub struct Table<'a> {
    pub(crate) raw: *mut RawTable,
    life: PhantomData<&'a *mut ()>,
}

impl<'a> Val<'a> {
    /// `nil`
    pub const NIL: Val<'static> = Val {
        raw: Value::NIL,
        life: PhantomData,
    };

    #[inline(always)]
    pub(crate) fn new(raw: Value) -> Val<'a> {
        Val { raw, life: PhantomData }
    }
    /// An integer.
    #[inline]
    pub fn int(i: i64) -> Val<'static> {
        Val::new(Value::int(i))
    }
    /// A float.
    #[inline]
    pub fn float(f: f64) -> Val<'static> {
        Val::new(Value::float(f))
    }
    /// A number.
    #[inline]
    pub fn num(n: Num) -> Val<'static> {
        Val::new(Value::num(n))
    }
    /// A boolean.
    #[inline]
    pub fn bool(b: bool) -> Val<'static> {
        Val::new(Value::bool(b))
    }
    /// Its basic type.
    pub fn ty(&self) -> Type {
        match self.raw.tag {
            tag::NIL => Type::Nil,
            tag::TRUE | tag::FALSE => Type::Boolean,
            tag::INT | tag::FLOAT => Type::Number,
            tag::STR => Type::String,
            tag::TABLE => Type::Table,
            tag::CLOSURE | tag::NATIVE => Type::Function,
            tag::USERDATA => Type::Userdata,
            tag::THREAD => Type::Thread,
            _ => Type::LightUserdata,
        }
    }
    /// The name of its basic type.
    pub fn type_name(&self) -> &'static str {
        self.raw.type_name()
    }
    /// Whether it is `nil`.
    #[inline]
    pub fn is_nil(&self) -> bool {
        self.raw.is_nil()
    }
    /// Whether it is neither `nil` nor `false`.
    #[inline]
    pub fn truthy(&self) -> bool {
        self.raw.truthy()
    }
    /// Whether it is a function.
    pub fn is_function(&self) -> bool {
        self.raw.is_function()
    }
    /// Whether it is an integer (not a float).
    #[inline]
    pub fn is_int(&self) -> bool {
        self.raw.tag == tag::INT
    }
    /// Whether it is a float.
    pub fn is_float(&self) -> bool {
        self.raw.tag == tag::FLOAT
    }
    /// Whether it is a Lua (not a host) function.
    pub fn is_lua_function(&self) -> bool {
        self.raw.tag == tag::CLOSURE
    }
    /// The boolean, if it is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self.raw.tag {
            tag::TRUE => Some(true),
            tag::FALSE => Some(false),
            _ => None,
        }
    }
    /// The integer, if it is one.
    #[inline]
    pub fn as_int(&self) -> Option<i64> {
        self.is_int().then(|| self.raw.as_i64())
    }
    /// The number, if it is one.
    #[inline]
    pub fn as_num(&self) -> Option<Num> {
        self.raw.to_num()
    }
    /// The number that it is or, for a string, denotes.
    pub fn to_num(&self) -> Option<Num> {
        self.raw.to_num().or_else(|| self.as_str().and_then(parse_number))
    }
    /// The integer that it equals, converting floats and strings.
    pub fn to_int(&self) -> Option<i64> {
        self.to_num().and_then(to_integer)
    }
    /// The bytes, if it is a string.
    #[inline]
    pub fn as_str(&self) -> Option<&'a [u8]> {
        // SAFETY: N1; the value is live for 'a, and strings do not move.
        unsafe { self.raw.str_bytes() }
    }
    /// The table, if it is one.
    #[inline]
    pub fn as_table(&self) -> Option<Table<'a>> {
        self.raw.is_table().then(|| Table::new(self.raw.as_ptr()))
    }
    /// The host value of a userdata of this type.
    pub fn userdata<T: 'static>(&self) -> Option<&'a RefCell<T>> {
        if self.raw.tag != tag::USERDATA {
            return None;
        }
        // SAFETY: N1.
        unsafe { userdata_ref(self.raw.as_ptr()) }
    }
    /// What the host shares with a userdata.
    #[inline]
    pub fn shared(&self) -> Option<&'a Rc<dyn Any>> {
        if self.raw.tag != tag::USERDATA {
            return None;
        }
        // SAFETY: N1.
        unsafe { (*self.raw.as_ptr::<Userdata>()).data.as_ref() }
    }
    /// A light userdata.
    #[inline]
    pub fn light(address: u64) -> Val<'static> {
        Val::new(Value {
            payload: address,
            tag: tag::LIGHT,
        })
    }
    /// The address, if it is a light userdata.
    pub fn as_light(&self) -> Option<u64> {
        (self.raw.tag == tag::LIGHT).then_some(self.raw.payload)
    }
    /// Equality without metamethods.
    pub fn raw_eq(&self, other: Val<'_>) -> bool {
        // SAFETY: N1.
        unsafe { raw_equal(self.raw, other.raw) }
    }
    /// Raw order of two numbers or two strings: `None` for other pairs.
    pub fn raw_lt(&self, other: Val<'_>) -> Option<bool> {
        // SAFETY: N1.
        unsafe { Vm::order_raw(self.raw, other.raw, false) }
    }
    /// An address-free identity of an object, 0 for other values: what `%p` shows.
    pub fn identity(&self) -> u64 {
        self.raw
            .header()
            .map_or(0, perilune_gc::raw::RawHeap::<crate::object::Objects>::id)
    }
}

impl<'a> Table<'a> {
    #[inline(always)]
    pub(crate) fn new(raw: *mut RawTable) -> Table<'a> {
        Table { raw, life: PhantomData }
    }
    /// The value under a key, raw.
    #[inline]
    pub fn get(&self, key: Val<'_>) -> Val<'a> {
        // SAFETY: N1.
        Val::new(unsafe { RawTable::get(self.raw, key.raw) })
    }
    /// The value under an integer key, raw.
    #[inline]
    pub fn get_int(&self, i: i64) -> Val<'a> {
        // SAFETY: N1.
        Val::new(unsafe { RawTable::get_int(self.raw, i) })
    }
    /// The value under a string key, raw.
    ///
    /// # Errors
    /// Out of memory for the key.
    pub fn get_str(&self, ctx: &Ctx<'_>, key: &[u8]) -> Result<Val<'a>, Raised> {
        let key = ctx.vm_mut().new_str(key)?;
        // SAFETY: N1.
        Ok(Val::new(unsafe { RawTable::get_str(self.raw, key) }))
    }
    /// Stores raw.
    ///
    /// # Errors
    /// A nil or NaN key; out of memory.
    #[inline]
    pub fn set(&self, ctx: &Ctx<'_>, key: Val<'_>, value: Val<'_>) -> Result<(), Raised> {
        let vm = ctx.vm_mut();
        // SAFETY: N1.
        unsafe { vm.table_set(self.raw, key.raw, value.raw) }.map_err(|e| ctx.set_error(e))
    }
    /// Stores raw under an integer key.
    ///
    /// # Errors
    /// Out of memory.
    #[inline]
    pub fn set_int(&self, ctx: &Ctx<'_>, i: i64, value: Val<'_>) -> Result<(), Raised> {
        self.set(ctx, Val::int(i), value)
    }
    /// Stores raw under a string key, as a field of the program's text (it may extend the table's shape).
    ///
    /// # Errors
    /// Out of memory.
    pub fn set_str(&self, ctx: &Ctx<'_>, key: &str, value: Val<'_>) -> Result<(), Raised> {
        let vm = ctx.vm_mut();
        let key = vm.new_str(key.as_bytes())?;
        // SAFETY: N1.
        unsafe { vm.table_set_str(self.raw, key, value.raw) }.map_err(|e| ctx.set_error(e))
    }
    /// `#table`, raw.
    #[inline]
    pub fn len(&self, ctx: &Ctx<'_>) -> i64 {
        // SAFETY: N1.
        i64::from(unsafe { RawTable::border(self.raw, ctx.vm_mut().std) })
    }
    /// The elements of the array part: at least [`Table::len`].
    #[inline]
    pub fn elements(&self) -> i64 {
        // SAFETY: N1.
        i64::from(unsafe { (*self.raw).len })
    }
    /// Whether it has a metatable.
    #[inline]
    pub fn has_metatable(&self) -> bool {
        // SAFETY: N1.
        unsafe { !(*self.raw).meta.is_null() }
    }
    /// The entry behind `key`, the first one for nil; `None` at the end.
    ///
    /// # Errors
    /// The key is not in the table.
    pub fn next(&self, ctx: &Ctx<'_>, key: Val<'_>) -> Result<Option<(Val<'a>, Val<'a>)>, Raised> {
        // SAFETY: N1.
        match unsafe { RawTable::next(self.raw, key.raw) } {
            Ok((entry, places)) => {
                ctx.vm_mut().note_places(places);
                Ok(entry.map(|(k, v)| (Val::new(k), Val::new(v))))
            }
            Err(()) => Err(ctx.error_plain("invalid key to 'next'")),
        }
    }
    /// The entry behind `key`, with the position behind it; for nil, the first one. The position that came with `key` saves
    /// looking the key up; any other number is as good, but slower.
    ///
    /// # Errors
    /// The key is not in the table.
    #[inline]
    pub fn next_from(
        &self,
        ctx: &Ctx<'_>,
        position: usize,
        key: Val<'_>,
    ) -> Result<Option<(usize, Val<'a>, Val<'a>)>, Raised> {
        // SAFETY: N1.
        unsafe {
            let start = if key.is_nil() {
                0
            } else if RawTable::key_before(self.raw, position, key.raw) {
                position
            } else {
                match RawTable::position(self.raw, key.raw) {
                    Ok(at) => at,
                    Err(()) => return Err(ctx.error("invalid key to 'next'")),
                }
            };
            Ok(RawTable::entry_from(self.raw, start).map(|(at, k, v)| (at, Val::new(k), Val::new(v))))
        }
    }
    /// As a value.
    #[inline]
    pub fn as_val(&self) -> Val<'a> {
        Val::new(Value::table(self.raw))
    }
    /// Makes room for elements.
    ///
    /// # Errors
    /// Out of memory.
    pub fn reserve(&self, ctx: &Ctx<'_>, elements: usize) -> Result<(), Raised> {
        let vm = ctx.vm_mut();
        let done = u32::try_from(elements).ok().and_then(|n| {
            // SAFETY: N1.
            unsafe { RawTable::reserve_array(self.raw, &mut vm.heap.memory, n) }.ok()
        });
        done.ok_or_else(|| vm.raise_memory())
    }
    /// Makes room for keys outside of the array part.
    ///
    /// # Errors
    /// Out of memory.
    pub fn reserve_keys(&self, ctx: &Ctx<'_>, keys: usize) -> Result<(), Raised> {
        let vm = ctx.vm_mut();
        // SAFETY: N1.
        let done = unsafe {
            // A trace that is half way counts in the places that things have now.
            vm.barrier(self.raw);
            RawTable::reserve_keys(self.raw, &mut vm.heap, &mut vm.shapes, keys)
        };
        done.map_err(|_| vm.raise_memory())
    }
    /// Stores stack slots from `from` on as the elements `1..=count`, as a constructor does.
    ///
    /// # Errors
    /// Out of memory.
    ///
    /// # Panics
    /// If there are not so many slots.
    pub fn set_list(&self, ctx: &Ctx<'_>, from: usize, count: usize) -> Result<(), Raised> {
        assert!(from + count <= ctx.top(), "the elements are on the stack");
        let vm = ctx.vm_mut();
        // SAFETY: N1; the slots are below the top.
        unsafe {
            vm.barrier(self.raw);
            RawTable::set_list(self.raw, &mut vm.heap, &mut vm.shapes, 1, ctx.at(from), count)
        }
        .map_err(|e| ctx.set_error(e))
    }
    /// Moves the elements `from..=to` so that they start at `at`, within the array part; false if some lie
    /// outside of it (then nothing is moved).
    pub fn move_within(&self, ctx: &Ctx<'_>, from: i64, to: i64, at: i64) -> bool {
        let vm = ctx.vm_mut();
        let len = self.elements();
        if from < 1 || at < 1 || to > len || to < from || at.checked_add(to - from).is_none_or(|end| end > len) {
            return false;
        }
        // SAFETY: N1; all indices are within the array part.
        unsafe {
            vm.barrier(self.raw);
            if at <= from {
                for i in 0..=(to - from) {
                    RawTable::array_put(
                        self.raw,
                        (at + i) as usize,
                        RawTable::array_get(self.raw, (from + i) as usize),
                    );
                }
            } else {
                for i in (0..=(to - from)).rev() {
                    RawTable::array_put(
                        self.raw,
                        (at + i) as usize,
                        RawTable::array_get(self.raw, (from + i) as usize),
                    );
                }
            }
        }
        true
    }
    /// Swaps two elements of the array part.
    ///
    /// # Panics
    /// If an index is outside of it.
    #[inline]
    pub fn swap(&self, ctx: &Ctx<'_>, i: i64, j: i64) {
        let len = self.elements();
        assert!(
            i >= 1 && j >= 1 && i <= len && j <= len,
            "indices are within the array part"
        );
        // SAFETY: N1; checked just now.
        unsafe {
            // No new reference enters the table, but a trace that is half way may miss what moves.
            ctx.vm_mut().barrier(self.raw);
            let (a, b) = (
                RawTable::array_get(self.raw, i as usize),
                RawTable::array_get(self.raw, j as usize),
            );
            RawTable::array_put(self.raw, i as usize, b);
            RawTable::array_put(self.raw, j as usize, a);
        }
    }
}
