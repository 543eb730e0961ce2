//! The native API: how Rust functions receive arguments, make values and call back.
//!
//! A native sees its stack: slots `0..nargs` are the arguments, pushed values follow. A [`Val`] borrows the
//! context, and every method that may run Lua code or collect takes `&mut self`; so no value can be held across
//! one, and what must survive lives in slots. Allocation never collects.

use crate::call::OPEN;
use crate::error::message;
use crate::meta::Event;
use crate::object::{Native, Table as RawTable, Userdata, userdata_ref};
use crate::table::SetError;
use crate::value::{Value, raw_equal, tag};
use crate::vm::{Flow, Raised, SPARE_SLOTS, Vm};
use perilune_lang::{ArithOp, Num, Rounding, float_to_integer, parse_number, to_integer};
use std::any::{Any, TypeId};
use std::cell::RefCell;
use std::marker::PhantomData;
use std::rc::Rc;

/// A Rust function callable from Lua.
pub type NativeFn = fn(&mut Ctx<'_>) -> Result<Returns, Raised>;

/// What a call of a native object runs: the default calls its [`NativeFn`]; frame operations have their own.
pub(crate) type Run = unsafe fn(*mut Vm, *mut Native, usize) -> Flow;

/// How many of the values on top of the native's stack are its results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Returns(pub u32);

impl Returns {
    /// No results.
    pub const NONE: Returns = Returns(0);
}

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

impl Type {
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
    life: PhantomData<&'a ()>,
}

/// A table, as [`Val`].
#[derive(Clone, Copy)]
pub struct Table<'a> {
    pub(crate) raw: *mut RawTable,
    life: PhantomData<&'a ()>,
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
        self.raw.is_table().then(|| Table {
            raw: self.raw.as_ptr(),
            life: PhantomData,
        })
    }
    /// The host value of a userdata of this type.
    pub fn userdata<T: 'static>(&self) -> Option<&'a RefCell<T>> {
        if self.raw.tag != tag::USERDATA {
            return None;
        }
        // SAFETY: N1.
        unsafe { userdata_ref(self.raw.as_ptr()) }
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
    /// A border, raw.
    #[inline]
    pub fn len(&self) -> i64 {
        // SAFETY: N1.
        i64::from(unsafe { (*self.raw).len })
    }
    /// Whether the border is 0.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
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
            Ok(entry) => Ok(entry.map(|(k, v)| (Val::new(k), Val::new(v)))),
            Err(()) => Err(ctx.error("invalid key to 'next'")),
        }
    }
    /// As a value.
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
    /// Moves the elements `from..=to` so that they start at `at`, within the array part; false if some lie
    /// outside of it (then nothing is moved).
    pub fn move_within(&self, ctx: &Ctx<'_>, from: i64, to: i64, at: i64) -> bool {
        let vm = ctx.vm_mut();
        let len = self.len();
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
    /// Swaps two elements of the array part; both must be at most `len`.
    ///
    /// # Panics
    /// If an index is outside `1..=len`.
    #[inline]
    pub fn swap(&self, i: i64, j: i64) {
        let len = self.len();
        assert!(
            i >= 1 && j >= 1 && i <= len && j <= len,
            "indices are within the array part"
        );
        // SAFETY: N1; checked just now. A permutation needs no barrier: no new reference enters the table.
        unsafe {
            let (a, b) = (
                RawTable::array_get(self.raw, i as usize),
                RawTable::array_get(self.raw, j as usize),
            );
            RawTable::array_put(self.raw, i as usize, b);
            RawTable::array_put(self.raw, j as usize, a);
        }
    }
}

/// A native's view of the VM during its call.
pub struct Ctx<'v> {
    vm: *mut Vm,
    /// The base as a distance from the stack's start: the stack may move.
    base: usize,
    nargs: usize,
    life: PhantomData<&'v mut Vm>,
}

impl<'v> Ctx<'v> {
    pub(crate) fn new(vm: &'v mut Vm, nargs: usize) -> Ctx<'v> {
        // SAFETY: F3; the base is on the stack.
        let base = unsafe { vm.base.offset_from(vm.stack_base) } as usize;
        Ctx {
            vm,
            base,
            nargs,
            life: PhantomData,
        }
    }

    /// The VM, for one operation that neither collects nor runs Lua code.
    #[inline(always)]
    #[allow(clippy::mut_from_ref)]
    pub(crate) fn vm_mut(&self) -> &mut Vm {
        // SAFETY: N2; the context has exclusive use of the VM, and no reference lives across calls of its methods.
        unsafe { &mut *self.vm }
    }

    #[inline(always)]
    fn at(&self, i: usize) -> *mut Value {
        // SAFETY: F3; the native's slots are on the stack.
        unsafe { self.vm_mut().stack_base.add(self.base + i) }
    }

    // ---- arguments ----

    /// How many arguments were passed.
    #[inline]
    pub fn nargs(&self) -> usize {
        self.nargs
    }
    /// An argument, nil if absent.
    #[inline]
    pub fn arg(&self, i: usize) -> Val<'_> {
        if i < self.nargs {
            // SAFETY: F3.
            Val::new(unsafe { *self.at(i) })
        } else {
            Val::NIL
        }
    }
    /// Whether the argument is absent.
    #[inline]
    pub fn is_none(&self, i: usize) -> bool {
        i >= self.nargs
    }
    /// Whether the argument is absent or nil.
    #[inline]
    pub fn is_none_or_nil(&self, i: usize) -> bool {
        self.arg(i).is_nil()
    }
    /// An argument that must be an integer, or convert to one.
    ///
    /// # Errors
    /// "bad argument".
    #[inline]
    pub fn check_int(&self, i: usize) -> Result<i64, Raised> {
        match self.arg(i).as_int() {
            Some(n) => Ok(n),
            None => self.check_int_slow(i),
        }
    }
    #[cold]
    fn check_int_slow(&self, i: usize) -> Result<i64, Raised> {
        let v = self.arg(i);
        match v.to_num() {
            Some(n) => match to_integer(n) {
                Some(int) => Ok(int),
                None => Err(self.arg_error(i, "number has no integer representation")),
            },
            None => Err(self.type_error(i, "number")),
        }
    }
    /// An optional integer argument.
    ///
    /// # Errors
    /// "bad argument".
    #[inline]
    pub fn opt_int(&self, i: usize, default: i64) -> Result<i64, Raised> {
        if self.is_none_or_nil(i) {
            Ok(default)
        } else {
            self.check_int(i)
        }
    }
    /// An argument that must be a number, or convert to one.
    ///
    /// # Errors
    /// "bad argument".
    #[inline]
    pub fn check_num(&self, i: usize) -> Result<Num, Raised> {
        match self.arg(i).to_num() {
            Some(n) => Ok(n),
            None => Err(self.type_error(i, "number")),
        }
    }
    /// A number argument as a float.
    ///
    /// # Errors
    /// "bad argument".
    #[inline]
    pub fn check_float(&self, i: usize) -> Result<f64, Raised> {
        self.check_num(i).map(Num::to_float)
    }
    /// An optional number argument as a float.
    ///
    /// # Errors
    /// "bad argument".
    pub fn opt_float(&self, i: usize, default: f64) -> Result<f64, Raised> {
        if self.is_none_or_nil(i) {
            Ok(default)
        } else {
            self.check_float(i)
        }
    }
    /// A string argument; a number is converted in its slot.
    ///
    /// # Errors
    /// "bad argument".
    #[inline]
    pub fn check_str(&self, i: usize) -> Result<&[u8], Raised> {
        match self.arg(i).as_str() {
            Some(s) => Ok(s),
            None => self.check_str_slow(i),
        }
    }
    #[cold]
    fn check_str_slow(&self, i: usize) -> Result<&[u8], Raised> {
        if self.arg(i).as_num().is_none() {
            return Err(self.type_error(i, "string"));
        }
        let mut text = Vec::new();
        Vm::number_text(&mut text, self.arg(i).raw, self.vm_mut().std);
        let s = self.vm_mut().new_str(&text)?;
        // SAFETY: F3; the argument's slot.
        unsafe { *self.at(i) = Value::str(s) };
        match self.arg(i).as_str() {
            Some(s) => Ok(s),
            None => Err(self.type_error(i, "string")),
        }
    }
    /// An optional string argument.
    ///
    /// # Errors
    /// "bad argument".
    pub fn opt_str(&self, i: usize) -> Result<Option<&[u8]>, Raised> {
        if self.is_none_or_nil(i) {
            Ok(None)
        } else {
            self.check_str(i).map(Some)
        }
    }
    /// A table argument.
    ///
    /// # Errors
    /// "bad argument".
    #[inline]
    pub fn check_table(&self, i: usize) -> Result<Table<'_>, Raised> {
        self.arg(i).as_table().ok_or_else(|| self.type_error(i, "table"))
    }
    /// An argument that must be a function.
    ///
    /// # Errors
    /// "bad argument".
    pub fn check_function(&self, i: usize) -> Result<(), Raised> {
        if self.arg(i).is_function() {
            Ok(())
        } else {
            Err(self.type_error(i, "function"))
        }
    }
    /// An argument that must be there, be it nil.
    ///
    /// # Errors
    /// "bad argument (value expected)".
    pub fn check_any(&self, i: usize) -> Result<(), Raised> {
        if self.is_none(i) {
            Err(self.arg_error(i, "value expected"))
        } else {
            Ok(())
        }
    }
    /// A string argument that must be one of `list`; its index.
    ///
    /// # Errors
    /// "bad argument".
    pub fn check_option(&self, i: usize, default: Option<&str>, list: &[&str]) -> Result<usize, Raised> {
        let name: &[u8] = match default {
            Some(d) if self.is_none_or_nil(i) => d.as_bytes(),
            _ => self.check_str(i)?,
        };
        match list.iter().position(|o| o.as_bytes() == name) {
            Some(at) => Ok(at),
            None => Err(self.arg_error_bytes(i, &message!(b"invalid option '", name, b"'"))),
        }
    }
    /// A userdata argument of this type.
    ///
    /// # Errors
    /// "bad argument".
    pub fn check_userdata<T: 'static>(&self, i: usize, name: &str) -> Result<&RefCell<T>, Raised> {
        self.arg(i).userdata().ok_or_else(|| self.type_error(i, name))
    }

    // ---- errors ----

    /// `bad argument #i to 'f' (msg)`
    #[cold]
    pub fn arg_error(&self, i: usize, msg: &str) -> Raised {
        self.arg_error_bytes(i, msg.as_bytes())
    }
    /// As [`Ctx::arg_error`], of bytes.
    #[cold]
    pub fn arg_error_bytes(&self, i: usize, msg: &[u8]) -> Raised {
        let vm = self.vm_mut();
        // SAFETY: F3.
        let (name, kind) = unsafe { vm.running_native_name() };
        let mut number = i + 1;
        if kind == Some("method") {
            number -= 1;
            if number == 0 {
                return self.error_bytes(&message!(b"calling '", name, b"' on bad self (", msg, b")"));
            }
        }
        self.error_bytes(&message!(
            b"bad argument #",
            number.to_string(),
            b" to '",
            name,
            b"' (",
            msg,
            b")"
        ))
    }
    /// `bad argument #i to 'f' (expected expected, got type)`
    #[cold]
    pub fn type_error(&self, i: usize, expected: &str) -> Raised {
        let vm = self.vm_mut();
        let got = if i >= self.nargs {
            b"no value".to_vec()
        } else {
            // SAFETY: N1.
            unsafe { vm.shown_type_name(self.arg(i).raw) }
        };
        self.arg_error_bytes(i, &message!(expected, b" expected, got ", got))
    }
    /// An error with the position of the caller in front.
    #[cold]
    pub fn error(&self, msg: impl AsRef<[u8]>) -> Raised {
        self.error_bytes(msg.as_ref())
    }
    #[cold]
    fn error_bytes(&self, msg: &[u8]) -> Raised {
        let place = self.where_(1);
        self.vm_mut().raise_plain(&message!(place, msg))
    }
    /// An error whose message stands as it is.
    #[cold]
    pub fn error_plain(&self, msg: impl AsRef<[u8]>) -> Raised {
        self.vm_mut().raise_plain(msg.as_ref())
    }
    /// Raises any value.
    #[cold]
    pub fn error_value(&self, v: Val<'_>) -> Raised {
        self.vm_mut().raise(v.raw)
    }
    /// "not enough memory"
    #[cold]
    pub fn error_memory(&self) -> Raised {
        self.vm_mut().raise_memory()
    }
    /// Takes the error on its way, as `pcall` does.
    pub fn take_error(&self, raised: Raised) -> Val<'_> {
        let Raised(()) = raised;
        Val::new(std::mem::replace(&mut self.vm_mut().error, Value::NIL))
    }
    /// `chunk:line: ` of the function `level` levels up, empty if unknown.
    pub fn where_(&self, level: usize) -> Vec<u8> {
        // SAFETY: F3.
        unsafe { self.vm_mut().native_where(level) }
    }
    #[cold]
    fn set_error(&self, e: SetError) -> Raised {
        match e {
            SetError::NilKey => self.error("table index is nil"),
            SetError::NanKey => self.error("table index is NaN"),
            SetError::Memory => self.error_memory(),
        }
    }

    // ---- the stack ----

    /// Number of values on the native's stack.
    #[inline]
    pub fn top(&self) -> usize {
        let vm = self.vm_mut();
        // SAFETY: F3.
        unsafe { vm.top.offset_from(vm.stack_base) as usize - self.base }
    }
    /// Shrinks the stack, or grows it with nils.
    ///
    /// # Errors
    /// "stack overflow".
    pub fn set_top(&self, n: usize) -> Result<(), Raised> {
        let now = self.top();
        if n > now {
            self.reserve(n - now)?;
            for _ in now..n {
                self.push(Val::NIL)?;
            }
        } else {
            self.vm_mut().top = self.at(n);
        }
        Ok(())
    }
    /// Drops values from the top.
    pub fn pop(&self, n: usize) {
        let keep = self.top().saturating_sub(n);
        self.vm_mut().top = self.at(keep);
    }
    /// Makes room for `n` more values.
    ///
    /// # Errors
    /// "stack overflow".
    pub fn reserve(&self, n: usize) -> Result<(), Raised> {
        let vm = self.vm_mut();
        // SAFETY: F3.
        unsafe {
            if vm.stack_limit.offset_from(vm.top) < (n + SPARE_SLOTS) as isize {
                vm.grow_stack(vm.top, n + SPARE_SLOTS)?;
            }
        }
        Ok(())
    }
    /// Pushes a value.
    ///
    /// # Errors
    /// "stack overflow".
    #[inline]
    pub fn push(&self, v: Val<'_>) -> Result<(), Raised> {
        let vm = self.vm_mut();
        // A few slots always stay free above the top, for `ret`.
        // SAFETY: F3; checked room.
        unsafe {
            if vm.stack_limit.offset_from(vm.top) <= 8 {
                vm.grow_stack(vm.top, SPARE_SLOTS)?;
            }
            *vm.top = v.raw;
            vm.top = vm.top.add(1);
        }
        Ok(())
    }
    /// Pushes a string.
    ///
    /// # Errors
    /// Out of memory.
    pub fn push_str(&self, bytes: &[u8]) -> Result<(), Raised> {
        let v = self.new_str(bytes)?;
        self.push(v)
    }
    /// The value in a slot, nil past the top.
    #[inline]
    pub fn slot(&self, i: usize) -> Val<'_> {
        if i < self.top() {
            // SAFETY: F3.
            Val::new(unsafe { *self.at(i) })
        } else {
            Val::NIL
        }
    }
    /// Overwrites a slot below the top.
    ///
    /// # Panics
    /// If the slot is not below the top.
    pub fn set_slot(&self, i: usize, v: Val<'_>) {
        assert!(i < self.top(), "slot {i} is below the top");
        // SAFETY: F3; checked.
        unsafe { *self.at(i) = v.raw };
    }
    /// Copies a slot to the top.
    ///
    /// # Errors
    /// "stack overflow".
    pub fn push_slot(&self, i: usize) -> Result<(), Raised> {
        self.push(self.slot(i))
    }

    // ---- results ----

    /// One result.
    ///
    /// # Errors
    /// None; the type fits `return`.
    #[inline]
    pub fn ret(&self, v: Val<'_>) -> Result<Returns, Raised> {
        let vm = self.vm_mut();
        // SAFETY: F3; `push` keeps room above the top.
        unsafe {
            *vm.top = v.raw;
            vm.top = vm.top.add(1);
        }
        Ok(Returns(1))
    }
    /// `nil`
    ///
    /// # Errors
    /// None.
    #[inline]
    pub fn ret_nil(&self) -> Result<Returns, Raised> {
        self.ret(Val::NIL)
    }
    /// An integer.
    ///
    /// # Errors
    /// None.
    #[inline]
    pub fn ret_int(&self, i: i64) -> Result<Returns, Raised> {
        self.ret(Val::int(i))
    }
    /// A float.
    ///
    /// # Errors
    /// None.
    #[inline]
    pub fn ret_float(&self, f: f64) -> Result<Returns, Raised> {
        self.ret(Val::float(f))
    }
    /// A boolean.
    ///
    /// # Errors
    /// None.
    #[inline]
    pub fn ret_bool(&self, b: bool) -> Result<Returns, Raised> {
        self.ret(Val::bool(b))
    }
    /// A string.
    ///
    /// # Errors
    /// Out of memory.
    #[inline]
    pub fn ret_str(&self, bytes: &[u8]) -> Result<Returns, Raised> {
        let v = self.new_str(bytes)?;
        self.ret(v)
    }
    /// All values from slot `first` on.
    ///
    /// # Errors
    /// None.
    pub fn ret_from(&self, first: usize) -> Result<Returns, Raised> {
        Ok(Returns((self.top() - first) as u32))
    }

    // ---- making values ----

    /// A string.
    ///
    /// # Errors
    /// Out of memory.
    #[inline]
    pub fn new_str(&self, bytes: &[u8]) -> Result<Val<'_>, Raised> {
        Ok(Val::new(Value::str(self.vm_mut().new_str(bytes)?)))
    }
    /// A string of `len` bytes that `fill` writes in place (it gets zeroes).
    ///
    /// # Errors
    /// Out of memory: checked before anything is allocated.
    pub fn new_str_with(&self, len: usize, fill: impl FnOnce(&mut [u8])) -> Result<Val<'_>, Raised> {
        if len <= crate::string::MAX_INTERNED {
            let mut bytes = [0u8; crate::string::MAX_INTERNED];
            fill(&mut bytes[..len]);
            return self.new_str(&bytes[..len]);
        }
        let vm = self.vm_mut();
        // SAFETY: H1; the bytes are initialized before the string is seen.
        unsafe {
            let Ok(s) = crate::string::Interner::long(&mut vm.heap, len) else {
                return Err(vm.raise_memory());
            };
            let data = (*s).data_mut();
            std::ptr::write_bytes(data, 0, len);
            fill(std::slice::from_raw_parts_mut(data, len));
            Ok(Val::new(Value::str(s)))
        }
    }
    /// Whether `extra` more bytes fit the memory limit: for buffers of the host that grow.
    ///
    /// # Errors
    /// They do not.
    pub fn check_memory(&self, extra: usize) -> Result<(), Raised> {
        let vm = self.vm_mut();
        let limit = vm.heap.limit().unwrap_or(isize::MAX as usize);
        if extra > limit.saturating_sub(vm.heap.bytes()) {
            Err(vm.raise_memory())
        } else {
            Ok(())
        }
    }
    /// A table with room.
    ///
    /// # Errors
    /// Out of memory.
    pub fn new_table(&self, array: usize, record: usize) -> Result<Table<'_>, Raised> {
        Ok(Table {
            raw: self.vm_mut().new_table(array, record)?,
            life: PhantomData,
        })
    }
    /// A function.
    ///
    /// # Errors
    /// Out of memory.
    pub fn new_native(&self, name: &'static str, f: NativeFn, upvalues: &[Val<'_>]) -> Result<Val<'_>, Raised> {
        let values: Vec<Value> = upvalues.iter().map(|v| v.raw).collect();
        let n = self.vm_mut().new_native(name, crate::vm::run_rust, f, &values)?;
        Ok(Val::new(Value::native(n)))
    }
    /// A userdata around a host value.
    ///
    /// # Errors
    /// Out of memory.
    pub fn new_userdata<T: 'static>(&self, data: T, type_name: &'static str) -> Result<Val<'_>, Raised> {
        let u = self
            .vm_mut()
            .new_userdata(Some(Box::new(RefCell::new(data))), type_name)?;
        Ok(Val::new(Value::userdata(u)))
    }
    fn native(&self) -> *mut Native {
        // SAFETY: F3; the running frame's callee is this native.
        unsafe { (*self.at(0).sub(2)).as_ptr() }
    }
    /// An upvalue of the running native, nil past their number.
    pub fn upvalue(&self, i: usize) -> Val<'_> {
        let n = self.native();
        // SAFETY: N1.
        unsafe {
            if i < (*n).header.aux as usize {
                Val::new(*(*n).upvalues_mut().add(i))
            } else {
                Val::NIL
            }
        }
    }
    /// Changes an upvalue of the running native.
    ///
    /// # Panics
    /// If it has no such upvalue.
    pub fn set_upvalue(&self, i: usize, v: Val<'_>) {
        let n = self.native();
        // SAFETY: N1; checked.
        unsafe {
            assert!(i < (*n).header.aux as usize, "the native has no upvalue {i}");
            self.vm_mut().barrier(n);
            *(*n).upvalues_mut().add(i) = v.raw;
        }
    }
    /// Adds functions to a table.
    ///
    /// # Errors
    /// Out of memory.
    pub fn set_functions(&self, table: Table<'_>, functions: &[(&'static str, NativeFn)]) -> Result<(), Raised> {
        for &(name, f) in functions {
            let v = self.new_native(name, f, &[])?;
            table.set_str(self, name, v)?;
        }
        Ok(())
    }

    // ---- metatables ----

    /// The metatable of any value.
    pub fn metatable(&self, v: Val<'_>) -> Option<Table<'_>> {
        // SAFETY: N1.
        let meta = unsafe { self.vm_mut().metatable_of(v.raw) };
        (!meta.is_null()).then_some(Table {
            raw: meta,
            life: PhantomData,
        })
    }
    /// Sets (or takes) the metatable of a table or userdata; of other types, the one they all share.
    ///
    /// # Errors
    /// Out of memory.
    pub fn set_metatable(&self, v: Val<'_>, meta: Option<Table<'_>>) -> Result<(), Raised> {
        let vm = self.vm_mut();
        let meta = meta.map_or(crate::object::NO_TABLE, |t| t.raw);
        // SAFETY: N1.
        unsafe {
            match v.raw.tag {
                tag::TABLE => vm
                    .set_table_metatable(v.raw.as_ptr(), meta)
                    .map_err(|e| self.set_error(e)),
                tag::USERDATA => {
                    let u: *mut Userdata = v.raw.as_ptr();
                    vm.barrier(u);
                    (*u).meta = meta;
                    if !meta.is_null() {
                        (*meta).header.aux |= crate::table::flag::IS_META;
                        vm.note_finalizer(v.raw, meta).map_err(|e| self.set_error(e))?;
                    }
                    Ok(())
                }
                t => {
                    vm.set_type_metatable(t, meta);
                    Ok(())
                }
            }
        }
    }
    /// The field of a value's metatable, nil if there is none.
    ///
    /// # Errors
    /// Out of memory for the name.
    pub fn metafield(&self, v: Val<'_>, name: &str) -> Result<Val<'_>, Raised> {
        match self.metatable(v) {
            Some(meta) => meta.get_str(self, name.as_bytes()),
            None => Ok(Val::NIL),
        }
    }
    /// Makes `v`'s type (strings, numbers…) share a metatable.
    pub fn set_type_metatable(&self, ty: Type, meta: Option<Table<'_>>) {
        let t = match ty {
            Type::Nil => tag::NIL,
            Type::Boolean => tag::TRUE,
            Type::LightUserdata => tag::LIGHT,
            Type::Number => tag::INT,
            Type::String => tag::STR,
            Type::Function => tag::CLOSURE,
            Type::Thread => tag::THREAD,
            Type::Table | Type::Userdata => return,
        };
        self.vm_mut()
            .set_type_metatable(t, meta.map_or(crate::object::NO_TABLE, |t| t.raw));
    }
    /// The type name that messages show (`__name` counts).
    pub fn shown_type_name(&self, v: Val<'_>) -> Vec<u8> {
        // SAFETY: N1.
        unsafe { self.vm_mut().shown_type_name(v.raw) }
    }

    // ---- operations that may run Lua code ----

    /// Calls the function below the `nargs` values on top; they are replaced by its results, `nresults` of them or
    /// all. Returns how many there are.
    ///
    /// # Errors
    /// What the function raised.
    pub fn call(&mut self, nargs: usize, nresults: Option<usize>) -> Result<usize, Raised> {
        let top = self.top();
        assert!(top > nargs, "the function and its arguments are on the stack");
        let vm = self.vm_mut();
        // SAFETY: F3, F4; the window is made at the top: the function, a gap for the frame word, the arguments.
        unsafe {
            let at = top - nargs - 1;
            if vm.stack_limit.offset_from(vm.top) < SPARE_SLOTS as isize {
                vm.grow_stack(vm.top, SPARE_SLOTS)?;
            }
            let window = self.at(at);
            std::ptr::copy(window.add(1), window.add(2), nargs);
            vm.top = window;
            let (start, count) = match vm.call_window(window, nargs) {
                Ok(results) => results,
                Err(raised) => {
                    // What other natives left above is no value of this one.
                    vm.top = self.at(at);
                    return Err(raised);
                }
            };
            let wanted = nresults.unwrap_or(count);
            let offset = start.byte_offset_from(vm.stack_base);
            vm.top = self.at(at);
            if vm.stack_limit.offset_from(vm.top) < (wanted + SPARE_SLOTS) as isize {
                vm.grow_stack(vm.top, wanted + SPARE_SLOTS)?;
            }
            let start = vm.stack_base.byte_offset(offset);
            crate::call::store_results(self.at(at), wanted, start, count);
            vm.top = self.at(at + wanted);
            Ok(wanted)
        }
    }

    /// Pushes `slot[object][slot[key]]`, with metamethods.
    ///
    /// # Errors
    /// Not indexable, or what a metamethod raised.
    pub fn index(&mut self, object: usize, key: usize) -> Result<(), Raised> {
        let (object, key) = (self.slot(object).raw, self.slot(key).raw);
        // SAFETY: N1.
        match unsafe { self.vm_mut().lookup(object, key, None)? } {
            crate::slow::Found::Value(v) => self.push(Val::new(v)),
            crate::slow::Found::Call(f, object) => {
                self.push(Val::new(f))?;
                self.push(Val::new(object))?;
                self.push(Val::new(key))?;
                self.call(2, Some(1)).map(|_| ())
            }
        }
    }
    /// Pushes `slot[object][i]`, with metamethods.
    ///
    /// # Errors
    /// As [`Ctx::index`].
    #[inline]
    pub fn index_int(&mut self, object: usize, i: i64) -> Result<(), Raised> {
        if let Some(t) = self.slot(object).as_table() {
            let v = t.get_int(i);
            if !v.is_nil() || !t.has_metatable() {
                return self.push(v);
            }
        }
        let key = self.top();
        self.push(Val::int(i))?;
        self.index(object, key)?;
        let v = self.slot(self.top() - 1).raw;
        self.pop(2);
        self.push(Val::new(v))
    }
    /// `slot[object][slot[key]] = slot[value]`, with metamethods.
    ///
    /// # Errors
    /// Not indexable, a bad key, or what a metamethod raised.
    pub fn set_index(&mut self, object: usize, key: usize, value: usize) -> Result<(), Raised> {
        let (object, key, value) = (self.slot(object).raw, self.slot(key).raw, self.slot(value).raw);
        // SAFETY: N1.
        if let Some((f, object)) = unsafe { self.vm_mut().store(object, key, value, true, OPEN)? } {
            for v in [f, object, key, value] {
                self.push(Val::new(v))?;
            }
            self.call(3, Some(0))?;
        }
        Ok(())
    }
    /// `slot[object][i] = ` the value on top, which is popped; with metamethods.
    ///
    /// # Errors
    /// As [`Ctx::set_index`].
    #[inline]
    pub fn set_index_int(&mut self, object: usize, i: i64) -> Result<(), Raised> {
        let value = self.top() - 1;
        if let Some(t) = self.slot(object).as_table()
            && !t.has_metatable()
        {
            t.set_int(self, i, self.slot(value))?;
            self.pop(1);
            return Ok(());
        }
        self.push(Val::int(i))?;
        self.set_index(object, value + 1, value)?;
        self.pop(2);
        Ok(())
    }
    /// `#slot[i]`, with `__len`.
    ///
    /// # Errors
    /// No length, a length that is no integer, or what `__len` raised.
    pub fn len(&mut self, i: usize) -> Result<i64, Raised> {
        let v = self.slot(i).raw;
        // SAFETY: N1.
        let handler = unsafe { self.vm_mut().metamethod(v, Event::Len) };
        if handler.is_nil() || v.is_str() {
            if let Some(s) = self.slot(i).as_str() {
                return Ok(s.len() as i64);
            }
            return match self.slot(i).as_table() {
                Some(t) => Ok(t.len()),
                None => {
                    // SAFETY: N1.
                    Err(unsafe { self.vm_mut().type_error(v, "get length of", None) })
                }
            };
        }
        self.push(Val::new(handler))?;
        self.push(Val::new(v))?;
        self.push(Val::new(v))?;
        self.call(2, Some(1))?;
        let n = self.slot(self.top() - 1);
        let result = match n.as_num() {
            Some(Num::Int(i)) => Some(i),
            Some(Num::Float(f)) => float_to_integer(f, Rounding::Exact),
            None => n.to_int(),
        };
        self.pop(1);
        result.ok_or_else(|| self.error("object length is not an integer"))
    }
    /// Pushes the text of a value, as `tostring` gives it.
    ///
    /// # Errors
    /// What `__tostring` raised, or its result not being a string.
    pub fn tostring(&mut self, i: usize) -> Result<(), Raised> {
        let v = self.slot(i).raw;
        // SAFETY: N1.
        let handler = unsafe { self.vm_mut().metamethod(v, Event::ToString) };
        if !handler.is_nil() {
            self.push(Val::new(handler))?;
            self.push(Val::new(v))?;
            self.call(1, Some(1))?;
            let text = self.slot(self.top() - 1);
            if text.raw.to_num().is_some() {
                // A number will do: its text.
                let mut out = Vec::new();
                self.plain_text(text.raw, &mut out);
                self.pop(1);
                return self.push_str(&out);
            }
            if text.as_str().is_none() {
                return Err(self.error("'__tostring' must return a string"));
            }
            return Ok(());
        }
        if v.is_str() {
            return self.push(Val::new(v));
        }
        let mut text = Vec::new();
        self.plain_text(v, &mut text);
        self.push_str(&text)
    }

    /// Appends the text of a value without metamethods.
    fn plain_text(&self, v: Value, out: &mut Vec<u8>) {
        match v.tag {
            tag::NIL => out.extend_from_slice(b"nil"),
            tag::TRUE => out.extend_from_slice(b"true"),
            tag::FALSE => out.extend_from_slice(b"false"),
            tag::INT | tag::FLOAT => Vm::number_text(out, v, self.vm_mut().std),
            _ => {
                let name = match v.tag {
                    // SAFETY: N1.
                    tag::TABLE | tag::USERDATA => unsafe { self.vm_mut().shown_type_name(v) },
                    _ => v.type_name().as_bytes().to_vec(),
                };
                out.extend_from_slice(&name);
                out.extend_from_slice(format!(": 0x{:08x}", Val::new(v).identity()).as_bytes());
            }
        }
    }

    /// `slot[a] < slot[b]`, with `__lt`.
    ///
    /// # Errors
    /// Not comparable, or what the metamethod raised.
    pub fn less_than(&mut self, a: usize, b: usize) -> Result<bool, Raised> {
        self.order(a, b, false)
    }
    /// `slot[a] <= slot[b]`, with `__le`.
    ///
    /// # Errors
    /// As [`Ctx::less_than`].
    pub fn less_equal(&mut self, a: usize, b: usize) -> Result<bool, Raised> {
        self.order(a, b, true)
    }
    fn order(&mut self, a: usize, b: usize, or_equal: bool) -> Result<bool, Raised> {
        let (a, b) = (self.slot(a).raw, self.slot(b).raw);
        // SAFETY: N1.
        unsafe {
            if let Some(outcome) = Vm::order_raw(a, b, or_equal) {
                return Ok(outcome);
            }
            let event = if or_equal { Event::Le } else { Event::Lt };
            let vm = self.vm_mut();
            let mut f = vm.metamethod(a, event);
            if f.is_nil() {
                f = vm.metamethod(b, event);
            }
            if f.is_nil() {
                return Err(self.order_error(Val::new(a), Val::new(b)));
            }
            self.call_for_truth(f, a, b)
        }
    }
    /// The error of comparing two values, with the caller's position.
    fn order_error(&self, a: Val<'_>, b: Val<'_>) -> Raised {
        let (x, y) = (self.shown_type_name(a), self.shown_type_name(b));
        if x == y {
            self.error(message!(b"attempt to compare two ", x, b" values"))
        } else {
            self.error(message!(b"attempt to compare ", x, b" with ", y))
        }
    }
    fn call_for_truth(&mut self, f: Value, a: Value, b: Value) -> Result<bool, Raised> {
        for v in [f, a, b] {
            self.push(Val::new(v))?;
        }
        self.call(2, Some(1))?;
        let truth = self.slot(self.top() - 1).truthy();
        self.pop(1);
        Ok(truth)
    }
    /// `slot[a] == slot[b]`, with `__eq`.
    ///
    /// # Errors
    /// What the metamethod raised.
    pub fn equals(&mut self, a: usize, b: usize) -> Result<bool, Raised> {
        let (a, b) = (self.slot(a).raw, self.slot(b).raw);
        // SAFETY: N1.
        unsafe {
            if raw_equal(a, b) || a.tag != b.tag || !matches!(a.tag, tag::TABLE | tag::USERDATA) {
                return Ok(raw_equal(a, b));
            }
            let vm = self.vm_mut();
            let mut f = vm.metamethod(a, Event::Eq);
            if f.is_nil() {
                f = vm.metamethod(b, Event::Eq);
            }
            if f.is_nil() {
                return Ok(false);
            }
            self.call_for_truth(f, a, b)
        }
    }
    /// Pushes the result of an operator on two slots, with metamethods.
    ///
    /// # Errors
    /// Operands without that operation, or what the metamethod raised.
    pub fn arith(&mut self, op: ArithOp, a: usize, b: usize) -> Result<(), Raised> {
        let (a, b) = (self.slot(a).raw, self.slot(b).raw);
        // SAFETY: N1.
        unsafe {
            let vm = self.vm_mut();
            if let Some(v) = vm.arith_raw(op, a, b)? {
                return self.push(Val::new(v));
            }
            let event = Event::of(op);
            let mut f = vm.metamethod(a, event);
            if f.is_nil() {
                f = vm.metamethod(b, event);
            }
            if f.is_nil() {
                return Err(vm.arith_error(op, a, b, (None, None)));
            }
            for v in [f, a, b] {
                self.push(Val::new(v))?;
            }
            self.call(2, Some(1)).map(|_| ())
        }
    }
    /// Runs a full collection, finalizers included.
    pub fn collect(&mut self) {
        // SAFETY: F4; the native's frame is on top.
        unsafe { self.vm_mut().collect_garbage() };
    }

    // ---- the VM ----

    /// The global environment.
    pub fn globals(&self) -> Table<'_> {
        Table {
            raw: self.vm_mut().globals,
            life: PhantomData,
        }
    }
    /// The registry.
    pub fn registry(&self) -> Table<'_> {
        Table {
            raw: self.vm_mut().registry,
            life: PhantomData,
        }
    }
    /// The language version.
    pub fn std(&self) -> perilune_lang::Std {
        self.vm_mut().std
    }
    /// State of the host, one value per type, made on first use.
    pub fn state<T: 'static + Default>(&self) -> Rc<RefCell<T>> {
        let vm = self.vm_mut();
        let mut host = vm.host.borrow_mut();
        let entry = host
            .entry(TypeId::of::<T>())
            .or_insert_with(|| Rc::new(RefCell::new(T::default())) as Rc<dyn Any>);
        match entry.clone().downcast::<RefCell<T>>() {
            Ok(state) => state,
            Err(_) => unreachable!("the entry was made for this type"),
        }
    }
    /// Charges work that a native does.
    ///
    /// # Errors
    /// The fuel is used up.
    #[inline]
    pub fn charge(&self, work: u64) -> Result<(), Raised> {
        let _ = work;
        Ok(())
    }
    /// Bytes in use.
    pub fn memory_used(&self) -> usize {
        self.vm_mut().heap.bytes()
    }
    /// Stops or restarts automatic collection; whether it was running.
    pub fn gc_set_running(&self, on: bool) -> bool {
        let heap = &mut self.vm_mut().heap;
        let was = heap.is_running();
        if on {
            heap.restart()
        } else {
            heap.stop()
        }
        was
    }
    /// Whether automatic collection is on.
    pub fn gc_is_running(&self) -> bool {
        self.vm_mut().heap.is_running()
    }
    /// The pause in percent, and sets it if asked.
    pub fn gc_pause(&self, set: Option<usize>) -> usize {
        let heap = &mut self.vm_mut().heap;
        match set {
            Some(p) => heap.set_pause(p),
            None => heap.pause(),
        }
    }
    /// Compiles source text or loads a binary chunk, and pushes the function.
    ///
    /// # Errors
    /// Out of memory; `Ok(Err(message))` for a chunk that does not compile.
    pub fn load(&mut self, chunk: &[u8], name: &[u8], mode: &[u8]) -> Result<Result<(), Vec<u8>>, Raised> {
        let vm = self.vm_mut();
        match vm.load_chunk(chunk, name, mode)? {
            Ok(v) => {
                self.push(Val::new(v))?;
                Ok(Ok(()))
            }
            Err(message) => Ok(Err(message)),
        }
    }
    /// Sets the first upvalue (`_ENV`) of the function on top of the stack to a slot's value.
    pub fn set_env(&self, env: usize) -> bool {
        let f = self.slot(self.top() - 1).raw;
        let env = self.slot(env).raw;
        if f.tag != tag::CLOSURE {
            return false;
        }
        // SAFETY: N1.
        unsafe {
            let c: *mut crate::object::Closure = f.as_ptr();
            if (*c).header.aux == 0 {
                return false;
            }
            let cell = *(*c).upvalues_mut();
            self.vm_mut().barrier(cell);
            (*cell).value = env;
        }
        true
    }
    /// A traceback of the running coroutine from `level` on, as `luaL_traceback`.
    pub fn traceback(&self, message: Option<&[u8]>, level: usize) -> Vec<u8> {
        // SAFETY: F3.
        unsafe { self.vm_mut().traceback_text(message, level) }
    }
    /// Emits a warning, as `warn` does.
    pub fn warn(&self, text: &[u8], to_continue: bool) {
        self.vm_mut().warn(text, to_continue);
    }
    /// Serialises a Lua function; `None` for a host function.
    pub fn dump(&self, i: usize, strip: bool) -> Option<Vec<u8>> {
        let f = self.slot(i).raw;
        if f.tag != tag::CLOSURE {
            return None;
        }
        // SAFETY: N1.
        unsafe { Vm::dump_function(f.as_ptr(), strip) }
    }
}
