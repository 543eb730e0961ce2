//! The native API: how Rust functions receive arguments, make values and call back.
//!
//! A native sees its stack: slots `0..nargs` are the arguments, pushed values follow. A [`Val`] borrows the
//! context, and every method that may run Lua code or collect takes `&mut self`; so no value can be held across
//! one, and what must survive lives in slots. Allocation never collects.

mod args;
mod buffer;
mod collector;
mod element;
mod host;
mod make;
mod operation;
mod value;

pub use buffer::{Buffer, Paid};
pub use collector::{GcMode, GcParameter};
pub(crate) use value::TYPE_COUNT;
pub use value::{Table, Type, Val};

use crate::object::Native;
use crate::value::Value;
use crate::vm::{Flow, Raised, SPARE_SLOTS, Vm};
use std::marker::PhantomData;

/// A Rust function callable from Lua.
pub type NativeFn = fn(&mut Ctx<'_>) -> Result<Returns, Raised>;

/// A Rust closure callable from Lua. It must not unwind: a panic that reaches the VM aborts the program.
pub type HostFn = dyn Fn(&mut Ctx<'_>) -> Result<Returns, Raised>;

/// What a call of a native object runs: the default calls its [`NativeFn`]; frame operations have their own.
pub(crate) type Run = unsafe fn(*mut Vm, *mut Native, usize) -> Flow;

/// How many of the values on top of the native's stack are its results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Returns(pub u32);

/// The count that says: the results are those of a call that is still to be made ([`Ctx::tail_call`]).
pub(crate) const TAIL_CALL: u32 = u32::MAX;

impl Returns {
    /// No results.
    pub const NONE: Returns = Returns(0);
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

    /// A context whose stack begins at the saved top, for code of the host that has no frame.
    #[inline]
    pub(crate) fn above(vm: &'v mut Vm) -> Ctx<'v> {
        // SAFETY: F3; the top is on the stack.
        let base = unsafe { vm.top.offset_from(vm.stack_base) } as usize;
        Ctx {
            vm,
            base,
            nargs: 0,
            life: PhantomData,
        }
    }

    #[inline(always)]
    pub(crate) fn vm_ptr(&self) -> *mut Vm {
        self.vm
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

    // ---- the stack ----

    /// Number of values on the native's stack.
    #[inline(always)]
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
            if vm.stack_limit.byte_offset_from(vm.top) <= 8 * size_of::<Value>() as isize {
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
    #[inline(always)]
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
    #[inline]
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
    /// The results of calling the function below the `nargs` values on top, all or `wanted` of them (a few). The call is
    /// made when the native has returned, so it may yield.
    ///
    /// # Errors
    /// "stack overflow".
    pub fn tail_call(&self, nargs: usize, wanted: Option<u8>) -> Result<Returns, Raised> {
        let at = self.top() - nargs - 1;
        self.push(Val::NIL)?;
        // SAFETY: F3; the function and its arguments move up by the slot just pushed.
        unsafe { std::ptr::copy(self.at(at), self.at(at + 1), nargs + 1) };
        self.set_slot(at, Val::int(wanted.map_or(-1, i64::from)));
        self.push(Val::int(nargs as i64))?;
        Ok(Returns(TAIL_CALL))
    }
    /// All values from slot `first` on.
    ///
    /// # Errors
    /// None.
    pub fn ret_from(&self, first: usize) -> Result<Returns, Raised> {
        Ok(Returns((self.top() - first) as u32))
    }
}
