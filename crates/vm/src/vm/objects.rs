//! Objects that the VM makes.

use super::{Raised, Vm};
use crate::interner::Interner;
use crate::object::{Cell, Closure, Native, Proto, Str, Userdata, kind};
use crate::table::Table;
use crate::value::Value;
use perilune_gc::raw::OutOfMemory;
use std::any::Any;
use std::ptr::null_mut;
use std::rc::Rc;

impl Vm {
    /// A string object.
    ///
    /// # Errors
    /// Out of memory, raised.
    #[inline]
    pub(crate) fn new_str(&mut self, bytes: &[u8]) -> Result<*mut Str, Raised> {
        // SAFETY: H1; the set belongs to the heap.
        match unsafe { Interner::make(&mut self.heap, bytes) } {
            Ok(s) => Ok(s),
            Err(OutOfMemory) => Err(self.raise_memory()),
        }
    }

    /// A table.
    ///
    /// # Errors
    /// Out of memory, raised.
    #[inline]
    pub(crate) fn new_table(&mut self, array: usize, record: usize) -> Result<*mut Table, Raised> {
        // SAFETY: H1; the shapes belong to the heap.
        match unsafe { Table::new(&mut self.heap, &self.shapes, array, record) } {
            Ok(t) => Ok(t),
            Err(OutOfMemory) => Err(self.raise_memory()),
        }
    }

    /// A cell.
    ///
    /// # Errors
    /// Out of memory, raised.
    #[inline]
    pub(crate) fn new_cell(&mut self, value: Value) -> Result<*mut Cell, Raised> {
        // SAFETY: H1; filled at once.
        unsafe {
            let Ok(p) = self.heap.alloc(kind::CELL, size_of::<Cell>()) else {
                return Err(self.raise_memory());
            };
            let cell: *mut Cell = p.cast().as_ptr();
            (*cell).value = value;
            Ok(cell)
        }
    }

    /// A closure whose upvalues the caller fills in at once.
    ///
    /// # Safety
    /// `proto` is live; all `upvalues` are written before the next safepoint.
    #[inline]
    pub(crate) unsafe fn new_closure(&mut self, proto: *mut Proto, upvalues: usize) -> Result<*mut Closure, Raised> {
        let Ok(p) = self.heap.alloc(kind::CLOSURE, Closure::size_for(upvalues)) else {
            return Err(self.raise_memory());
        };
        let c: *mut Closure = p.cast().as_ptr();
        (*c).header.aux = upvalues as u16;
        (*c).proto = proto;
        Ok(c)
    }

    /// A host function.
    ///
    /// # Errors
    /// Out of memory, raised.
    pub(crate) fn new_native(
        &mut self,
        name: &'static str,
        run: crate::native::Run,
        func: crate::native::NativeFn,
        upvalues: &[Value],
    ) -> Result<*mut Native, Raised> {
        // SAFETY: H1; filled at once.
        unsafe {
            let Ok(p) = self.heap.alloc(kind::NATIVE, Native::size_for(upvalues.len())) else {
                return Err(self.raise_memory());
            };
            let n: *mut Native = p.cast().as_ptr();
            let mut header = *p.as_ref();
            header.aux = upvalues.len() as u16;
            let raw: *mut Native = n;
            std::ptr::addr_of_mut!((*raw).header).write(header);
            std::ptr::addr_of_mut!((*raw).run).write(run);
            std::ptr::addr_of_mut!((*raw).func).write(func);
            std::ptr::addr_of_mut!((*raw).shortcut).write(None);
            std::ptr::addr_of_mut!((*raw).host).write(None);
            std::ptr::addr_of_mut!((*raw).name).write(name);
            let ups = (*n).upvalues_mut();
            for (i, &v) in upvalues.iter().enumerate() {
                *ups.add(i) = v;
            }
            Ok(n)
        }
    }

    /// A userdata around a host value.
    ///
    /// # Errors
    /// Out of memory, raised.
    pub(crate) fn new_userdata(
        &mut self,
        data: Option<Rc<dyn Any>>,
        type_name: &'static str,
    ) -> Result<*mut Userdata, Raised> {
        // SAFETY: H1; filled at once.
        unsafe {
            let Ok(p) = self.heap.alloc(kind::USERDATA, size_of::<Userdata>()) else {
                return Err(self.raise_memory());
            };
            let u: *mut Userdata = p.cast().as_ptr();
            let header = *p.as_ref();
            u.write(Userdata {
                header,
                meta: null_mut(),
                data,
                type_name,
                user_value: Value::NIL,
                has_user_value: false,
            });
            Ok(u)
        }
    }
}
